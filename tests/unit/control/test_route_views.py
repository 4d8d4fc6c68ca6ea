"""What operators see of a route: what is wanted, what is, and what differs."""

import threading
from dataclasses import replace
from functools import partial

import pytest

from tests.unit.control.conftest import World
from tests.unit.control.fakes import arm, loaded
from tiltyard.control.overrides import Pending
from tiltyard.control.route_views import statistics_rows, version_state
from tiltyard.control.table import ModelTable
from tiltyard.control.views import RouteView, Sample, Share
from tiltyard.loading import LoadReport
from tiltyard.registry import Challenger, CompareRule, ModelState, rollback, set_champion

CANARY = Challenger(2, "canary", buckets=16_384, sample_ppm=0, ranges=((0, 16_384),))
SHADOW = Challenger(3, "shadow", sample_ppm=200_000)
SALT = bytes(range(16))


def route(world: World) -> RouteView:
    (found,) = world.control.get_route("m")
    return found


def want(world: World, **state: object) -> None:
    """What is wanted, as the registry would say it."""
    made = {"champion": 1, "versions": frozenset([1, 2, 3]), "salt": SALT, **state}
    world.reconciler.desired.adopt({"m": ModelState("m", 9, **made)})  # type: ignore[arg-type]  # fields
    world.reconciler.publish()


def test_a_champion_alone(world: World) -> None:
    found = route(world)
    assert (found.model, found.epoch, found.table_epoch) == ("m", 1, len(world.engine.published))
    assert found.champion is not None
    assert (found.champion.role, found.champion.version, found.champion.state) == (
        "champion",
        1,
        "ready",
    )
    assert found.champion.since_unix_s == 1_000.0
    assert (found.challengers, found.previous, found.salt_hex) == ((), None, "")
    assert (found.desired_differs, found.durable, found.repeated) == ((), True, False)
    assert (found.champion.share_measured, found.champion.latency) == (None, None)


def test_shares_asked_and_measured(world: World) -> None:
    want(world, challengers=(CANARY, SHADOW), split="key")
    world.rollout().arms = [
        arm("champion", 1, assigned=600, errors={"queue_full": 2}, non_finite=1),
        arm("canary", 2, assigned=250, errors={"run_failed": 1}, non_finite=7),
        arm("control", 1, assigned=150, errors={"queue_full": 1, "cancelled": 3}, non_finite=2),
    ]
    world.rollout().arms[0]["latency_buckets"] = {999_424: 60}
    world.rollout().arms[1]["latency_buckets"] = {999_424: 200, 9_961_472: 50}
    world.rollout().arms[2]["latency_buckets"] = {9_961_472: 90}
    found = route(world)
    assert (found.split, found.salt_hex) == ("key", SALT.hex())
    assert found.champion is not None
    # The control slice is the champion's too.
    assert (found.champion.requests, found.champion.share_measured) == (750, 0.75)
    assert found.champion.errors == {"queue_full": 3, "cancelled": 3}
    canary, shadow = found.challengers
    assert (canary.role, canary.share, canary.share_measured) == ("canary", Share(16_384), 0.25)
    assert (canary.requests, canary.errors, canary.sample) == (250, {"run_failed": 1}, None)
    assert (found.champion.non_finite, canary.non_finite) == (3, 7)
    assert canary.latency is not None
    assert (canary.latency.count, canary.latency.p50_ms) == (250, 1.015807)
    assert canary.latency.max_ms == 10.223615
    assert found.champion.latency is not None
    assert (found.champion.latency.count, found.champion.latency.p50_ms) == (150, 10.223615)
    assert (shadow.role, shadow.share, shadow.sample) == ("shadow", None, Sample(200_000))
    assert (shadow.requests, shadow.share_measured) == (0, None)


