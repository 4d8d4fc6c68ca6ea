"""Versions with reference profiles in a real gateway: published, asked, and watched."""

import io
import time
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
import numpy as np
import numpy.typing as npt
import pytest

from tests.e2e.asking import wait_for
from tests.models.build import model, node, serialised, tensor
from tiltyard.cli.main import main
from tiltyard.client import AdminClient
from tiltyard.client.admin_errors import AdminCallError
from tiltyard.client.inference_messages import make_request
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.detection import SKEW
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.snapshot import Alarm, DetectorView, Snapshot
from tiltyard.protocol import messages

Array = npt.NDArray[Any]

PENDING_MAX: Final = 64
POLL_S: Final = 0.02
# A tick is as short as the configuration allows: what takes seconds in service takes 0.1 s here.
FAST_TICKS: Final = {"TILTYARD_MONITOR_TICK_S": "0.05"}


def run(*arguments: str, code: int = 0) -> str:
    """What `tiltyard` with these arguments prints, in this process; it must end with `code`.

    What it says to stderr is behind what it prints.
    """
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(arguments)
    said = out.getvalue() + err.getvalue()
    assert (ended.value.code or 0) == code, (arguments, ended.value.code, said)
    return said


def publish_watched(
    store: Path, name: str, made: bytes, reference: Mapping[str, Array], *options: str
) -> str:
    """Publish a model with rows of its inputs as the reference; what the command says.

    `options` go to `tiltyard publish`.
    """
    folder = store.parent
    path, rows = folder / f"{name}.onnx", folder / f"{name}.npz"
    path.write_bytes(made)
    np.savez(rows, allow_pickle=False, **{key: _storable(one) for key, one in reference.items()})
    return run(
        "publish", name, str(path), "--store", str(store), "--reference", str(rows), *options
    )


def _storable(values: Array) -> Array:
    """Strings are kept in arrays of a fixed width, which need no pickle."""
    return values.astype(str) if values.dtype.kind == "O" else values


def scoring(weights: npt.ArrayLike, offset: float = 0.0) -> bytes:
    """x FP32 [N,d] to score FP32 [N,1]: a weighted sum and an offset."""
    column = np.asarray(weights, np.float32)[:, None]
    return serialised(
        model(
            [node("MatMul", "x weights", "sum"), node("Add", "sum offset", "score")],
            [tensor("x", ["N", len(column)])],
            [tensor("score", ["N", 1])],
            {"weights": column, "offset": float(offset)},
        )
    )


class Caller:
    """Sends requests on one connection. A context manager."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._call = self._channel.unary_unary(messages.method_path("ModelInfer"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.close()

    def ask(self, name: str, rows: Array, *, rows_each: int = 1, **terms: Any) -> list[bytes]:
        """Rows of the one input x, so many a request; the replies. `terms` as make_request()."""
        return self.ask_all(
            make_request(name, {"x": rows[at : at + rows_each]}, **terms)
            for at in range(0, len(rows), rows_each)
        )

    def ask_all(self, requests: Iterable[Any]) -> list[bytes]:
        """The replies, in the order of the requests; what is refused is raised."""
        waiting: deque[Any] = deque()
        replies = []
        for request in requests:
            if len(waiting) == PENDING_MAX:
                replies.append(waiting.popleft().result())
            waiting.append(self._call.future(request.SerializeToString(), timeout=60))
        return replies + [one.result() for one in waiting]


def wait_watched(admin: AdminClient, *names: str, bound_s: float = 60.0) -> None:
    """Until all these models are watched: the kernels are compiled and their profiles read."""
    for name in names:
        wait_for(partial(is_watched, admin, name), bound_s)


def is_watched(admin: AdminClient, name: str) -> bool:
    """Whether anything is told of the model; what is refused meanwhile says why not."""
    try:
        return bool(admin.get_drift(DriftQuery(model=name, pieces=1)))
    except AdminCallError:
        return False


def plane_of(
    admin: AdminClient,
    name: str,
    *,
    version: int | None = None,
    role: str = "champion",
    segment: str = "",
    window_s: float = 3600.0,
    pieces: int = 1,
) -> Snapshot:
    """One plane; there must be one."""
    query = DriftQuery(name, version, role, segment, window_s=window_s, pieces=pieces)
    (found,) = admin.get_drift(query)
    return found


def wait_counted(
    admin: AdminClient, name: str, rows: int, *, bound_s: float = 60.0, **which: Any
) -> Snapshot:
    """The plane when it has counted exactly so many rows of the last hour."""
    give_up = time.monotonic() + bound_s
    counted = -1
    while time.monotonic() < give_up:
        try:
            found = plane_of(admin, name, **which)
        except (AdminCallError, ValueError):  # no such plane yet
            time.sleep(POLL_S)
            continue
        counted = int(found.current.counts[ROWS])
        assert counted <= rows, f"{counted} rows of {name} are counted, and {rows} were sent"
        if counted == rows:
            return found
        time.sleep(POLL_S)
    raise AssertionError(f"{counted} rows of {name} were counted in {bound_s} s, not {rows}")


def cells_of(snapshot: Snapshot, stream: str) -> dict[str, int]:
    """The rows in each cell of a stream that has any, by the name that a reader sees."""
    profile = snapshot.profile
    index = [one.name for one in profile.streams].index(stream)
    cells = profile.streams[index].cells
    counts: Ints = cells.fold(profile.layout.cells(snapshot.current.counts, index))
    return {name: count for name, count in zip(cells.names, counts.tolist(), strict=True) if count}


def detector_of(snapshot: Snapshot, kind: str = SKEW) -> DetectorView:
    (found,) = (view for view in snapshot.detectors if view.kind == kind)
    return found


def alarms_of(admin: AdminClient, name: str, kind: str, *, open_only: bool = False) -> list[Alarm]:
    return [one for one in admin.list_alarms(name, open_only=open_only) if one.kind == kind]


class Ticks:
    """Sends version 1 of models a tick's rows, and waits until they are bet."""

    def __init__(self, admin: AdminClient, caller: Caller, names: Iterable[str]) -> None:
        self._admin = admin
        self._caller = caller
        self._rows = dict.fromkeys(names, 0)

    def send(self, rows: Mapping[str, Array], *, rows_each: int = 1) -> None:
        """One tick of each of these models."""
        for name, part in rows.items():
            self._caller.ask(name, part, rows_each=rows_each)
            self._rows[name] += len(part)
        for name in rows:
            self._settle(name)

    def _settle(self, name: str) -> None:
        """All is counted; a tick closes in the same drain, if it is as long as it must be."""
        wait_counted(self._admin, name, self._rows[name], version=1)
