"""However many alarms a model has, they are one incident."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.incidents.sample_alarms import alarm, recovered
from tiltyard.monitor.incidents.incident import Incidents


def test_thirty_alarms_of_a_model_are_one_incident_until_the_last_is_over() -> None:
    incidents = Incidents()
    alarms = [alarm(f"a{number}") for number in range(30)]
    ids = {incidents.take(one, 5.0 + number).id for number, one in enumerate(alarms)}
    assert ids == {"i-a0"}
    (incident,) = incidents.all()
    assert (incident.opened_at, len(incident.alarms)) == (5.0, 30)
    after = [incidents.take(recovered(one), 99.0) for one in alarms]
    assert {one.id for one in after} == {"i-a0"}
    assert [one.is_open for one in after] == [True] * 29 + [False]
    assert incidents.all() == []
    assert incidents.take(alarm("a99"), 100.0).id == "i-a99"


def test_models_and_kinds_are_apart() -> None:
    incidents = Incidents()
    for one in (alarm("a"), alarm("b", "credit"), alarm("c", kind="skew")):
        incidents.take(one, 1.0)
    assert [one.id for one in incidents.all()] == ["i-a", "i-b", "i-c"]


def test_more_names_and_an_acknowledgement_change_nothing() -> None:
    incidents = Incidents()
    first = incidents.take(alarm(), 1.0)
    assert incidents.take(replace(alarm(), acknowledged_by="ann"), 2.0) == first


def test_an_alarm_that_is_over_and_belongs_to_nothing_has_an_incident_that_has_ended() -> None:
    incidents = Incidents()
    incident = incidents.take(recovered(alarm()), 1.0)
    assert (incident.id, incident.is_open) == ("i-a1", False)
    assert incidents.all() == []


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans())))
def test_an_incident_is_open_as_long_as_an_alarm_is(walk: list[tuple[int, bool]]) -> None:
    incidents = Incidents()
    are_open: set[str] = set()
    current = ""
    for time, (number, is_open) in enumerate(walk):
        one = alarm(f"a{number}")
        before, had = current, bool(are_open)
        incident = incidents.take(one if is_open else recovered(one), float(time))
        (are_open.add if is_open else are_open.discard)(one.id)
        current = incident.id
        assert set(incident.alarms) == are_open
        assert not had or current == before
        assert len(incidents.all()) == bool(are_open)
    assert Incidents(incidents.all()).all() == incidents.all()