def test_requests_a_second(world: World) -> None:
    want(world, challengers=(CANARY, SHADOW))
    assert route(world).challengers[1].requests_per_s is None
    world.pass_s(1)
    for index, asked in enumerate((60, 20, 10)):
        world.rollout().arms[index]["assigned"] = asked
    world.rollout().seen[0] |= {"ok": 8, "error": 4}
    world.pass_s(2)
    found = route(world)
    assert found.champion is not None
    assert found.champion.requests_per_s == 35.0
    assert found.challengers[0].requests_per_s == 10.0
    assert found.challengers[1].requests_per_s == 4.0  # what was compared


def test_what_the_split_cannot_place_is_the_champions_and_in_no_share(world: World) -> None:
    want(world, challengers=(CANARY,), split="key")
    made = world.rollout()
    made.arms[0]["assigned"] = 30
    made.arms[1] |= {"assigned": 10, "latency_buckets": {999_424: 10}}
    world.pass_s(1)
    assert made.unsplit is not None
    made.unsplit |= {"assigned": 1_092, "errors": {"run_failed": 2}}
    made.unsplit["latency_buckets"] = {9_961_472: 1_090}
    world.pass_s(2)
    found = route(world)
    assert found.champion is not None
    assert (found.champion.requests, found.champion.share_measured) == (1_122, 0.75)
    assert found.champion.requests_per_s == 546.0
    assert found.champion.errors == {"run_failed": 2}
    assert found.champion.latency is not None
    assert (found.champion.latency.count, found.champion.latency.p99_ms) == (1_090, 10.223615)
    (canary,) = found.challengers
    assert (canary.requests, canary.share_measured, canary.requests_per_s) == (10, 0.25, 0.0)


def test_an_output_that_a_later_champion_has_not_is_told(world: World) -> None:
    rules = (CompareRule("y", "label"), CompareRule("z", "label"))
    want(world, challengers=(replace(SHADOW, compare=rules),))
    found = route(world)
    assert [rule.output for rule in found.challengers[0].compare] == ["y", "z"]
    assert found.desired_differs == (
        "shadow 3: output 'z' is not compared, because version 1 has none such",
    )


def test_the_previous_champion_and_how_long_it_is_kept(world: World) -> None:
    world.now = 2_000.0
    world.control.set_champion("m", 2)
    found = route(world).previous
    assert found is not None
    assert (found.role, found.version, found.state) == ("previous", 1, "ready")
    assert (found.since_unix_s, found.until_unix_s) == (2_000.0, 2_100.0)


def test_a_champion_that_is_not_there(world: World) -> None:
    world.loader.broken[("m", 4)] = "its bytes are odd"
    world.put("m", 4)
    world.reconciler.look_at_store()
    want(world, champion=4, previous=1)
    found = route(world)
    assert found.champion is not None
    assert (found.champion.version, found.champion.state) == (1, "ready")  # who serves
    assert found.desired_differs == (
        "version 4 should be the champion, version 1 serves: its bytes are odd",
    )
    world.registry.change("m", partial(set_champion, version=4, now=0.0, rollback_window_s=1.0))
    world.restart()
    found = route(world)
    assert found.champion is not None
    assert (found.champion.version, found.champion.state) == (4, "failed")
    assert found.champion.reason == "its bytes are odd"
    assert found.desired_differs == (
        "version 4 should be the champion, nobody serves: its bytes are odd",
    )


def test_challengers_that_are_not_there(world: World) -> None:
    world.loader.broken[("m", 4)] = "its bytes are odd"
    world.loader.slow = {("m", 5)}
    world.put("m", 4, 5)
    world.reconciler.look_at_store()
    canary = Challenger(4, "canary", buckets=4, sample_ppm=0, ranges=((0, 4),))
    want(world, challengers=(canary, Challenger(5, "shadow")), versions=frozenset(range(1, 6)))
    found = route(world)
    assert [slot.state for slot in found.challengers] == ["failed", "loading"]
    assert found.desired_differs == (
        "canary 4 does not run: its bytes are odd",
        "shadow 5 does not run: it is being loaded",
    )


