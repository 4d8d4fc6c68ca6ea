import json
import math
from dataclasses import replace

import pytest

from tests.unit.cli.sample_views import AGREEMENT, CANARY, EVENT, FULL, LATENCY
from tiltyard.cli.render.as_json import document, line, plain


def test_a_view_has_its_fields_and_what_it_can_tell() -> None:
    found = json.loads(document(FULL))
    canary = found["challengers"][0]
    assert (found["model"], found["epoch"], found["durable"]) == ("fraud", 7, True)
    assert canary["share"] == {"buckets": 3_276, "fraction": 3_276 / 65_536}
    assert canary["agreement"] is None
    shadow = found["challengers"][1]["agreement"]
    assert shadow["dropped"] == {"queue_full": 7, "too_old": 3}
    assert shadow["agreement"] == AGREEMENT.agreement
    assert shadow["outputs"][0]["name"] == "label"


def test_a_line_is_one() -> None:
    assert json.loads(line(EVENT))["seq"] == 8
    assert "\n" not in line(EVENT)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_what_json_has_no_number_for_is_null(number: float) -> None:
    odd = replace(CANARY, latency=replace(LATENCY, max_ms=number))
    assert plain(odd)["latency"]["max_ms"] is None
