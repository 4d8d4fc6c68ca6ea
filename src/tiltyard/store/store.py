"""Reading a store of immutable versions: list what is there, and read a version with every byte
checked.

A store is a local folder or anything obstore has a URL for. A version is there when its model.onnx
is; publishing makes that file appear last (see writer.py), so a half-written version is never seen.
Importing this module costs obstore and the standard library, nothing else.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from tiltyard.errors import ConfigError, IntegrityError, NotFoundError, StoreError
from tiltyard.store import golden, manifest
from tiltyard.store.durable import make_folders
from tiltyard.store.golden import Golden
from tiltyard.store.local_file import read_whole
from tiltyard.store.manifest import FileEntry, Manifest
from tiltyard.store.names import (
    GOLDEN_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    RESERVED_FILES,
    is_beside,
    is_model_name,
    parse_version,
)

DEFAULT_URI = "./store"
URI_VARIABLE = "TILTYARD_STORE"


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """A version in the listing: bytes of all its files, and when model.onnx was written."""

    size_bytes: int
    modified: datetime
    has_manifest: bool


@dataclass(frozen=True, slots=True)
class VersionFiles:
    """A version in memory, every byte checked against its manifest.

    `external` has the external data files by the name the model gives them. `notices` are
    sentences for the log. `digest` is one sha256 (hex) that covers every file.
    """

    manifest: Manifest
    model: bytes | memoryview
    external: Mapping[str, bytes | memoryview]
    golden: Golden
    notices: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        return self.manifest.digest

    @property
    def samples(self) -> list[tuple[str, tuple[int, ...], bytes]]:
        """The golden inputs as (datatype, shape, raw bytes), in the signature's order."""
        return [(tensor.datatype, tensor.shape, tensor.raw) for tensor in self.golden.inputs]


class Store:
    """A store that can be read. Safe to use from several threads."""

    def __init__(self, objects: ObjectStore, uri: str, root: Path | None) -> None:
        self.objects = objects
        self.uri = uri
        self.root = root  # the folder, for a local store

    def models(self) -> dict[str, list[int]]:
        """Versions of each model, ascending. Raises StoreError when the store cannot be read."""
        return {name: sorted(versions) for name, versions in self.entries().items()}

    def entries(self) -> dict[str, dict[int, VersionEntry]]:
        """Every version of every model, by name and number, with size and time."""
        files: dict[tuple[str, int], dict[str, tuple[int, datetime]]] = {}
        for path, size, modified in self._objects():
            parts = path.split("/", 2)
            number = parse_version(parts[1]) if len(parts) == 3 else None
            if number is not None and is_model_name(parts[0]) and not is_beside(parts[2]):
                files.setdefault((parts[0], number), {})[parts[2]] = (size, modified)
        found: dict[str, dict[int, VersionEntry]] = {}
        for (name, number), names in sorted(files.items()):
            if MODEL_FILE in names:
                found.setdefault(name, {})[number] = VersionEntry(
                    size_bytes=sum(size for size, _ in names.values()),
                    modified=names[MODEL_FILE][1],
                    has_manifest=MANIFEST_FILE in names,
                )
        return found

    def newest(self, name: str) -> int:
        """The newest version of a model. Raises NotFoundError, StoreError."""
        return self._versions(name)[-1]

    def file_sizes(self, name: str, version: int) -> dict[str, int]:
        """Bytes of each file of a version, by its path inside the version's folder."""
        return {
            file: size
            for file, size in self.list_folder(f"{name}/{version}/").items()
            if not is_beside(file)
        }

    def list_folder(self, prefix: str) -> dict[str, int]:
        """Bytes of each file whose path begins with `prefix`, by the rest; none that is hidden."""
        return {
            path.removeprefix(prefix): size
            for path, size, _ in self._listed(prefix)
            if not path.rsplit("/", 1)[-1].startswith(".")
        }

    def read_manifest(self, name: str, version: int) -> Manifest | None:
        """The manifest of a version; None when it has none. Reads no other file.

        Raises NotFoundError, IntegrityError, StoreError.
        """
        sizes = self._require_version(name, version)
        return self._manifest(name, version) if MANIFEST_FILE in sizes else None

    def read_version(self, name: str, version: int) -> VersionFiles:
        """Read every file of a version once, checking it while it is read.

        A version without a manifest (a Triton-style repository) is examined first, in a child
        process, as publishing would; that takes seconds. Raises NotFoundError, IntegrityError
        (naming the file, the expected and the found digest), StoreError, PublishRefused.
        """
        sizes = self._require_version(name, version)
        if MANIFEST_FILE not in sizes:
            # Imported here: only such versions pay for it.
            from tiltyard.store.adopt import adopt

            return adopt(self, name, version)
        found = self._manifest(name, version)
        where = f"{self.uri}: {name} version {version}"
        _check_names(where, sizes, found.files)
        files = {file: self._checked(name, version, file, found) for file in found.files}
        description = found.description
        samples = golden.decode(
            bytes(files[GOLDEN_FILE]),
            description.inputs,
            description.outputs,
            f"{where}: {GOLDEN_FILE}",
        )
        external = {file: data for file, data in files.items() if file not in RESERVED_FILES}
        return VersionFiles(found, files[MODEL_FILE], external, samples)

    def read_file(self, name: str, version: int, file: str) -> bytes | memoryview:
        """The bytes of one file, unchecked. Raises IntegrityError when it is not there."""
        try:
            if self.root is not None:
                return read_whole(self.root / name / str(version) / file)
            return memoryview(obstore.get(self.objects, f"{name}/{version}/{file}").bytes())
        except FileNotFoundError as error:
            raise IntegrityError(
                f"{self.uri}: {name} version {version}: {file} is missing"
            ) from error
        except (BaseError, OSError) as error:
            raise self._unreadable(error, f"{name}/{version}/{file}") from error

    def has_model_file(self, name: str, file: str) -> bool:
        """Whether `file` lies in the model's folder, beside the versions."""
        try:
            obstore.head(self.objects, f"{name}/{file}")
        except FileNotFoundError:
            return False
        except (BaseError, OSError) as error:
            raise self._unreadable(error, f"{name}/{file}") from error
        return True

    def _manifest(self, name: str, version: int) -> Manifest:
        where = f"{self.uri}: {name} version {version}: {MANIFEST_FILE}"
        found = manifest.decode(bytes(self.read_file(name, version, MANIFEST_FILE)), where)
        if (found.model, found.version) != (name, version):
            raise IntegrityError(
                f"{where}: expected {name} version {version},"
                f" found that of {found.model} version {found.version}"
            )
        if not {MODEL_FILE, GOLDEN_FILE} <= found.files.keys():
            raise StoreError(f"{where}: malformed manifest: no digest of the model or its samples")
        return found

    def _checked(self, name: str, version: int, file: str, found: Manifest) -> bytes | memoryview:
        data = self.read_file(name, version, file)
        expected = found.files[file]
        digest = manifest.sha256_hex(data)
        if (digest, len(data)) != (expected.sha256, expected.bytes):
            raise IntegrityError(
                f"{self.uri}: {name} version {version}: {file} changed:"
                f" expected sha256 {expected.sha256} over {expected.bytes} bytes,"
                f" found {digest} over {len(data)}"
            )
        return data

    def _require_version(self, name: str, version: int) -> dict[str, int]:
        sizes = self.file_sizes(name, version) if is_model_name(name) else {}
        if GOLDEN_FILE in sizes and MODEL_FILE in sizes and MANIFEST_FILE not in sizes:
            # It was published: nobody but this store writes golden samples.
            raise IntegrityError(
                f"{self.uri}: {name} version {version}: {MANIFEST_FILE} is missing beside"
                f" {GOLDEN_FILE}: expected the manifest it was published with"
            )
        if MODEL_FILE in sizes:
            return sizes
        known = ", ".join(map(str, self._versions(name)))
        raise NotFoundError(f"{self.uri}: {name} has no version {version}; versions: {known}")

    def _versions(self, name: str) -> list[int]:
        models = self.models()
        if name not in models:
            known = ", ".join(models) or "none"
            raise NotFoundError(f"{self.uri}: no model {name!r}; models: {known}")
        return models[name]

    def _objects(self) -> Iterator[tuple[str, int, datetime]]:
        if self.root is None:
            yield from self._listed(None)
            return
        # Model by model, so that an unreadable `lost+found` in the root does not hide the others.
        for name in self._folders():
            if is_model_name(name):
                yield from self._listed(f"{name}/")

    def _folders(self) -> list[str]:
        try:
            return list(obstore.list_with_delimiter(self.objects)["common_prefixes"])
        except (BaseError, OSError) as error:
            raise self._unreadable(error, "") from error

    def _listed(self, prefix: str | None) -> Iterator[tuple[str, int, datetime]]:
        try:
            for chunk in obstore.list(self.objects, prefix):
                for item in chunk:
                    yield item["path"], item["size"], item["last_modified"]
        except (BaseError, OSError) as error:
            raise self._unreadable(error, prefix or "") from error

    def _unreadable(self, error: Exception, path: str) -> StoreError:
        return StoreError(f"cannot read {path or 'the store'} in {self.uri}: {first_line(error)}")


