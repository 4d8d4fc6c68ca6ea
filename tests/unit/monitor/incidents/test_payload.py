"""The payload: everything a pager needs, and valid JSON whatever the numbers."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.incidents.sample_alarms import (
    CROSSED,
    DAY_S,
    alarm,
    notice,
    recovered,
    stream,
)
from tiltyard.monitor.incidents.payload import STREAMS_MAX, Context, in_words, payload
from tiltyard.monitor.incidents.runbook import Runbook
from tiltyard.monitor.snapshot import Alarm, Marker, Stranger

NO_RUNBOOK = Runbook("")


def payload_of(
    of: Alarm, context: Context | None = None, event: str = "opened"
) -> dict[str, object]:
    return payload(notice(event, of), context or Context(), gateway="gw-1", runbook=NO_RUNBOOK)


WHOLE = {
    "schema": "tiltyard.alarm/1",
    "event": "opened",
    "seq": 1,
    "time": "2023-11-14T22:13:20.000Z",
    "gateway": "gw-1",
    "incident": {
        "id": "i-a1",
        "is_first": True,
        "is_open": True,
        "opened_at": "2023-11-14T22:13:20.000Z",
        "alarms_open": 1,
    },
    "alarm": {
        "id": "a1",
        "kind": "drift",
        "state": "open",
        "model": "fraud",
        "version": 3,
        "role": "champion",
        "segment": None,
    },
    "first_detected_at": "2023-11-14T22:13:20.000Z",
    "onset": {
        "at": "2023-11-14T22:12:20.000Z",
        "from": "2023-11-14T22:11:50.000Z",
        "to": "2023-11-14T22:12:35.000Z",
    },
    "closed": None,
    "acknowledged": None,
    "significance": {
        "evidence_log10": 6.5,
        "evidence_s": pytest.approx(10**6.5),
        "false_alarm_s": 30 * DAY_S,
        "in_words": "1 false alarm per 30 days",
    },
    "reference": {"digest": "0123456789abcdef", "rows": 20_000, "current_rows": 1_500},
    "kappa": 1.25,
    "streams": [
        {
            "name": "amount",
            "change": "location up",
            "is_leading": True,
            "is_confirmed": False,
            "evidence_log10": 7.5,
            "share": 0.8,
            "size_sigma": 0.5,
            "size_error_sigma": 0.1,
            "psi_excess": 0.2,
            "cells": [
                {"cell": "> 9.5", "before": 0.01, "after": 0.08},
                {"cell": "(8, 9.5]", "before": 0.03, "after": 0.06},
                {"cell": "[0, 1]", "before": 0.03, "after": 0.01},
            ],
            "is_output": False,
            "definition": "psi:abc",
        }
    ],
    "streams_not_shown": 0,
    "prediction_drift": False,
    "cause": "missing",
    "changes": [
        {"at": "2023-11-14T22:12:19.000Z", "text": "v3 promoted by ann"},
        {"at": "2023-11-14T20:50:00.000Z", "text": "far"},
    ],
    "examples": [
        {
            "at": "2023-11-14T22:13:20.000Z",
            "request_hash": "00000000000000ff",
            "surprise_bits": 41.5,
        },
        {"at": "2023-11-14T22:13:20.000Z", "request_hash": None, "surprise_bits": 20.0},
    ],
    "runbook": "https://wiki/fraud",
}


def test_a_whole_payload() -> None:
    context = Context(
        outputs=frozenset({"probability"}),
        definitions={"amount": "psi:abc"},
        markers=[Marker(CROSSED - 5_000, "far"), Marker(CROSSED - 61, "v3 promoted by ann")],
        strangers=[Stranger(CROSSED, 0, 20.0, None), Stranger(CROSSED, 255, 41.5, 9.0, {"x": 1.0})],
    )
    found = payload(
        notice("opened", alarm(cause="missing")),
        context,
        gateway="gw-1",
        runbook=Runbook("https://wiki/{model}"),
    )
    assert found == WHOLE


def test_who_closed_and_who_acknowledged_it() -> None:
    one = replace(recovered(alarm()), acknowledged_at=CROSSED, acknowledged_by="ann", note="known")
    found = payload_of(one, event="recovered")
    assert found["closed"] == {"at": "2023-11-14T22:23:20.000Z", "by": "recovered"}
    assert found["acknowledged"] == {
        "at": "2023-11-14T22:13:20.000Z",
        "by": "ann",
        "note": "known",
    }


def names_in(found: dict[str, object]) -> list[str]:
    streams = found["streams"]
    assert isinstance(streams, list)
    return [one["name"] for one in streams]


def test_the_streams_are_in_the_alarms_order_and_the_rest_is_counted() -> None:
    streams = [stream(f"f{n:02}", share=0.001 * n, is_leading=n == 59) for n in range(59, -1, -1)]
    found = payload_of(alarm(streams=tuple(streams)))
    names = names_in(found)
    assert names[:2] == ["f59", "f58"]
    assert (len(names), found["streams_not_shown"]) == (STREAMS_MAX, 10)


def test_prediction_drift_is_not_claimed_where_nobody_knows() -> None:
    one = alarm(streams=(stream("amount"), stream("probability")))
    assert payload_of(one)["prediction_drift"] is None
    assert payload_of(one, Context(outputs=frozenset({"probability"})))["prediction_drift"] is True


ANY_FLOAT = st.floats() | st.sampled_from([math.inf, -math.inf, math.nan])


@given(ANY_FLOAT, ANY_FLOAT, ANY_FLOAT)
def test_it_is_json_whatever_the_numbers(evidence: float, kappa: float, size: float) -> None:
    one = alarm(
        evidence_log10=evidence,
        kappa=kappa,
        streams=(stream(size_sigma=size, cells=(("x", kappa, size),)),),
    )
    found = payload_of(one)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (30 * DAY_S, "30 days"),
        (15_000 * DAY_S, "15,000 days"),
        (2.5 * DAY_S, "2.5 days"),
        (DAY_S, "24 hours"),
        (7_200, "2 hours"),
        (5_400, "90 minutes"),
        (1_000, "17 minutes"),
        (60, "1 minute"),
        (30, "0.5 minutes"),
    ],
)
def test_the_rate_of_false_alarms_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == f"1 false alarm per {words}"
