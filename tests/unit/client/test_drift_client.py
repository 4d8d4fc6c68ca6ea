"""The calls of AdminClient about drift, against a server over the fake monitor."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.unit.admin.fake_planes import ALARM, BASELINE, PROFILE, SNAPSHOT
from tests.unit.admin.serving import TIMEOUT_S, Served, serving
from tests.unit.admin.test_drift_messages import same
from tiltyard.client import AdminClient
from tiltyard.client.admin_errors import (
    AdminArgumentError,
    AdminEpochError,
    AdminNotFoundError,
    AdminPreconditionError,
    AdminUnavailableError,
)
from tiltyard.errors import ClientError
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.policy import Segment


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as found:
        yield found


@pytest.fixture
def client(served: Served) -> Iterator[AdminClient]:
    with AdminClient(served.address, actor="anna") as found:
        yield found


def test_planes_with_their_counts(client: AdminClient, served: Served) -> None:
    query = DriftQuery("fraud", 3, "champion", "country=NO", 60.0, 1e9, 24, 86_400.0)
    (found,) = client.get_drift(query, baseline_parts=True, timeout_s=TIMEOUT_S)
    assert same(SNAPSHOT, found)
    (found,) = client.get_drift()
    assert found.baseline is not None
    assert found.baseline.slots is None
    assert list(found.baseline.segments) == ["country=NO"]
    asked = [said["query"] for _, said in served.monitoring.calls]
    assert asked == [query, DriftQuery()]


def test_alarms(client: AdminClient, served: Served) -> None:
    assert client.list_alarms() == [ALARM]
    client.list_alarms("fraud", open_only=True)
    assert served.monitoring.calls[-1] == ("alarms", {"model": "fraud", "open_only": True})
    assert client.ack_alarm("a-17", "known").acknowledged_by == "anna"
    assert client.ack_alarm("a-17", actor="bob").acknowledged_by == "bob"
    with pytest.raises(AdminNotFoundError, match="no alarm 'a-18'") as caught:
        client.ack_alarm("a-18")
    assert caught.value.to_do == "List the alarms with `tiltyard drift alarms`."


def test_a_watch_of_alarms(client: AdminClient, served: Served) -> None:
    served.monitoring.happen("opened")
    served.monitoring.happen("opened", "churn")
    found = list(client.watch_alarms(0, follow=False))
    assert found == served.monitoring.happened
    assert [event.seq for event in client.watch_alarms(0, "churn", follow=False)] == [2]
    with client.watch_alarms() as watch:
        served.monitoring.happen("recovered")
        assert next(watch).event == "recovered"
    watch = client.watch_alarms(2)
    assert next(watch).seq == 3
    threading.Timer(0.0, watch.close).start()
    assert list(watch) == []


def test_policies(client: AdminClient, served: Served) -> None:
    assert client.get_drift_policy("fraud").epoch == 0
    segments = (Segment("country", "NO"), Segment("tier", "1"))
    policy = client.set_drift_policy("fraud", segments=segments, delta=0.05, expected_epoch=0)
    assert (policy.epoch, policy.delta, policy.segments) == (1, 0.05, segments)
    assert served.monitoring.calls[-1][1]["actor"] == "anna"
    assert client.set_drift_policy("fraud", segments=()).segments == ()
    with pytest.raises(AdminEpochError, match="is at epoch 2, the call expected 1") as caught:
        client.set_drift_policy("fraud", delta=0.1, expected_epoch=1)
    assert (caught.value.expected, caught.value.epoch_now) == (1, 2)
    with pytest.raises(AdminArgumentError, match="delta: expected"):
        client.set_drift_policy("fraud", delta=7.0)
    with pytest.raises(AdminArgumentError, match="changes nothing"):
        client.set_drift_policy("fraud")
    with pytest.raises(ClientError, match="a drift policy has no 'delat'"):
        client.set_drift_policy("fraud", delat=0.1)  # type: ignore[call-arg]  # the mistake


def test_baselines_and_profiles(client: AdminClient, served: Served) -> None:
    found = client.accept_baseline("fraud", window_s=86_400)
    assert same(
        found, replace(BASELINE, accepted_by="anna", slots=None, segments={}, segment_slots={})
    )
    data = bytes(3_000_000)
    assert same(client.add_profile("fraud", 3, data, timeout_s=TIMEOUT_S), PROFILE)
    said = served.monitoring.calls[-1][1]
    assert said == {"model": "fraud", "version": 3, "data": data, "actor": "anna"}
    with pytest.raises(ClientError, match="the request of AddProfile cannot be made"):
        client.add_profile("fraud", -1, data)


def test_a_gateway_that_does_not_watch() -> None:
    with (
        serving(watches_drift=False) as served,
        AdminClient(served.address) as client,
        pytest.raises(AdminPreconditionError, match="does not watch drift") as caught,
    ):
        client.get_drift()
    assert caught.value.to_do == "Start it without --no-monitor."


def test_a_gateway_that_stops(client: AdminClient, served: Served) -> None:
    watch = client.watch_alarms()
    stopping = threading.Thread(target=served.server.stop)
    stopping.start()
    with pytest.raises(AdminUnavailableError, match="is stopping"):
        next(watch)
    stopping.join()
    with pytest.raises(AdminUnavailableError):
        client.get_drift(timeout_s=TIMEOUT_S)
