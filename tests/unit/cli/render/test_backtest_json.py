import json

from tests.unit.cli.sample_backtest import BACKTEST
from tiltyard.cli.render.backtest_json import to_json


def test_all_of_it_is_there_in_json_own_types() -> None:
    found = json.loads(json.dumps(to_json(BACKTEST), allow_nan=False))
    assert found["quiet"] == {"delta": 0.07, "louder": 0.05}
    assert found["by_hour"]["alarms"] == []
    assert found["by_hour"]["per_30_days"] == 0.0
    assert len(found["by_all"]["alarms"]) == 10
    assert found["by_all"]["per_30_days"] == 15.0
    assert found["by_all"]["alarms"][0]["leading"] == ["amount"]
    first, second, *_ = found["delays"][0]["of_changes"]
    assert first["reason"] == "none by intent: within delta"
    assert (second["change"]["name"], second["median_s"], second["late_s"]) == (
        "0.5 sigma",
        900.0,
        9000.0,
    )
