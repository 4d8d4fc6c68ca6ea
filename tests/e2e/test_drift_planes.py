"""Who is counted where: champion, canary, shadow and what it is held against; and who is not."""

import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.conftest import Serve
from tests.e2e.asking import wait_for
from tests.e2e.watching import (
    FAST_TICKS,
    Caller,
    detector_of,
    plane_of,
    publish_watched,
    run,
    scoring,
    wait_counted,
    wait_watched,
)
from tiltyard.client import AdminClient
from tiltyard.client.inference_messages import make_request, read_reply
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.recount import count_rows
from tiltyard.monitor.profile.words import slot_words
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.protocol import messages

Rows = npt.NDArray[np.float32]

WEIGHTS = (1.0, 0.5, -0.25)
REFERENCE_ROWS = 3_000
ROWS_EACH = 2
PRECONDITION, NOT_FOUND = 11, 4  # exit codes


def traffic(seed: int, count: int) -> Rows:
    return np.random.default_rng(seed).normal(size=(count, len(WEIGHTS))).astype(np.float32)


@pytest.fixture(scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`m` has versions 1 to 3, each adding its number; `bare` has no profile."""
    made = tmp_path_factory.mktemp("planes") / "store"
    for version in (1, 2, 3):
        publish_watched(made, "m", scoring(WEIGHTS, version), {"x": traffic(0, REFERENCE_ROWS)})
    bare = made.parent / "bare.onnx"
    bare.write_bytes(scoring(WEIGHTS))
    run("publish", "bare", str(bare), "--store", str(made))
    return made


@pytest.fixture
def store(_store: Path, tmp_path: Path) -> Path:
    shutil.copytree(_store, tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def gateway(store: Path, serve: Serve) -> Iterator[GatewayProcess]:
    """Version 1 of `m` is its champion."""
    found = serve("--store", str(store), env=FAST_TICKS)
    with AdminClient(found.admin_address) as admin:
        wait_watched(admin, "m")
        admin.set_champion("m", 1)
        wait_for(lambda: watched_versions(admin) >= {1})
    yield found
    assert found.stop() == 0, found.log()


def watched_versions(admin: AdminClient) -> set[int]:
    return {one.key.version for one in admin.get_drift(DriftQuery("m", pieces=1))}


def ask(caller: Caller, rows: Rows) -> dict[int, Rows]:
    """Two rows a request, each with a key of its own; the rows that each version has answered."""
    parts = [rows[at : at + ROWS_EACH] for at in range(0, len(rows), ROWS_EACH)]
    replies = caller.ask_all(
        make_request("m", {"x": part}, request_id=f"key-{at}") for at, part in enumerate(parts)
    )
    answered: dict[int, list[Rows]] = {}
    for part, reply in zip(parts, replies, strict=True):
        read = read_reply(messages.ModelInferResponse.FromString(reply))
        answered.setdefault(int(read.version), []).append(part)
    return {version: np.concatenate(found) for version, found in answered.items()}


def recount(profile: Profile, rows: Rows, version: int) -> npt.NDArray[np.int64]:
    """As the answers of a version are counted in the cells of a profile."""
    score = rows @ np.array(WEIGHTS, np.float32)[:, None] + np.float32(version)
    sides = {"x": rows, "score": score}
    words = np.stack([slot_words(slot, sides[slot.tensor]) for slot in profile.slots], axis=1)
    return count_rows(profile, words, ROWS_EACH, np.arange(len(rows)) % ROWS_EACH)


def test_each_role_has_a_plane_of_its_own(gateway: GatewayProcess) -> None:
    with AdminClient(gateway.admin_address) as admin, Caller(gateway.address) as caller:
        admin.start_challenge("m", 2, "canary", share=50)
        admin.start_challenge("m", 3, "shadow", sample=100)
        wait_for(lambda: watched_versions(admin) >= {1, 2, 3})
        wait_followed(admin, caller)
        begun = {role: rows_of(admin, *role) for role in ROLES}
        answered = ask(caller, traffic(1, 800))
        assert set(answered) == {1, 2}
        by_champion, by_canary = answered[1], answered[2]
        expected = {
            (1, "champion"): (by_champion, 1),
            (2, "canary"): (by_canary, 2),
            (2, "champion-as"): (by_champion, 1),
            (3, "shadow"): (by_champion, 3),
            (3, "shadowed"): (by_champion, 1),
        }
        for (version, role), (rows, answers) in expected.items():
            before = begun[version, role]
            found = wait_counted(
                admin, "m", int(before[ROWS]) + len(rows), version=version, role=role
            )
            np.testing.assert_array_equal(
                found.current.counts - before,
                recount(found.profile, rows, answers),
                err_msg=f"version {version} as {role}",
            )
            assert (found.offered, found.dropped) == (found.current.counts[ROWS], 0) or (
                role == "champion-as"
            )
        for version, role, other in ((2, "canary", "champion-as"), (3, "shadow", "shadowed")):
            compared = plane_of(admin, "m", version=version, role=role).compared
            assert compared is not None
            np.testing.assert_array_equal(compared.counts, rows_of(admin, version, other))


ROLES = ((1, "champion"), (2, "canary"), (2, "champion-as"), (3, "shadow"), (3, "shadowed"))


def rows_of(admin: AdminClient, version: int, role: str) -> npt.NDArray[np.int64]:
    return plane_of(admin, "m", version=version, role=role).current.counts


def wait_followed(admin: AdminClient, caller: Caller) -> None:
    """Until every role is counted, and all that was asked meanwhile."""

    def is_there() -> bool:
        ask(caller, traffic(2, 20))
        found = {
            (one.key.version, one.key.role) for one in admin.get_drift(DriftQuery("m", pieces=1))
        }
        return found >= set(ROLES)

    wait_for(is_there)
    settled: list[int] = []

    def is_settled() -> bool:
        settled.append(sum(int(rows_of(admin, *role)[ROWS]) for role in ROLES))
        return len(settled) > 50 and len(set(settled[-50:])) == 1

    wait_for(is_settled)


def test_pinned_and_synthetic_requests_are_not_counted(gateway: GatewayProcess) -> None:
    with AdminClient(gateway.admin_address) as admin, Caller(gateway.address) as caller:
        before = int(plane_of(admin, "m", version=1).current.counts[ROWS])
        caller.ask("m", traffic(3, 10), version=1)
        caller.ask("m", traffic(3, 10), version=2)
        caller.ask("m", traffic(3, 10), parameters={"tiltyard_synthetic": True})
        caller.ask("m", traffic(3, 7))
        wait_counted(admin, "m", before + 7, version=1)
        assert all(
            one.current.counts[ROWS] == 0
            for one in admin.get_drift(DriftQuery("m", version=2, pieces=1))
        )


def test_the_evidence_of_a_canary_goes_on_when_it_is_champion(gateway: GatewayProcess) -> None:
    with AdminClient(gateway.admin_address) as admin, Caller(gateway.address) as caller:
        admin.start_challenge("m", 2, "canary", share=100)
        wait_for(lambda: watched_versions(admin) >= {1, 2})
        for seed in range(3):
            caller.ask("m", traffic(seed, 100))
            wait_counted(admin, "m", 100 * (seed + 1), version=2, role="canary")
        wait_for(lambda: detector_of(plane_of(admin, "m", version=2, role="canary")).ticks >= 3)
        before = detector_of(plane_of(admin, "m", version=2, role="canary"))
        admin.promote("m", 2)
        caller.ask("m", traffic(4, 100))
        found = wait_counted(admin, "m", 100, version=2)
        wait_for(lambda: detector_of(plane_of(admin, "m", version=2)).ticks > before.ticks)
        after = detector_of(plane_of(admin, "m", version=2))
        assert found.key.role == "champion"
        assert after.since == before.since  # it was not begun anew
        # And the canary's rows are still there.
        assert rows_of(admin, 2, "canary")[ROWS] == 300


def test_replies_are_byte_for_byte_those_without_a_monitor(
    gateway: GatewayProcess, store: Path, tmp_path: Path, serve: Serve
) -> None:
    shutil.copytree(store, tmp_path / "other", ignore=shutil.ignore_patterns("monitor*"))
    other = serve("--store", str(tmp_path / "other"), "--no-monitor")
    with AdminClient(other.admin_address) as admin:
        admin.set_champion("m", 1)
    rows = traffic(5, 300)
    rows[3], rows[4] = np.nan, np.inf
    with Caller(gateway.address) as watched, Caller(other.address) as unwatched:
        for rows_each in (1, 3):
            replies = watched.ask("m", rows, rows_each=rows_each)
            assert replies == unwatched.ask("m", rows, rows_each=rows_each)
    said = run("drift", "m", "--admin", other.admin_address, code=PRECONDITION)
    assert "this gateway does not watch drift (--no-monitor)" in said


def test_what_to_do_is_said_and_is_what_helps(gateway: GatewayProcess, tmp_path: Path) -> None:
    place = ("--admin", gateway.admin_address)
    said = run("drift", "bare", *place, code=PRECONDITION)
    assert "bare version 1 has no reference profile, so its requests are not counted" in said
    assert "tiltyard profile bare 1 --reference FILE" in said
    assert "there is no model 'nobody'" in run("drift", "nobody", *place, code=NOT_FOUND)
    reference = tmp_path / "reference.npz"
    np.savez(reference, x=traffic(0, REFERENCE_ROWS))
    told = run(
        "profile", "bare", "1", "--reference", str(reference), *place, "--grpc", gateway.address
    )
    assert "profile 1: 3 features (3 numeric) and 1 output" in told
    assert "asked by pinned requests" in told
    with AdminClient(gateway.admin_address) as admin, Caller(gateway.address) as caller:
        wait_watched(admin, "bare")
        caller.ask("bare", traffic(6, 30))
        wait_counted(admin, "bare", 30)


def test_without_a_registry_who_names_no_version_is_counted(store: Path, serve: Serve) -> None:
    """Such a gateway has no operators: its metrics tell."""
    gateway = serve("--store", str(store), "--registry", "none")
    newest = 'tiltyard_drift_rows_total{model="m",version="3",role="champion",segment=""}'

    def counted() -> list[str]:
        with urllib.request.urlopen(f"http://{gateway.http_address}/metrics") as reply:
            lines = reply.read().decode().splitlines()
        return [line.removeprefix(newest).strip() for line in lines if line.startswith(newest)]

    with Caller(gateway.address) as caller:
        wait_for(lambda: counted() == ["0"])
        caller.ask("m", traffic(7, 20), version=3)
        caller.ask("m", traffic(7, 30))
        wait_for(lambda: counted() == ["30"])
    assert gateway.stop() == 0, gateway.log()