def test_a_model_that_nobody_can_serve_yet(world: World) -> None:
    world.loader.broken[("n", 1)] = "its bytes are odd"
    world.put("n", 1)
    world.pass_s(10)
    (found,) = world.control.get_route("n")
    assert (found.epoch, found.champion) == (0, None)
    assert found.desired_differs == ("version 1 does not serve: its bytes are odd",)


def test_what_is_wanted_and_not_yet_in_force(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.reconciler.table, "publish", lambda _: 0)
    want(world, champion=2)
    assert route(world).desired_differs == (
        "version 2 should be the champion, version 1 serves: its table is being made",
    )


def test_a_rollback_that_is_not_recorded_and_what_the_registry_says(world: World) -> None:
    with world.locked():
        before = world.reconciler.desired.get("m")
        assert before is not None
        swapped, _ = set_champion(before, 2, now=0.0, rollback_window_s=1.0)
        after, _ = rollback(swapped, now=0.0, rollback_window_s=1.0)
        world.reconciler.hold(Pending(after, threading.Event))  # type: ignore[arg-type]  # never called
        found = route(world)
        assert not found.durable
        assert found.desired_differs == (
            "the rollback is in force and not recorded yet: it is being recorded",
        )


# ---- parts


def test_what_became_of_a_version() -> None:
    report = LoadReport(
        [loaded("m", 1)],
        [("m", 2, "it is being loaded"), ("m", 3, "its bytes are odd")],
        loading=frozenset([("m", 2)]),
    )
    assert version_state(report, "m", 1) == ("ready", "")
    assert version_state(report, "m", 2) == ("loading", "it is being loaded")
    assert version_state(report, "m", 3) == ("failed", "its bytes are odd")
    assert version_state(report, "m", 4) == ("stored", "it is not wanted in memory")


def test_statistics_of_arms_and_of_pinned_requests(world: World) -> None:
    want(world, challengers=(CANARY,))
    made = world.rollout()
    made.arms[0] |= {"assigned": 5, "completed": 4, "cancelled": 1}
    made.arms[0]["latency_buckets"] = {1_000: 4}
    made.arms[1] |= {"assigned": 3, "units_seen": 2, "units_failed": 1}
    assert made.unsplit is not None
    made.unsplit |= {"assigned": 6, "errors": {"run_failed": 2}, "latency_buckets": {1_000: 4}}
    made.unkeyed = 6
    versions = [
        {
            "model": "m",
            "version": number,
            "batch_sizes": {8: (number, 0, 0, 0), 1: (9, 0, 0, 0)},
            "pinned": arm("pinned", number, assigned=number),
        }
        for number in (1, 2)
    ]
    rows = statistics_rows(world.reconciler.table.tables()["m"], versions)
    assert [(row.role, row.version, row.epoch, row.assigned) for row in rows] == [
        ("champion", 1, 9, 5),
        ("canary", 2, 9, 3),
        ("control", 1, 9, 0),
        ("unsplit", 1, 9, 6),
        ("pinned", 1, 0, 1),
        ("pinned", 2, 0, 2),
    ]
    assert [row.unkeyed for row in rows] == [0, 0, 0, 6, 0, 0]
    assert rows[3].errors == {"run_failed": 2}
    assert rows[0].latency is not None
    assert (rows[0].latency.count, rows[0].run) == (4, None)
    assert (rows[1].units_seen, rows[1].units_failed) == (2, 1)
    # Batches are counted since the version was loaded, as what is pinned is.
    assert [len(row.version_batch_sizes) for row in rows] == [0, 0, 0, 0, 2, 2]
    sizes = rows[5].version_batch_sizes
    assert [(size.rows, size.runs) for size in sizes] == [(1, 9), (8, 2)]
    alone = statistics_rows(ModelTable(ModelState("m", 0, None)), versions)
    assert [(row.role, len(row.version_batch_sizes)) for row in alone] == [("pinned", 2)] * 2
