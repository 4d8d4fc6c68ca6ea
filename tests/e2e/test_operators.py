"""Two operators at once, and one who sends a call again: one change, and everybody knows of it."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import models
from tests.e2e.asking import kill
from tiltyard.client import AdminClient
from tiltyard.client.admin_errors import (
    AdminArgumentError,
    AdminCallError,
    AdminEpochError,
    AdminPreconditionError,
)
from tiltyard.control.views import RouteView
from tiltyard.ops.gateway_process import GatewayProcess

ROUNDS = 5
ACTORS = ("anna", "bert")

Call = Callable[..., Any]  # of a client, with the terms of a change


@pytest.fixture(scope="module")
def gateway(
    _rollout_store: Path,
    tmp_path_factory: pytest.TempPathFactory,
    gateway_env: dict[str, str],
    gateway_prefix: tuple[str, ...],
) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("operators") / "store"
    shutil.copytree(_rollout_store, folder)
    arguments = ["--store", str(folder), "--worker-threads", "1"]
    with GatewayProcess(arguments, env=gateway_env, prefix=gateway_prefix) as found:
        yield found
        kill(found)


@pytest.fixture
def operators(gateway: GatewayProcess) -> Iterator[list[AdminClient]]:
    """Of a gateway where version 3 of m serves alone, and 2 was before."""
    anna, bert = (AdminClient(gateway.admin_address, actor=actor) for actor in ACTORS)
    with anna, bert:
        for slot in anna.get_route("m")[0].challengers:
            anna.stop_challenge("m", slot.version)
        anna.set_champion("m", 2)
        anna.set_champion("m", 3)
        yield [anna, bert]


def route_of(admin: AdminClient) -> RouteView:
    (route,) = admin.get_route("m")
    return route


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each has come to: its reply, or its error."""
    begin = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(at: int) -> None:
        begin.wait(60)
        try:
            results[at] = calls[at]()
        except AdminCallError as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def start(version: int, **terms: Any) -> Call:
    return lambda admin, **more: admin.start_challenge(
        "m", version, "canary", share=10, **terms, **more
    )


def crown(version: int) -> Call:
    return lambda admin, **terms: admin.set_champion("m", version, **terms)


def grow(admin: AdminClient, **terms: Any) -> RouteView:
    return admin.update_challenge("m", 2, share=20, **terms)


def stop(admin: AdminClient, **terms: Any) -> RouteView:
    return admin.stop_challenge("m", 2, **terms)


def promote(admin: AdminClient, **terms: Any) -> RouteView:
    return admin.promote("m", 2, **terms)


def roll_back(admin: AdminClient, **terms: Any) -> RouteView:
    return admin.rollback("m", **terms)


@pytest.mark.parametrize(
    ("prepare", "first", "second"),
    [
        (None, crown(1), crown(2)),
        (None, start(1), start(2)),
        (None, roll_back, crown(1)),
        (start(2), promote, roll_back),
        (start(2), grow, stop),
    ],
    ids=["champions", "challenges", "rollback-champion", "promote-rollback", "update-stop"],
)
def test_one_wins_and_the_other_is_told(
    prepare: Call | None, first: Call, second: Call, operators: list[AdminClient]
) -> None:
    anna, bert = operators
    for _ in range(ROUNDS):
        for slot in route_of(anna).challengers:
            anna.stop_challenge("m", slot.version)
        anna.set_champion("m", 3)
        if prepare is not None:
            prepare(anna)
        epoch = route_of(anna).epoch
        results = at_once(
            lambda: first(anna, expected_epoch=epoch),  # noqa: B023 - called before the next turn
            lambda: second(bert, expected_epoch=epoch),  # noqa: B023 - called before the next turn
        )
        check_one_won(anna, epoch, results)


def check_one_won(admin: AdminClient, epoch: int, results: list[Any]) -> None:
    (error,) = [one for one in results if isinstance(one, AdminCallError)]
    (route,) = [one for one in results if isinstance(one, RouteView)]
    assert (route.epoch, route_of(admin).epoch) == (epoch + 1, epoch + 1)
    winner = ACTORS[results.index(route)]
    assert isinstance(error, AdminEpochError), str(error)
    assert (error.expected, error.epoch_now) == (epoch, epoch + 1)
    (change,) = error.changes
    assert (change.epoch, change.actor) == (epoch + 1, winner)
    assert change.data["text"]
    assert f"by {winner}" in str(error)


@pytest.mark.parametrize(
    ("prepare", "call", "other"),
    [
        (None, crown(2), crown(1)),
        (None, start(2), start(1)),
        (start(2), grow, stop),
        (start(2), stop, grow),
        (start(2), promote, stop),
        (None, roll_back, crown(1)),
        (start(2), roll_back, grow),
        (
            None,
            lambda admin, **terms: admin.unload_version("m", 1, **terms),
            lambda admin, **terms: admin.load_version("m", 1, **terms),
        ),
    ],
    ids=[
        "champion",
        "challenge",
        "update",
        "stop",
        "promote",
        "rollback",
        "rollback-canary",
        "unload",
    ],
)
def test_a_call_that_is_sent_again_is_not_made_again(
    prepare: Call | None,
    call: Call,
    other: Call,
    operators: list[AdminClient],
    request: pytest.FixtureRequest,
) -> None:
    """Twice at once, as when an answer was lost, and once more after others have gone on."""
    anna, bert = operators
    anna.load_version("m", 1)
    if prepare is not None:
        prepare(anna)
    before, key = route_of(anna).epoch, f"again {request.node.name}"
    routes = at_once(*[lambda: call(anna, idempotency_key=key)] * 3)
    assert [route.epoch for route in routes] == [before + 1] * 3, routes
    assert sorted(route.repeated for route in routes) == [False, True, True]
    assert route_of(anna).epoch == before + 1
    bert.rollback("m", "previous")
    after = route_of(anna)
    again = call(anna, idempotency_key=key)
    assert (again.repeated, again.epoch) == (True, before + 1)
    assert route_of(anna) == after
    with pytest.raises(AdminArgumentError) as caught:
        other(anna, idempotency_key=key)
    assert caught.value.reason == "KEY_REUSED"
    assert route_of(anna).epoch == after.epoch


def test_two_who_roll_back_at_once_do_not_undo_each_other(operators: list[AdminClient]) -> None:
    """Neither says which epoch they have seen: the bad version must not serve again."""
    anna, bert = operators
    for _ in range(ROUNDS):
        anna.set_champion("m", 1)
        anna.set_champion("m", 3)
        results = at_once(lambda: roll_back(anna), lambda: roll_back(bert))
        route = route_of(anna)
        assert route.champion is not None
        assert route.champion.version == 1
        (refused,) = [result for result in results if isinstance(result, AdminPreconditionError)]
        assert refused.reason in ("ROLLED_BACK", "PRECONDITION")


def test_a_publish_that_is_sent_again_is_not_made_again(
    operators: list[AdminClient], tmp_path: Path
) -> None:
    anna, _ = operators
    path = tmp_path / "model.onnx"
    path.write_bytes(models.adds(4))

    def publish() -> int:
        return anna.publish_version("m", path, idempotency_key="publish").version

    known = len(anna.get_model("m").versions)
    assert at_once(publish, publish) == [known + 1] * 2
    assert publish() == known + 1
    assert len(anna.get_model("m").versions) == known + 1
