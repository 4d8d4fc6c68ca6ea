from dataclasses import replace

import pytest

from tests.unit.report.sample_snapshots import NOW
from tiltyard.monitor.snapshot import DetectorView
from tiltyard.report.state import SYMBOLS, state_of

OK = DetectorView("drift", "ok", NOW - 7_200, 500, 300, 3.2, 6.4, 0.1)


def test_no_detector_has_no_state() -> None:
    assert state_of("skew", [OK], NOW) is None


def test_it_says_since_when_and_how_much_evidence_there_is() -> None:
    found = state_of("drift", [OK], NOW)
    assert found is not None
    assert found.since == "since 2026-11-25 08:00:00 UTC, 2 h"
    assert (found.evidence_log10, found.threshold_log10) == (3.2, 6.4)
    # Half of the way to the threshold, which itself is at four fifths of the gauge.
    assert 'd="M0 4h240v' in found.meter
    assert 'class=limit d="M480 0' in found.meter


def test_the_worst_of_several_gateways_is_told() -> None:
    worse = replace(OK, state="suspicious", evidence_log10=5.5)
    found = state_of("drift", [OK, worse, OK], NOW)
    assert found is not None
    assert found.state == "suspicious"
    assert found.detail.endswith("The worst of 3 gateways.")


def test_a_state_that_is_not_known_is_seen_and_not_hidden() -> None:
    found = state_of("drift", [replace(OK, state="drifting"), replace(OK, state="odd")], NOW)
    assert found is not None
    assert (found.state, found.symbol) == ("odd", "?")


def test_skew_is_never_called_drifting() -> None:
    found = state_of("skew", [replace(OK, kind="skew", state="drifting")], NOW)
    assert found is not None
    assert found.word == "skewed"
    assert found.detail.endswith("Skew never pages.")


def test_warming_says_how_far() -> None:
    found = state_of("drift", [replace(OK, state="warming", ticks=120)], NOW)
    assert found is not None
    assert found.detail.startswith("120 of 300 ticks")


@pytest.mark.parametrize("state", SYMBOLS)
def test_every_state_has_a_sentence_and_a_symbol(state: str) -> None:
    found = state_of("drift", [replace(OK, state=state, since=0.0)], NOW)
    assert found is not None
    assert found.detail
    assert found.since == ""


def test_a_threshold_of_0_is_no_division() -> None:
    found = state_of("drift", [replace(OK, threshold_log10=0.0)], NOW)
    assert found is not None
    assert 'd="M0 4h0v' in found.meter
