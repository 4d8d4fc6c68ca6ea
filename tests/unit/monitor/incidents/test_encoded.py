import json
from dataclasses import asdict, replace

import pytest

from tests.unit.monitor.test_alarm_book import ALARM
from tiltyard.monitor.incidents import encoded
from tiltyard.monitor.incidents.encoded import Encoded
from tiltyard.monitor.snapshot import Alarm


def test_it_is_the_json_of_each() -> None:
    alarms = [ALARM, replace(ALARM, id="a2")]
    assert json.loads(Encoded().array(alarms)) == json.loads(
        json.dumps([asdict(one) for one in alarms])
    )
    assert Encoded().array([]) == "[]"


def test_each_is_made_once_while_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def count(value: Alarm) -> dict[str, object]:
        made.append(value.id)
        return asdict(value)

    monkeypatch.setattr(encoded, "asdict", count)
    kept, other = Encoded(), replace(ALARM, id="a2")
    first = kept.array([ALARM])
    assert kept.array([ALARM, other]) != first
    assert kept.array([ALARM]) == first
    assert made == ["a1", "a2"]
    kept.array([replace(ALARM)])
    assert made == ["a1", "a2", "a1"], "an equal one is another"
