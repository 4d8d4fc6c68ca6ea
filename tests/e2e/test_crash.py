"""kill -9 at any moment of a change: what was acknowledged is there, and nothing by halves.

TILTYARD_CRASHES says how often; each crash is followed by a start, and a look at everything.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from tests import models
from tests.e2e.asking import kill
from tiltyard.client import AdminClient, InferenceClient
from tiltyard.client.admin_errors import AdminPreconditionError, AdminUnavailableError
from tiltyard.config import REGISTRY_FILE
from tiltyard.control.views import RouteView, VersionView
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.registry import ModelState, open_registry
from tiltyard.store import open_store

CRASHES: Final = int(os.environ.get("TILTYARD_CRASHES", "8"))
SEED: Final = 3
# What is being done when the gateway dies, and within how many seconds of it.
FOCUS: Final = {"publish": 1.2, "swap": 0.15, "promote": 0.15, "rollback": 0.1}

Send = Callable[[AdminClient, str], RouteView | VersionView]  # with an idempotency key


@dataclass
class History:
    """All that operators were told is done."""

    epoch: int
    events: list[tuple[int, str]] = field(default_factory=list)  # epoch, kind
    versions: set[int] = field(default_factory=set)
    # The call that nobody answered, its key, and what it would be.
    lost: tuple[Send, str, str] | None = None
    calls: int = 0

    def take(self, kind: str, reply: RouteView | VersionView) -> None:
        if isinstance(reply, VersionView):
            self.versions.add(reply.version)
            return
        assert reply.durable
        self.epoch = reply.epoch
        self.events.append((reply.epoch, kind))


def publish(path: Path) -> Send:
    return lambda admin, key: admin.publish_version("m", path, idempotency_key=key, timeout_s=60)


def crown(version: int) -> Send:
    return lambda admin, key: admin.set_champion("m", version, idempotency_key=key)


def challenge(version: int) -> Send:
    return lambda admin, key: admin.start_challenge(
        "m", version, "canary", share=30, idempotency_key=key
    )


def promote(admin: AdminClient, key: str) -> RouteView:
    return admin.promote("m", idempotency_key=key)


def roll_back(admin: AdminClient, key: str) -> RouteView:
    return admin.rollback("m", "previous", idempotency_key=key)


def calls(focus: str, model: Path) -> Iterator[tuple[str, Send]]:
    """What an operator does without end, and the events it makes; version 1 or 2 serves."""
    while True:
        match focus:
            case "publish":
                yield "version_added", publish(model)
            case "swap":
                yield "champion_set", crown(1)
                yield "champion_set", crown(2)
            case "promote":
                yield "challenge_started", challenge(1)
                yield "promoted", promote
                yield "challenge_started", challenge(2)
                yield "promoted", promote
            case "rollback":
                yield "rolled_back", roll_back


def operate(admin: AdminClient, focus: str, model: Path, history: History) -> None:
    """Until nobody answers any more."""
    for kind, send in calls(focus, model):
        history.calls += 1
        key = f"call {history.calls}"
        history.lost = (send, key, kind)
        try:
            history.take(kind, send(admin, key))
        except AdminUnavailableError:
            return
        except AdminPreconditionError:  # what the round before has left
            pass
        history.lost = None


def look(gateway: GatewayProcess, admin: AdminClient, store: Path, history: History) -> ModelState:
    """It serves, agrees with the registry, and has lost nothing and nothing by halves."""
    with open_registry(f"sqlite:///{store / REGISTRY_FILE}") as registry:
        state = registry.get("m")
        events = {(event.epoch, event.kind) for event in registry.events(0, 1 << 30, "m")}
    assert "failed=0" in gateway.ready_line
    (route,) = admin.get_route("m")
    assert (route.epoch, route.desired_differs, route.durable) == (state.epoch, (), True)
    assert route.champion is not None
    assert route.champion.version == state.champion
    assert [slot.version for slot in route.challengers] == [
        entry.version for entry in state.challengers
    ]
    assert (route.previous.version if route.previous else None) == state.previous
    check_served(gateway, {state.champion, *(entry.version for entry in state.challengers)})
    assert history.epoch <= state.epoch <= history.epoch + 1
    assert set(history.events) <= events
    check_stored(admin, store, state, history)
    return state


def check_served(gateway: GatewayProcess, expected: set[int | None]) -> None:
    rows = np.zeros((1, 4), np.float32)
    with InferenceClient(gateway.address) as client:
        for _ in range(10):
            reply = client.infer("m", {"x": rows})
            assert int(reply.version) in expected
            # Versions that are published while it crashes all add what the model of the test adds.
            assert float(reply.outputs["y"][0, 0]) == min(int(reply.version), 4)


def check_stored(admin: AdminClient, store: Path, state: ModelState, history: History) -> None:
    """Every version is whole, loaded, and known; of what is not there is no trace."""
    reader = open_store(str(store))
    stored = set(reader.models()["m"])
    assert stored == state.versions
    assert history.versions <= stored
    assert len(stored - history.versions) <= 1
    for version in sorted(stored)[-3:]:
        reader.read_version("m", version)  # checks every byte
    views = admin.get_model("m").versions
    assert {view.version: view.state for view in views} == dict.fromkeys(stored, "ready")
    assert all(view.digest for view in views)


def send_again(admin: AdminClient, history: History) -> None:
    """The call that nobody answered is made once, whether it had been made or not."""
    if history.lost is None:
        return
    send, key, kind = history.lost
    history.lost = None
    known = history.epoch, len(history.versions)
    for _ in range(2):
        history.take(kind, send(admin, key))
        assert (history.epoch - known[0]) + (len(history.versions) - known[1]) == 1


@pytest.mark.timeout(60 + 15 * CRASHES)
def test_kill(
    rollout_store: Path,
    tmp_path: Path,
    gateway_env: dict[str, str],
    gateway_prefix: tuple[str, ...],
) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(models.adds(4))
    chance = random.Random(SEED)
    history = History(epoch=1, versions={1, 2, 3})
    arguments = ["--store", str(rollout_store), "--worker-threads", "1"]
    done: Counter[str] = Counter()
    starts = []
    for turn in range(CRASHES + 1):
        begin = time.monotonic()
        with (
            GatewayProcess(arguments, env=gateway_env, prefix=gateway_prefix) as gateway,
            AdminClient(gateway.admin_address, actor=f"turn {turn}") as admin,
        ):
            starts.append(time.monotonic() - begin)
            look(gateway, admin, rollout_store, history)
            send_again(admin, history)
            prepare(admin, history)
            if turn == CRASHES:
                kill(gateway)
                break
            focus = list(FOCUS)[turn % len(FOCUS)]
            before = history.epoch + len(history.versions)
            operator = threading.Thread(target=operate, args=(admin, focus, model, history))
            operator.start()
            threading.Event().wait(chance.uniform(0, FOCUS[focus]))
            kill(gateway)
            operator.join()
            done[focus] += history.epoch + len(history.versions) - before
    print(f"{CRASHES} crashes; acknowledged before them: {dict(done)}; ", end="")
    print(f"starts: at most {max(starts):.2f} s")


def prepare(admin: AdminClient, history: History) -> None:
    """Version 1 or 2 serves alone, and the other was before."""
    (route,) = admin.get_route("m")
    for slot in route.challengers:
        history.take("challenge_stopped", admin.stop_challenge("m", slot.version))
    for version in (1, 2):
        reply = admin.set_champion("m", version)
        if reply.epoch != history.epoch:
            history.take("champion_set", reply)
