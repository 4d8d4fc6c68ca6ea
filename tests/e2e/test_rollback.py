"""One call takes a bad version out, at once and whatever the registry's disk is like."""

import contextlib
import os
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Serve
from tests.e2e.asking import Asking, kill, wait_for
from tiltyard.client import AdminClient, InferenceClient
from tiltyard.client.admin_errors import AdminUnavailableError
from tiltyard.client.inference_client import make_request
from tiltyard.config import REGISTRY_FILE
from tiltyard.control.views import RouteView
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.registry import open_registry, set_champion

GOOD, BAD = 3, 2
TIMES = 10
NOBODY = 65_534
LONG_ROWS = 2_500  # about a second for a worker
LOOKS_S = 1.5  # more than one of the reconciler's


def champion(route: RouteView) -> int | None:
    return None if route.champion is None else route.champion.version


def test_under_load(serve: Serve, rollout_store: Path) -> None:
    gateway = serve("--store", str(rollout_store), "--io-threads", "2", "--worker-threads", "1")
    last_ms, call_ms = [], []
    with (
        AdminClient(gateway.admin_address) as admin,
        Asking(gateway.address, "m") as asking,
    ):
        for _ in range(TIMES):
            admin.set_champion("m", BAD)
            asking.wait(50)
            begin = time.perf_counter()
            route = admin.rollback("m")
            end = time.perf_counter()
            assert (champion(route), route.durable) == (GOOD, True)
            asking.wait(50)
            assert set(asking.versions(end)) == {GOOD}
            bad = [one.received_s for one in asking.answers if one.version == BAD]
            last_ms.append(max(0.0, (max(bad) - begin) * 1000))
            call_ms.append((end - begin) * 1000)
    kill(gateway)
    assert asking.faults == []
    assert asking.versions()[BAD] >= 50 * TIMES / 2
    for what, times in (("last reply of the bad version", last_ms), ("call", call_ms)):
        print(f"{what}: median {statistics.median(times):.1f} ms, most {max(times):.1f} ms")


def test_calls_that_wait_for_a_worker_are_routed_again(serve: Serve, rollout_store: Path) -> None:
    """The run in flight ends as it began; what waits behind it is answered by who comes back."""
    gateway = serve("--store", str(rollout_store), "--io-threads", "1", "--worker-threads", "1")
    with (
        AdminClient(gateway.admin_address) as admin,
        InferenceClient(gateway.address) as client,
    ):
        admin.set_champion("queued", 1)
        admin.set_champion("queued", 2)

        def assigned() -> int:
            return admin.get_statistics("queued")[0].assigned

        long = make_request("queued", {"x": np.zeros((LONG_ROWS, 512), np.float32)})
        short = make_request("queued", {"x": np.zeros((1, 512), np.float32)})
        running = client.send(long, timeout_s=100)
        wait_for(lambda: assigned() == 1)
        waiting = [client.send(short, timeout_s=100) for _ in range(20)]
        wait_for(lambda: assigned() == 21)
        assert champion(admin.rollback("queued")) == 1
        for pending in waiting:
            reply = pending.result()
            assert (reply.version, float(reply.outputs["y"][0, 0])) == ("1", 1.0)
        assert running.result().outputs["y"].shape == (LONG_ROWS, 512)
        assert assigned() == 20  # to who serves now
    kill(gateway)


# ---- the registry cannot be written


@dataclass
class Desk:
    """A gateway whose champion is the bad version, and a registry that can be broken and healed."""

    gateway: GatewayProcess
    registry: Path
    problem: str
    break_it: Callable[[], object]
    heal: Callable[[], object]


@contextlib.contextmanager
def locked(serve: Serve, store: Path) -> Iterator[Desk]:
    """Another process writes, and does not end."""
    gateway = serve("--store", str(store), "--worker-threads", "1")
    registry = store / REGISTRY_FILE
    with contextlib.closing(sqlite3.connect(registry, isolation_level=None)) as other:
        yield Desk(
            gateway,
            registry,
            "is locked by another process",
            lambda: other.execute("BEGIN EXCLUSIVE"),
            lambda: other.execute("ROLLBACK"),
        )


