from tests.unit.report.measures import measured, numeric, stream_with
from tiltyard.report.card import Background, card

STREAM = stream_with(numeric(1, 2, 3, 4), [0, 0, 250, 250, 250, 250, 0, 0, 0], "amount")
MOVED = [0, 0, 100, 200, 300, 400, 0, 0, 0]
KEY = ("feature", "amount")


def test_a_card_has_what_its_background_says() -> None:
    background = Background(
        trends={KEY: (0.5, None, 2.04)},
        causes={KEY: "because"},
        kappa={"amount": 1.3},
        tolerance={"amount": 0.1},
        evidence_log10={"amount": 7.0},
    )
    made = card(3, "p1-drift", measured(STREAM, MOVED), STREAM, background, 1.0, is_drawn=True)
    assert (made.rank, made.anchor, made.is_over) == (3, "p1-drift-feature-3", True)
    assert (made.cause, made.kappa, made.tolerance) == ("because", 1.3, 0.1)
    assert made.heat_ratios == "0.5,,2"
    assert "PSI at most 2.0 times its noise band" in made.spark
    assert made.shown is not None
    assert not made.has_training


def test_without_a_history_there_are_no_lines() -> None:
    made = card(1, "p", measured(STREAM, MOVED), STREAM, Background(), 1.0, is_drawn=False)
    assert made.spark == made.heat == made.heat_ratios == ""
    assert made.shown is None
    assert made.kappa is None


def test_without_rows_there_is_no_gauge_and_nothing_is_over() -> None:
    made = card(1, "p", measured(STREAM, [0] * 9), STREAM, Background(), 1.0, is_drawn=True)
    assert made.gauge == ""
    assert not made.is_over


def test_within_noise_it_is_not_over() -> None:
    same = measured(STREAM, [0, 0, 250, 250, 250, 250, 0, 0, 0])
    made = card(1, "p", same, STREAM, Background(), 1.0, is_drawn=True)
    assert not made.is_over
    assert "class=within" in made.gauge
