"""The manifest of a version: what was published, what it can do, and the digest of every file.

Plain dataclasses over the standard library: a server reads manifests before anything heavy is
imported. The file is canonical JSON; its own digest stands in it, so every byte is covered.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tiltyard.errors import IntegrityError, StoreError

FORMAT = 1

# A fixed dimension, the name of a free one, or None for a free one without a name.
Dimension = int | str | None


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output: v2 datatype name, and shape with symbolic dimensions."""

    name: str
    datatype: str
    shape: tuple[Dimension, ...]

    @property
    def dims(self) -> tuple[int, ...]:
        """The shape as the wire shows it: -1 where a dimension is free."""
        return tuple(dim if isinstance(dim, int) else -1 for dim in self.shape)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Digest (lowercase hex) and length of one file of the version."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class RowwiseVerdict:
    """What the static pass over the graph found: proved, or the first node that stops the proof."""

    proved: bool
    reason: str


@dataclass(frozen=True, slots=True)
class GoldenNote:
    """Where the golden samples come from ("random" or "given") and the digest of their outputs."""

    source: str
    outputs_sha256: str


@dataclass(frozen=True, slots=True)
class Description:
    """What examining the model found; the part of a manifest that is about the model alone."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    opset: dict[str, int]
    ir_version: int
    producer: str
    rowwise: RowwiseVerdict
    golden: GoldenNote
    changes: tuple[str, ...]
    class_labels: dict[str, tuple[int | str, ...]]
    runtime: dict[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known of one version. `created` is UTC in ISO 8601."""

    model: str
    version: int
    created: str
    batchable_claimed: bool
    description: Description
    files: dict[str, FileEntry]
    digest: str = field(default="")

    @property
    def size_bytes(self) -> int:
        return sum(entry.bytes for entry in self.files.values())


def sha256_hex(data: Any) -> str:
    """The digest of anything with the buffer protocol, in lowercase hex."""
    return hashlib.sha256(data).hexdigest()


def file_entry(data: bytes) -> FileEntry:
    return FileEntry(sha256_hex(data), len(data))


def to_dict(manifest: Manifest) -> dict[str, Any]:
    """The manifest as JSON-ready values; the description's fields lie beside the others."""
    values = asdict(manifest)
    description = values.pop("description")
    return {"format": FORMAT, **values, **description}


def encode(manifest: Manifest) -> bytes:
    """The file's bytes, with the digest filled in."""
    values = to_dict(manifest)
    del values["digest"]
    return _with_digest(values)


def decode(data: bytes, where: str) -> Manifest:
    """The manifest in `data`. IntegrityError if a byte changed, StoreError if it is malformed."""
    try:
        values = json.loads(data)
        found = values.pop("digest")
        expected = sha256_hex(_canonical(values))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(
            f"{where}: not a manifest that tiltyard wrote ({error or type(error).__name__})"
        ) from error
    if found != expected:
        raise IntegrityError(f"{where}: changed: expected sha256 {found}, found {expected}")
    if _with_digest(values) != data:
        raise IntegrityError(f"{where}: changed: its bytes are not the ones that were written")
    return from_dict(values, found, where)


def from_dict(values: Mapping[str, Any], digest: str, where: str) -> Manifest:
    """The reverse of to_dict. Raises StoreError when a field is missing or of the wrong kind."""
    if values.get("format") != FORMAT:
        raise StoreError(f"{where}: expected manifest format {FORMAT}, got {values.get('format')}")
    try:
        return Manifest(
            model=str(values["model"]),
            version=int(values["version"]),
            created=str(values["created"]),
            batchable_claimed=bool(values["batchable_claimed"]),
            description=description_from_dict(values),
            files={name: FileEntry(**entry) for name, entry in values["files"].items()},
            digest=digest,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"{where}: malformed manifest: {error!r}") from error


def description_from_dict(values: Mapping[str, Any]) -> Description:
    return Description(
        inputs=specs_from_list(values["inputs"]),
        outputs=specs_from_list(values["outputs"]),
        opset={str(domain): int(number) for domain, number in values["opset"].items()},
        ir_version=int(values["ir_version"]),
        producer=str(values["producer"]),
        rowwise=RowwiseVerdict(**values["rowwise"]),
        golden=GoldenNote(**values["golden"]),
        changes=tuple(values["changes"]),
        class_labels={name: tuple(labels) for name, labels in values["class_labels"].items()},
        runtime=dict(values["runtime"]),
    )


def specs_from_list(entries: list[dict[str, Any]]) -> tuple[TensorSpec, ...]:
    """Inputs or outputs as a manifest has them, from JSON."""
    return tuple(
        TensorSpec(entry["name"], entry["datatype"], tuple(entry["shape"])) for entry in entries
    )


def _canonical(values: Mapping[str, Any]) -> bytes:
    text = json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode("utf-8", "surrogatepass")


def _with_digest(values: Mapping[str, Any]) -> bytes:
    return _canonical({**values, "digest": sha256_hex(_canonical(values))})
