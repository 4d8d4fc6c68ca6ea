"""Versions come and go under load: no request fails, and each is served by who it was meant for."""

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import models
from tests.conftest import Serve
from tests.e2e.asking import Asking, Explained, Explaining, kill, wait_for
from tiltyard.client import AdminClient, InferenceClient
from tiltyard.config import REGISTRY_FILE
from tiltyard.control.views import AgreementView, RouteView, Split, StatisticsRow
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.registry import Challenger, decide, open_registry, owners

KEYS = [f"key {number}" for number in range(400)]
# Enough that every arm is met, and that a share is off by a third once in a million runs.
ANSWERS = 600


@pytest.fixture(scope="module")
def store(_rollout_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rollouts") / "store"
    shutil.copytree(_rollout_store, folder)
    return folder


@pytest.fixture(scope="module")
def gateway(
    store: Path, gateway_env: dict[str, str], gateway_prefix: tuple[str, ...]
) -> Iterator[GatewayProcess]:
    arguments = ["--store", str(store), "--io-threads", "2", "--worker-threads", "1"]
    with GatewayProcess(arguments, env=gateway_env, prefix=gateway_prefix) as found:
        yield found
        kill(found)


@pytest.fixture
def admin(gateway: GatewayProcess) -> Iterator[AdminClient]:
    """Of a gateway where version 3 of m serves alone."""
    with AdminClient(gateway.admin_address, actor="anna") as found:
        for slot in found.get_route("m")[0].challengers:
            found.stop_challenge("m", slot.version)
        found.set_champion("m", 3)
        yield found


@pytest.fixture
def explaining(gateway: GatewayProcess) -> Iterator[Explaining]:
    with Explaining(gateway.address, "m") as found:
        yield found


def test_the_story(serve: Serve, tmp_path: Path) -> None:
    """Publish, serve, publish, shadow, canary, promote, roll back: a client asks all the while."""
    (tmp_path / "store").mkdir()
    gateway = serve("--store", str(tmp_path / "store"), "--worker-threads", "1")
    with AdminClient(gateway.admin_address, actor="anna") as admin:
        assert admin.list_models() == []
        publish(admin, tmp_path, 1)
        with InferenceClient(gateway.address) as client:
            wait_for(lambda: is_ready(client))
        with Asking(gateway.address, "m") as asking:
            asking.wait(100)
            publish(admin, tmp_path, 2)
            asking.wait(100)
            admin.start_challenge("m", 2, "shadow")
            check_shadow(asking, admin)
            assert set(asking.versions()) == {1}
            for percent in (5, 50):
                begin = time.perf_counter()
                route = set_share(admin, percent)
                check_share(asking, admin, route, percent)
                assert set(asking.versions(begin)) == {1, 2}
            check_alone(asking, admin.promote("m"), 2)
            check_alone(asking, admin.rollback("m"), 1)
        kinds = [event.kind for event in admin.watch(0, follow=False)]
    assert asking.faults == []
    assert kinds == [
        "model_added",
        "version_added",
        "challenge_started",
        "challenge_started",  # the shadow becomes a canary
        "challenge_updated",
        "promoted",
        "rolled_back",
    ]
    assert gateway.stop() == 0


def publish(admin: AdminClient, folder: Path, version: int) -> None:
    path = folder / "model.onnx"
    path.write_bytes(models.adds(version))
    assert admin.publish_version("m", path).version == version


def is_ready(client: InferenceClient) -> bool:
    return client.is_ready() and client.is_model_ready("m")


def set_share(admin: AdminClient, percent: int) -> RouteView:
    if admin.get_route("m")[0].challengers[0].role == "canary":
        return admin.update_challenge("m", 2, share=percent)
    return admin.start_challenge("m", 2, "canary", share=percent)


def check_shadow(asking: Asking, admin: AdminClient) -> None:
    """It has run what the champion answered, and its answers are greater by one."""
    asking.wait(100)
    wait_for(lambda: agreement_of(admin).ok >= 50)
    (output,) = agreement_of(admin).outputs
    assert output.name == "y"
    assert output.score_diff_max == pytest.approx(1.0, rel=0.1)


def agreement_of(admin: AdminClient) -> AgreementView:
    (shadow,) = admin.get_route("m")[0].challengers
    assert shadow.role == "shadow"
    assert shadow.agreement is not None
    return shadow.agreement


def check_share(asking: Asking, admin: AdminClient, route: RouteView, percent: int) -> None:
    """The gateway's own counts, of this epoch alone, are near the share that was asked."""
    asking.wait(ANSWERS)
    rows = {row.role: row for row in admin.get_statistics("m") if row.epoch == route.epoch}
    assigned = {role: rows[role].assigned for role in rows}
    total = sum(assigned.values())
    assert total >= ANSWERS / 2
    # A hash of nothing but chance: six standard deviations.
    bound = 6 * (percent / 100 * (1 - percent / 100) / total) ** 0.5
    assert abs(assigned["canary"] / total - percent / 100) < bound, assigned
    if percent <= 25:
        assert abs(assigned["control"] / total - percent / 100) < bound, assigned
    (seen,) = admin.get_route("m")
    assert seen.challengers[0].share is not None
    assert abs(seen.challengers[0].share.fraction - percent / 100) < 1 / 65_536
    assert seen.challengers[0].share_measured == pytest.approx(percent / 100, abs=bound)


def check_alone(asking: Asking, route: RouteView, version: int) -> None:
    """Once the call has returned, whoever asks is answered by this version."""
    returned = time.perf_counter()
    assert route.champion is not None
    assert (route.champion.version, route.challengers) == (version, ())
    asking.wait(200)
    assert set(asking.versions(returned)) == {version}


# ---- every decision can be made again by whoever has the salt


def decided(route: RouteView, challengers: list[Challenger], key: str) -> tuple[int, str, int]:
    """Bucket, role and version, by what the route says and the `xxhash` package."""
    found = decide(bytes.fromhex(route.salt_hex), key.encode(), owners(challengers))
    assert route.champion is not None
    if found.arm == 0:
        return found.bucket, "champion", route.champion.version
    if found.arm % 2 == 0:
        return found.bucket, "control", route.champion.version
    return found.bucket, "canary", challengers[(found.arm - 1) // 2].version


def check_decisions(
    explaining: Explaining, admin: AdminClient, challengers: list[Challenger]
) -> Counter[tuple[str, int]]:
    """Each key, in each of the ways to send it, is served by whom Python says; the arms met."""
    (route,) = admin.get_route("m")
    met: Counter[tuple[str, int]] = Counter()
    for number, key in enumerate(KEYS):
        # The first of them that is there counts.
        metadata, parameter, request_id = [
            (key, "other", "another"),
            ("", key, "another"),
            ("", "", key),
        ][number % 3]
        answer = explaining.ask(metadata=metadata, parameter=parameter, request_id=request_id)
        bucket, role, version = decided(route, challengers, key)
        assert answer == Explained(version, float(version), role, route.epoch, bucket)
        met[role, version] += 1
    return met


def recorded(store: Path) -> list[Challenger]:
    """The challengers with their buckets, as the registry has them."""
    with open_registry(f"sqlite:///{store / REGISTRY_FILE}") as registry:
        return list(registry.get("m").challengers)


def test_one_canary_is_recomputed_from_the_route_alone(
    explaining: Explaining, admin: AdminClient
) -> None:
    splits: tuple[Split, ...] = ("key", "request")
    for split in splits:
        route = admin.start_challenge("m", 2, "canary", share=20, split=split)
        (slot,) = route.challengers
        assert slot.share is not None
        lowest = Challenger(2, "canary", slot.share.buckets, 0, ((0, slot.share.buckets),))
        met = check_decisions(explaining, admin, [lowest])
        assert set(met) == {("champion", 3), ("control", 3), ("canary", 2)}
        admin.stop_challenge("m", 2)


def test_several_canaries_that_grow_and_shrink(
    explaining: Explaining, admin: AdminClient, store: Path
) -> None:
    """A share that grows moves no key back, and none between canaries."""
    admin.start_challenge("m", 2, "canary", share=10, split="key")
    admin.start_challenge("m", 1, "canary", share=10)
    owner: dict[str, int] = {}
    for version, percent in ((2, 30), (1, 20), (1, 60)):
        admin.update_challenge("m", version, share=percent)
        challengers = recorded(store)
        check_decisions(explaining, admin, challengers)
        (route,) = admin.get_route("m")
        now = {key: decided(route, challengers, key)[2] for key in KEYS}
        assert all(now[key] == before for key, before in owner.items() if before != 3)
        owner = now
    assert set(owner.values()) == {1, 2, 3}
    admin.update_challenge("m", 2, share=0)
    met = check_decisions(explaining, admin, recorded(store))
    assert ("canary", 2) not in met
    admin.update_challenge("m", 1, share=100)
    assert set(check_decisions(explaining, admin, recorded(store))) == {("canary", 1)}


def test_a_new_rollout_finds_other_keys(explaining: Explaining, admin: AdminClient) -> None:
    found = []
    for _ in range(2):
        route = admin.start_challenge("m", 2, "canary", share=50, split="key")
        answers = {key: explaining.ask(metadata=key).version for key in KEYS[:100]}
        found.append((route.salt_hex, answers))
        admin.stop_challenge("m", 2)
    (salt, answers), (other_salt, other_answers) = found
    assert salt != other_salt
    moved = sum(answers[key] != other_answers[key] for key in answers)
    assert 20 < moved < 80  # half of them, by chance


def test_a_key_always_meets_one_version_and_who_has_none_the_champion(
    explaining: Explaining, admin: AdminClient
) -> None:
    admin.start_challenge("m", 2, "canary", share=50, split="key")
    for key in KEYS[:20]:
        assert len({explaining.ask(metadata=key).version for _ in range(5)}) == 1
    for _ in range(30):
        answer = explaining.ask()
        assert (answer.version, answer.role, answer.bucket) == (3, "unsplit", None)
    (unsplit,) = [row for row in rows(admin) if row.role == "unsplit"]
    assert (unsplit.unkeyed, unsplit.assigned, unsplit.ineligible) == (30, 30, 0)
    champion = admin.get_route("m")[0].champion
    assert champion is not None
    by_key = sum(row.assigned for row in rows(admin) if row.role in ("champion", "control"))
    assert champion.requests == by_key + 30


def test_a_split_by_request_needs_no_key(explaining: Explaining, admin: AdminClient) -> None:
    admin.start_challenge("m", 2, "canary", share=50, split="request")
    answers = [explaining.ask() for _ in range(200)]
    assert 50 < sum(answer.version == 2 for answer in answers) < 150
    assert {answer.role for answer in answers} == {"champion", "canary"}
    assert all(row.unkeyed == 0 for row in rows(admin))


def rows(admin: AdminClient) -> list[StatisticsRow]:
    return admin.get_statistics("m")


def test_who_asks_for_a_version_gets_it_and_counts_nowhere_else(
    gateway: GatewayProcess, explaining: Explaining, admin: AdminClient
) -> None:
    def pinned() -> Counter[int]:
        return Counter({row.version: row.assigned for row in rows(admin) if row.role == "pinned"})

    before = pinned()
    with Asking(gateway.address, "m", clients=1, pinned=1) as asking:
        asking.wait(20)
        admin.start_challenge("m", 2, "canary", share=50, split="key")
        asking.wait(20)
        admin.promote("m")
        asking.wait(20)
        admin.rollback("m")
        asking.wait(20)
    assert asking.faults == []
    assert set(asking.versions()) == {1}
    for version in (1, 2, 3):
        answer = explaining.ask(metadata="key", version=version)
        assert (answer.version, answer.value, answer.role) == (version, float(version), "pinned")
    assert pinned() - before == {1: len(asking.answers) + 1, 2: 1, 3: 1}
    routed = [row for row in rows(admin) if row.role != "pinned"]
    assert [(row.role, row.version, row.assigned) for row in routed] == [("champion", 3, 0)]