@contextlib.contextmanager
def full(serve: Serve, store: Path) -> Iterator[Desk]:
    """A disk of one megabyte."""
    disk = store.parent / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only who may mount has a disk that can be filled")

    def fill() -> None:
        with (disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(4096)):
                pass

    registry = disk / REGISTRY_FILE
    url = f"sqlite:///{registry}"
    try:
        gateway = serve("--store", str(store), "--registry", url, "--worker-threads", "1")
        try:
            yield Desk(gateway, registry, "has no space left", fill, (disk / "filler").unlink)
        finally:
            kill(gateway)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@contextlib.contextmanager
def read_only(serve: Serve, store: Path) -> Iterator[Desk]:
    """Files that the gateway's user may read and not write, from its start on."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name, contextlib.ExitStack() as held:
        folder = Path(name)
        shutil.copytree(store, folder / "store")
        registry = folder / "registry" / REGISTRY_FILE
        registry.parent.mkdir()
        # Held open, because SQLite cannot read a database in WAL mode that nobody may write.
        owner = held.enter_context(open_registry(f"sqlite:///{registry}"))
        owner.note_versions("m", [(number, "") for number in (1, 2, GOOD)])
        owner.note_versions("queued", [(1, ""), (2, "")])
        swap = partial(set_champion, version=BAD, now=time.time(), rollback_window_s=600)
        owner.change("m", swap)

        def let(folder_mode: int, file_mode: int) -> None:
            for file in registry.parent.iterdir():
                file.chmod(file_mode)
            registry.parent.chmod(folder_mode)

        folder.chmod(0o755)
        let(0o555, 0o444)
        user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        gateway = serve(
            *("--store", str(folder / "store")),
            *("--registry", f"sqlite:///{registry}", "--worker-threads", "1"),
            prefix=user if os.geteuid() == 0 else [],
        )
        try:
            yield Desk(gateway, registry, "is read-only", lambda: None, partial(let, 0o777, 0o666))
        finally:
            kill(gateway)


@pytest.mark.parametrize("state", [locked, full, read_only])
def test_a_registry_that_cannot_be_written_does_not_hold_it_up(
    state: Callable[[Serve, Path], contextlib.AbstractContextManager[Desk]],
    serve: Serve,
    rollout_store: Path,
) -> None:
    with (
        state(serve, rollout_store) as desk,
        AdminClient(desk.gateway.admin_address, actor="anna") as admin,
        Asking(desk.gateway.address, "m") as asking,
    ):
        with open_registry(f"sqlite:///{desk.registry}") as registry:
            if registry.get("m").champion != BAD:
                admin.set_champion("m", BAD)
            desk.break_it()
            asking.wait(20)
            begin = time.perf_counter()
            check_held(admin.rollback("m", "previous", idempotency_key="k"), "")
            end = time.perf_counter()
            bad = [one.received_s for one in asking.answers if one.version == BAD]
            # The call may wait for the registry for two seconds: the swap has not.
            assert max(bad) - begin < 1.0
            print(f"last reply of the bad version: {(max(bad) - begin) * 1000:.1f} ms,", end=" ")
            print(f"call: {(end - begin) * 1000:.1f} ms")
            check_stays(admin, asking, desk, end)
            assert registry.get("m").champion == BAD
            desk.heal()
            wait_for(lambda: admin.get_route("m")[0].durable)
            assert registry.get("m").champion == GOOD
            last = registry.events(0, 100)[-1]
        assert (last.kind, last.actor) == ("rolled_back", "anna")
        assert set(asking.versions(end)) == {GOOD}
        (route,) = admin.get_route("m")
        assert (route.epoch, route.desired_differs) == (last.epoch, ())
        assert admin.rollback("m", "previous", idempotency_key="k").repeated
        asking.stop()
        assert asking.faults == []
    kill(desk.gateway)


def check_held(route: RouteView, problem: str) -> None:
    assert (champion(route), route.durable) == (GOOD, False)
    (told,) = [text for text in route.desired_differs if "in force and not recorded yet" in text]
    assert problem in told


def check_stays(admin: AdminClient, asking: Asking, desk: Desk, end: float) -> None:
    """The reconciler does not undo it, nor does who sends the call again, nor another change."""
    again = admin.rollback("m", "previous", idempotency_key="k")
    assert (again.repeated, again.durable, champion(again)) == (True, False, GOOD)
    with pytest.raises(AdminUnavailableError, match="a rollback of m has to be recorded first"):
        admin.set_champion("m", 1)
    wait_for(lambda: time.perf_counter() > end + LOOKS_S)
    check_held(admin.get_route("m")[0], desk.problem)
    asking.wait(20)
    assert set(asking.versions(end)) == {GOOD}
