from dataclasses import replace
from decimal import Decimal

import click
import pytest

from tests.unit.cli.sample_views import CANARY, FULL, SHADOW
from tiltyard.cli.wanted_challenge import WantedChallenge, check_update
from tiltyard.control.views import OutputRule

SHARE, SAMPLE = Decimal(5), Decimal(20)
RULES = (OutputRule("y", "label"),)
WANTED_CANARY = WantedChallenge("fraud", 4, "canary", SHARE)
WANTED_SHADOW = WantedChallenge("fraud", 5, "shadow", sample=SAMPLE)


@pytest.mark.parametrize(
    "wanted",
    [
        WANTED_CANARY,
        replace(WANTED_CANARY, split="key"),
        replace(WANTED_CANARY, reverse_shadow=True, sample=SAMPLE),
        WANTED_SHADOW,
        replace(WANTED_SHADOW, sample=None),
        replace(WANTED_SHADOW, compare=RULES),
        replace(WANTED_CANARY, reverse_shadow=True, compare=RULES),
    ],
)
def test_what_goes_together(wanted: WantedChallenge) -> None:
    wanted.check()


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (replace(WANTED_CANARY, share=None), "say how it challenges: --canary SHARE"),
        (replace(WANTED_SHADOW, share=SHARE), "--canary and --shadow exclude each other"),
        (replace(WANTED_CANARY, sample=SAMPLE), "--sample is for --shadow or --reverse-shadow"),
        (replace(WANTED_CANARY, compare=RULES), "--compare is for --shadow or --reverse-shadow"),
        (replace(WANTED_SHADOW, split="key"), "--split is for --canary"),
        (replace(WANTED_SHADOW, reverse_shadow=True), "--reverse-shadow is for --canary"),
    ],
)
def test_what_does_not(wanted: WantedChallenge, sentence: str) -> None:
    with pytest.raises(click.UsageError, match=sentence):
        wanted.check()


def test_what_can_be_changed() -> None:
    check_update(WANTED_CANARY, FULL, CANARY)
    check_update(replace(WANTED_CANARY, split="key"), FULL, CANARY)
    check_update(WANTED_SHADOW, FULL, SHADOW)
    check_update(replace(WANTED_SHADOW, sample=None, compare=RULES), FULL, SHADOW)
    for wanted in (True, False):
        check_update(replace(WANTED_CANARY, reverse_shadow=wanted), FULL, CANARY)


STOP = "stop it first: tiltyard stop-challenge fraud 4"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (
            replace(WANTED_SHADOW, sample=None),
            "shadow 5 of 20 % challenges fraud already; say what to change: --sample or --compare",
        ),
        (
            replace(WANTED_CANARY, split="request"),
            f"canary 4 with 5 % challenges fraud already, split by key; {STOP}",
        ),
    ],
)
def test_what_cannot(wanted: WantedChallenge, sentence: str) -> None:
    slot = SHADOW if wanted.mode == "shadow" else CANARY
    with pytest.raises(click.UsageError) as caught:
        check_update(wanted, FULL, slot)
    assert caught.value.message == sentence
