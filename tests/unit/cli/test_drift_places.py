"""Several gateways as one: whose counts come together, and what is said where they do not."""

from dataclasses import replace

import click
import grpc
import numpy as np
import pytest

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient, call_error
from tests.unit.cli.sample_planes import KEY, quiet_plane, sample_plane
from tests.unit.cli.sample_views import NOW
from tiltyard.cli.admin_options import Place
from tiltyard.cli.drift_places import NothingWatchedError, as_places, nothing_watched, read_planes
from tiltyard.cli.gateways import Gateways
from tiltyard.client.admin_errors import AdminUnavailableError
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.snapshot import PlaneKey
from tiltyard.monitor.statistics.errors import StatisticsError

A, B = Place("a:1", is_default=False), Place("b:2", is_default=False)
QUERY = DriftQuery("fraud")
GONE = call_error(AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE: refused")


def test_counts_of_several_gateways_add(client: FakeClient) -> None:
    one = replace(sample_plane(), gateways=())
    client.planes_at = {"a:1": [one], "b:2": [one]}
    (found,) = read_planes(Gateways([A, B]), QUERY, 5.0)
    assert np.array_equal(found.current.counts, 2 * one.current.counts)
    assert found.gateways == ("a:1", "b:2")
    assert [said[0].end for _, said, _ in client.calls] == [NOW + 1, NOW + 1]
    assert client.calls[0][2] == {"timeout_s": 5.0}


def test_one_gateway_says_itself_when_now_is(client: FakeClient) -> None:
    read_planes(Gateways([A]), QUERY, 5.0)
    assert client.calls[0][1] == (QUERY,)
    read_planes(Gateways([A, B]), replace(QUERY, end=7.0, model="churn"), 5.0)
    assert client.calls[1][1][0].end == 7.0


def test_a_plane_that_only_one_gateway_has(client: FakeClient) -> None:
    client.planes_at = {"a:1": [replace(sample_plane(), gateways=("one",))], "b:2": []}
    (found,) = read_planes(Gateways([A, B]), QUERY, 5.0)
    assert found.problems == ("b:2 does not watch this, and is not counted here",)
    assert found.gateways == ("one",)


def test_a_gateway_that_is_down_is_said_to_be_missing(client: FakeClient) -> None:
    client.planes = [replace(sample_plane(), gateways=())]
    client.fail = [GONE]
    gateways = Gateways([A, B])
    (found,) = read_planes(gateways, QUERY, 5.0)
    assert (found.gateways, found.problems) == (
        ("b:2",),
        (f"a:1 is not counted here: {gateways.silent['a:1']}",),
    )


def test_counts_in_different_cells_are_not_added(client: FakeClient) -> None:
    one = replace(sample_plane(), gateways=("x",))
    other = replace(one, gateways=("y",), profile=replace(one.profile, digest="ff" * 32, number=3))
    client.planes_at = {"a:1": [one], "b:2": [other]}
    with pytest.raises(StatisticsError, match="different cells cannot be added"):
        read_planes(Gateways([A, B]), QUERY, 5.0)


def test_the_whole_traffic_comes_first_and_of_champions_the_one_that_serves(
    client: FakeClient,
) -> None:
    plane = quiet_plane()
    idle = replace(plane.current, counts=plane.profile.layout.zeros())
    keys = [
        PlaneKey("fraud", 3, "champion", "country=NO"),
        PlaneKey("fraud", 5, "shadow"),
        PlaneKey("fraud", 4, "champion"),
        PlaneKey("fraud", 6, "of tomorrow"),
        KEY,
        PlaneKey("fraud", 4, "canary"),
        PlaneKey("churn", 1, "champion"),
    ]
    client.planes = [replace(plane, key=key) for key in keys]
    client.planes[2] = replace(client.planes[2], current=idle)
    found = read_planes(Gateways([A]), DriftQuery(), 5.0)
    assert [keys.index(snapshot.key) for snapshot in found] == [6, 4, 2, 5, 1, 3, 0]


def test_after_a_rollback_the_champion_comes_first(client: FakeClient) -> None:
    slots = {1: "champion", 2: "", 3: "canary"}
    planes = [
        (1, "champion"), (3, "canary"), (3, "champion-as"), (1, "canary"), (3, "champion"),
        (2, "champion"),
    ]  # fmt: skip
    idle = quiet_plane()
    idle = replace(idle, current=replace(idle.current, counts=idle.profile.layout.zeros()))
    client.planes = [
        replace(
            idle if version == 1 else quiet_plane(),
            key=PlaneKey("fraud", version, role),
            slot=slots[version],
        )
        for version, role in reversed(planes)
    ]
    found = read_planes(Gateways([A]), QUERY, 5.0)
    assert [(one.key.version, one.key.role) for one in found] == [
        planes[0], planes[1], planes[2], planes[4], planes[3], planes[5]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "slot"),
    [((None, "canary"), "canary"), (("", "champion"), "champion"), (("", None), "")],
)
def test_who_serves_is_known_where_one_gateway_knows(
    client: FakeClient, told: tuple[str | None, str | None], slot: str
) -> None:
    one = replace(sample_plane(), gateways=())
    client.planes_at = {"a:1": [replace(one, slot=told[0])], "b:2": [replace(one, slot=told[1])]}
    assert [found.slot for found in read_planes(Gateways([A, B]), QUERY, 5.0)] == [slot]


def test_addresses(invoke: Invoke, client: FakeClient) -> None:
    client.planes_at = {
        "a:1": [replace(sample_plane(), gateways=("x",))],
        "[::1]:2": [replace(sample_plane(), gateways=("y",))],
    }
    done = invoke("drift", "fraud", "--admin", "a:1,[::1]:2")
    assert done.output.splitlines()[0] == "fraud  version 3 champion  a:1, [::1]:2"
    assert "12,000 rows in 4,000 requests" in done.output
    for value, message in (("a:1,", "no address"), ("a:1,a:1", "a:1 is there twice"), ("", "no ")):
        wrong = invoke("drift", "fraud", "--admin", value)
        assert isinstance(wrong.exception, click.BadParameter)
        assert message in str(wrong.exception)


def test_an_address_that_nobody_gave_is_the_default() -> None:
    command = click.Command("x", params=[click.Option(["--admin"], default="a:1")])
    with command.make_context("x", []) as context:
        (place,) = as_places(context, command.params[0], "a:1")
    assert place == Place("a:1", is_default=True)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (DriftQuery(), "no model is watched"),
        (QUERY, "give its version a reference profile (tiltyard profile fraud VERSION"),
        (replace(QUERY, role="shadow", version=2), "nothing of fraud with version 2, role shadow"),
    ],
)
def test_nothing(query: DriftQuery, told: str) -> None:
    error = nothing_watched(query)
    assert isinstance(error, NothingWatchedError)
    assert told in str(error)
    assert error.exit_code == 4
