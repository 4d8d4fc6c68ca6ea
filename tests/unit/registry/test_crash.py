"""A process that is killed at any moment loses nothing that it said was done."""

import itertools
import random
import subprocess
import sys

from tiltyard.registry import ModelState, Registry, open_registry

# Publishes, challenges, promotes and rolls back for ever, and says which epoch is done.
PROGRAM = """
import itertools, os, sys
from tiltyard.registry import *

moves = {"now": 0.0, "rollback_window_s": 60.0}
registry = open_registry(sys.argv[1], busy_timeout_s=60)
state = registry.get("w1")
steps = itertools.cycle([
    lambda s: start_challenge(s, 1, mode="canary", share=5, new_salt=os.urandom(16)),
    lambda s: update_challenge(s, 1, share=50),
    lambda s: promote(s, 1, **moves),
    lambda s: rollback(s, **moves),
])
for step in itertools.islice(steps, (state.epoch - 1) % 4, None):
    version = max(state.versions) + 1
    noted = registry.note_versions("w1", [(version, "d")])
    state = registry.change("w1", step, idempotency_key=f"{version}").state
    os.write(1, b"%d %d\\n" % (state.epoch, version))
"""

KILLS = 12
PROCESSES = 3


def check_whole(registry: Registry, before: ModelState) -> ModelState:
    """The state is that of a whole number of changes, each with its event and its reply."""
    state = registry.get("w1")
    turn = (state.epoch - 1) % 4
    assert [entry.buckets for entry in state.challengers] == [[], [3276], [32768], []][turn]
    assert (state.champion, state.previous) == ((1, 4) if turn == 3 else (4, state.previous))
    events = registry.events(0, 100_000)
    routed = [event.epoch for event in events if event.kind != "version_added"]
    assert routed == list(range(1, state.epoch + 1))
    added = [event.version for event in events if event.kind == "version_added"]
    assert sorted(state.versions - {1, 2, 3, 4}) == added
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    for version in added[len(before.versions) - 4 : -1]:
        assert registry.find_reply(f"{version}", "") is not None
    return state


def test_nothing_acknowledged_is_lost(registry: Registry, url: str) -> None:
    state = registry.get("w1")
    registry.close()
    chance = random.Random(3)
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, url], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            lines = list(itertools.islice(process.stdout, chance.randrange(1, 60)))
            process.kill()
            lines += process.stdout.readlines()
        whole = [line for line in lines if line.endswith(b"\n")]
        epoch, version = map(int, whole[-1].split())
        with open_registry(url, busy_timeout_s=0) as after:
            found = check_whole(after, state)
        assert epoch <= found.epoch <= epoch + 1
        assert version <= max(found.versions) <= version + 1
        state = found


def test_processes_beside_one_another_lose_no_change(registry: Registry, url: str) -> None:
    program = (
        "import sys; from tiltyard.registry import *\n"
        "registry = open_registry(sys.argv[1], busy_timeout_s=60)\n"
        "conflicts = done = 0\n"
        "while done < 40:\n"
        "    epoch = registry.get('w1').epoch\n"
        "    swap = lambda s: set_champion(s, 1 + epoch % 4, now=0.0, rollback_window_s=1.0)\n"
        "    try:\n"
        "        registry.change('w1', swap, expected_epoch=epoch)\n"
        "        done += 1\n"
        "    except EpochConflictError as error:\n"
        "        assert error.epoch == epoch + len(error.events), str(error)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    for process in running:
        assert process.communicate()[1] == b""
        assert process.returncode == 0
    state = registry.get("w1")
    assert state.epoch == 1 + 40 * PROCESSES
    assert [event.epoch for event in registry.events(0, 1000)] == list(range(1, state.epoch + 1))