def open_store(uri: str | None = None, *, create: bool = False) -> Store:
    """The store at `uri`: a folder, or a URL that obstore knows (file, s3, gs, az, ..).

    Without `uri`, TILTYARD_STORE names it, else it is ./store. A local store must exist unless
    `create`. Raises ConfigError, and StoreError when a folder cannot be made.
    """
    text = uri or os.environ.get(URI_VARIABLE) or DEFAULT_URI
    scheme, separator, rest = text.partition("://")
    if separator and scheme != "file":
        try:
            return Store(from_url(text), text, None)
        except (BaseError, OSError, ValueError) as error:
            raise ConfigError(f"store {text!r} cannot be used: {first_line(error)}") from error
    root = Path(rest if separator else text).expanduser()
    if create:
        _make_folder(root)
    elif not root.is_dir():
        what = "it is not a folder" if root.exists() else "there is no such folder"
        raise ConfigError(f"store {text!r} cannot be used: {what}")
    try:
        return Store(LocalStore(str(root)), text, root)
    except (BaseError, OSError) as error:
        raise ConfigError(f"store {text!r} cannot be used: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The sentence of an error; obstore's go on for pages."""
    text = str(error).strip().partition("\n")[0]
    return text or type(error).__name__


def _make_folder(root: Path) -> None:
    try:
        make_folders(root)
    except OSError as error:
        raise StoreError(f"cannot make the store {root}: {error.strerror}") from error


def _check_names(where: str, sizes: dict[str, int], files: dict[str, FileEntry]) -> None:
    for file, entry in files.items():
        if file not in sizes:
            raise IntegrityError(
                f"{where}: {file} is missing: expected sha256 {entry.sha256}, found no file"
            )
    for file in sizes:
        if file not in files and file != MANIFEST_FILE:
            raise IntegrityError(f"{where}: {file} is not in the manifest: expected no such file")
