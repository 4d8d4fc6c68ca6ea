"""An AdminServer over a FakeControl, in the process of the test."""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.unit.admin.fake_control import FakeControl
from tests.unit.admin.fake_monitoring import FakeMonitoring
from tiltyard.admin import AdminOptions, AdminServer
from tiltyard.protocol.admin_words import admin_message, number_of

TIMEOUT_S = 30.0


@dataclass
class Served:
    """A server with what it serves. `bugs` has (method, exception), of calls that failed badly."""

    control: FakeControl
    server: AdminServer
    address: str
    monitoring: FakeMonitoring
    bugs: list[tuple[str, BaseException]] = field(default_factory=list)


@contextlib.contextmanager
def serving(
    control: FakeControl | None = None, *, watches_drift: bool = True, **options: Any
) -> Iterator[Served]:
    """A server on a free port; at the end it must stop in time."""
    control, monitoring = control or FakeControl(), FakeMonitoring()
    bugs: list[tuple[str, BaseException]] = []
    server = AdminServer(
        control,
        AdminOptions("127.0.0.1:0", **options),
        on_bug=lambda method, error: bugs.append((method, error)),
        enter_priority=lambda _: None,
        monitoring=monitoring if watches_drift else None,
    )
    server.start()
    try:
        yield Served(control, server, server.wait_listening(), monitoring, bugs)
    finally:
        assert server.stop()


def request(method: str, **fields: Any) -> Any:
    """A request message, e.g. request("Promote", model="fraud")."""
    return admin_message(f"{method}Request")(**fields)


def upload_file(data: bytes, kind: str = "model", name: str = "", **fields: Any) -> Any:
    """An UploadFile that describes `data`."""
    said = {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} | fields
    return admin_message("UploadFile")(kind=number_of("UploadFile.Kind", kind), name=name, **said)


def upload_start(*files: Any, model: str = "fraud", **fields: Any) -> Any:
    """The first message of an upload."""
    start = admin_message("PublishStart")(model=model, files=files, **fields)
    return request("PublishVersion", start=start)


def upload_chunks(*chunks: bytes) -> Iterable[Any]:
    """The messages after the first."""
    return [request("PublishVersion", chunk=chunk) for chunk in chunks]
