"""What is said of shadows, and of champions that shadow canaries."""

from dataclasses import replace

from tests.unit.cli.sample_views import AGREEMENT, CANARY, FULL, SHADOW
from tiltyard.cli.render.agreement_notes import compared, latencies, not_compared, pair_of
from tiltyard.control.views import AgreementView

REVERSE = replace(AGREEMENT, source_version=4, dropped={}, error=0, expired=0)
BESIDE = replace(CANARY, agreement=REVERSE, reverse_shadow=True)


def of_shadow(seen: AgreementView) -> tuple[list[str], list[str]]:
    return list(compared(FULL, SHADOW, seen)), list(not_compared(FULL, SHADOW, seen))


def test_a_shadow_is_shown_what_the_champion_answers() -> None:
    assert pair_of(FULL, SHADOW, AGREEMENT) == ("shadow 5", "champion 3")
    told, lost = of_shadow(AGREEMENT)
    assert told[0] == "shadow 5 with champion 3, label: 99.32 % of 185 agree"
    assert told[1].endswith("; not finite: 2 of shadow 5 and 0 of champion 3")
    assert lost == ["shadow 5: 7 queue full, 3 failed, 3 too old and 2 expired of 200 requests"]


def test_beside_a_canary_the_champion_is_the_shadow() -> None:
    assert pair_of(FULL, BESIDE, REVERSE) == ("champion 3", "canary 4")
    told = list(compared(FULL, BESIDE, REVERSE))
    assert told[0] == "champion 3 with canary 4, label: 99.32 % of 185 agree"
    assert told[1].endswith("; not finite: 2 of champion 3 and 0 of canary 4")
    assert list(not_compared(FULL, BESIDE, REVERSE)) == []
    expired = replace(REVERSE, expired=3)
    assert list(not_compared(FULL, BESIDE, expired)) == [
        "champion 3 with canary 4: 3 expired of 200 requests"
    ]


def test_outputs_that_cannot_be_compared_have_a_reason() -> None:
    other = {"shape": 1_105, "dtype": 2, "missing": 1}
    output = replace(AGREEMENT.outputs[0], name="y", compared=0, disagreed=0, incompatible=other)
    seen = replace(AGREEMENT, dropped={}, error=0, expired=0, outputs=(output,))
    assert of_shadow(seen) == (
        [],
        ["shadow 5, y: 1,105 of another shape, 2 of another type and 1 missing"],
    )


def test_of_what_nobody_asked_for_there_is_nothing_to_say() -> None:
    nothing = replace(AGREEMENT, dropped={}, error=0, expired=0, outputs=())
    assert of_shadow(nothing) == ([], [])
    unseen = replace(AGREEMENT.outputs[0], compared=0, disagreed=0)
    assert of_shadow(replace(nothing, outputs=(unseen,))) == ([], [])


def test_latencies_of_the_same_requests_stand_side_by_side() -> None:
    assert list(latencies(FULL, SHADOW, AGREEMENT)) == [
        "shadow 5 ran in 0.80 and 12.2 ms, champion 3 answered in 0.51 and 1.75 ms"
    ]
    assert list(latencies(FULL, SHADOW, replace(AGREEMENT, champion_latency=None))) == []
