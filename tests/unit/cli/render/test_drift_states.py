import pytest

from tests.unit.cli.sample_planes import detector
from tests.unit.cli.sample_views import NOW
from tiltyard.cli.render.drift_states import state_text, state_word, worst_of

OF_EACH = [
    (
        detector(state="no baseline", since=0.0),
        "no baseline, nothing can page until traffic is accepted as one",
    ),
    (
        detector(state="warming", ticks=120, since=NOW - 60),
        "warming since 1 min (09:59), 120 of 300 ticks (40 %), nothing pages yet",
    ),
    (
        detector(),
        (
            "ok since 2 d (Nov 23 10:00), evidence 0.63 % of an alarm's, shifts below 0.1 sd do"
            " not matter"
        ),
    ),
    (
        detector(state="ok", serial=("a", "b", "c", "d", "e")),
        (
            "ok since 2 d (Nov 23 10:00), evidence 0.63 % of an alarm's, shifts below 0.1 sd do"
            " not matter, ticks depend on those before in a, b, c and 2 more, whose shape is not"
            " watched"
        ),
    ),
    (
        detector(state="suspicious", evidence_log10=6.1),
        (
            "suspicious since 2 d (Nov 23 10:00), evidence 50.12 % of an alarm's, shifts below"
            " 0.1 sd do not matter"
        ),
    ),
    (
        detector(state="drifting", evidence_log10=6.7),
        (
            "DRIFTING since 2 d (Nov 23 10:00), evidence 2.0 times an alarm's, open until it"
            " recovers, shifts below 0.1 sd do not matter"
        ),
    ),
    (
        detector(state="drifting", evidence_log10=320.0),
        (
            "DRIFTING since 2 d (Nov 23 10:00), evidence 10^314 times an alarm's, open until it"
            " recovers, shifts below 0.1 sd do not matter"
        ),
    ),
    (
        detector(state="drifting", evidence_log10=-1.0),
        (
            "DRIFTING since 2 d (Nov 23 10:00), open until it recovers, shifts below 0.1 sd do not"
            " matter"
        ),
    ),
    (
        detector(state="ok", evidence_log10=-1e9),
        (
            "ok since 2 d (Nov 23 10:00), evidence <0.01 % of an alarm's, shifts below 0.1 sd do"
            " not matter"
        ),
    ),
]


@pytest.mark.parametrize(("view", "told"), OF_EACH)
def test_states(view: object, told: str) -> None:
    assert state_text("drift", [view], NOW).plain == told  # type: ignore[list-item]  # a view


def test_skew_is_told_in_another_word_for_it_does_not_page() -> None:
    assert state_word(detector("skew", "drifting")) == "skewed"
    assert state_word(detector("skew", "ok")) == "ok"
    assert state_text("skew", [detector()], NOW).plain == "no alarm is kept for it"


def test_of_several_gateways_the_worst() -> None:
    views = [detector(), detector(state="drifting"), detector("skew"), detector()]
    assert state_text("drift", views, NOW).plain.endswith("on 1 of 3 gateways")
    assert worst_of("drift", [*views, detector(state="muted")]) == detector(state="muted")
    assert worst_of("drift", []) is None
