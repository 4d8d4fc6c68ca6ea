"""The messages of an upload: what is sent, with sizes and digests, and then the bytes."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from tiltyard.client.admin_requests import terms_message
from tiltyard.control.interface import ChangeTerms
from tiltyard.errors import ClientError
from tiltyard.protocol.admin_words import admin_message, number_of

CHUNK_BYTES: Final = 256 * 1024

# Told after each chunk: bytes sent, bytes in all. It must not raise.
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class UploadSource:
    """A file to send."""

    kind: Literal["model", "external", "samples"]
    name: str
    path: Path
    size_bytes: int
    sha256: str


def find_sources(
    model: Path, external: Iterable[str], samples: Path | None
) -> tuple[UploadSource, ...]:
    """The files of an upload, read once for their digests. Raises ClientError.

    `external` are the paths of external data files, as the model has them, beside it.
    """
    found = [_source("model", model.name, model)]
    found += [_source("external", name, model.parent / name) for name in external]
    if samples is not None:
        found.append(_source("samples", samples.name, samples))
    return tuple(found)


class UploadParts:
    """An iterable of PublishVersionRequest, once.

    A file that cannot be read any more ends it early, and `error` says why: an exception in a
    request iterator would get lost inside grpc.
    """

    def __init__(self, start: Any, sources: Iterable[UploadSource], on_progress: OnProgress | None):
        self._start = start
        self._sources = tuple(sources)
        self._on_progress = on_progress
        self.error: ClientError | None = None

    def __iter__(self) -> Iterator[Any]:
        part = admin_message("PublishVersionRequest")
        yield part(start=self._start)
        total = sum(source.size_bytes for source in self._sources)
        sent = 0
        try:
            for source in self._sources:
                for chunk in _chunks(source):
                    yield part(chunk=chunk)
                    sent += len(chunk)
                    if self._on_progress is not None:
                        self._on_progress(sent, total)
        except ClientError as error:
            self.error = error


def upload_parts(
    model: str,
    sources: tuple[UploadSource, ...],
    *,
    version: int | None,
    batchable: bool,
    terms: ChangeTerms,
    actor: str,
    on_progress: OnProgress | None,
) -> UploadParts:
    """The messages that publish `sources` as a version of `model`."""
    start = admin_message("PublishStart")(
        model=model,
        version=version,
        batchable=batchable,
        terms=terms_message(terms, actor),
        files=[
            admin_message("UploadFile")(
                kind=number_of("UploadFile.Kind", source.kind),
                name=source.name,
                size_bytes=source.size_bytes,
                sha256=source.sha256,
            )
            for source in sources
        ],
    )
    return UploadParts(start, sources, on_progress)


def _source(kind: Literal["model", "external", "samples"], name: str, path: Path) -> UploadSource:
    try:
        with path.open("rb") as reader:
            digest = hashlib.file_digest(reader, "sha256").hexdigest()
            return UploadSource(kind, name, path, reader.tell(), digest)
    except OSError as error:
        raise _unreadable(path, error) from error


def _chunks(source: UploadSource) -> Iterator[bytes]:
    """The bytes of a file, as many as it had. Raises ClientError."""
    try:
        with source.path.open("rb") as reader:
            yield from _read(reader, source)
    except OSError as error:
        raise _unreadable(source.path, error) from error


def _read(reader: BinaryIO, source: UploadSource) -> Iterator[bytes]:
    left = source.size_bytes
    while left:
        chunk = reader.read(min(CHUNK_BYTES, left))
        if not chunk:
            raise ClientError(
                f"{source.path} became shorter while it was sent: expected"
                f" {source.size_bytes} bytes, {left} are missing"
            )
        left -= len(chunk)
        yield chunk


def _unreadable(path: Path, error: OSError) -> ClientError:
    return ClientError(f"cannot read {path}: {error.strerror or error}")
