from dataclasses import replace

import pytest

from tests.unit.cli.sample_views import (
    CANARY,
    CHAMPION,
    FULL,
    NOBODY,
    NOT_RECORDED,
    NOW,
    PROMOTED,
    QUIET,
    SHADOW,
)
from tests.unit.cli.screens import screen
from tiltyard.cli.render.change_report import (
    change_report,
    publish_report,
    slot_words,
    summary,
)
from tiltyard.control.views import RouteView, Sample, SlotView, VersionView


def report(route: RouteView, *, address_is_default: bool = True) -> list[str]:
    return change_report("done", route, NOW, "a:1", address_is_default=address_is_default)


def test_what_is_done_what_serves_and_what_comes_next() -> None:
    fresh = replace(PROMOTED, champion=replace(CHAMPION, errors={}, since_unix_s=NOW))
    assert report(fresh) == [
        "done",
        "  now:  champion 3, previous 2 (warm for 3 d), epoch 7",
        "  next: tiltyard rollback fraud --to previous  # if version 3 is wrong; kept warm for 3 d",
    ]


def test_what_is_not_durable_is_said() -> None:
    assert report(NOT_RECORDED, address_is_default=False) == screen("change_not_recorded")


def test_where_nothing_comes_next_nothing_is_said() -> None:
    assert report(QUIET) == ["done", "  now:  champion 1, epoch 1"]


def test_a_summary_names_every_slot() -> None:
    assert summary(FULL, NOW) == (
        "champion 3, canary 4 with 5 %, shadow 5 of 20 %, previous 2 (warm for 3 d), epoch 7"
    )
    assert summary(NOBODY, NOW) == "nobody serves, epoch 0"
    loading = replace(FULL, challengers=(replace(SHADOW, state="loading"),), previous=None)
    assert summary(loading, NOW) == "champion 3, shadow 5 of 20 % (loading), epoch 7"


@pytest.mark.parametrize(
    ("slot", "words"),
    [
        (CHAMPION, "champion 3"),
        (CANARY, "canary 4 with 5 %"),
        (SHADOW, "shadow 5 of 20 %"),
        (
            replace(CANARY, reverse_shadow=True, sample=Sample(1_000_000)),
            "canary 4 with 5 % and a reverse shadow of 100 %",
        ),
    ],
)
def test_slots_in_words(slot: SlotView, words: str) -> None:
    assert slot_words(slot) == words


@pytest.mark.parametrize(
    ("view", "lines"),
    [
        (
            VersionView("m", 2, "loading"),
            [
                "  the gateway is loading it",
                "  next: tiltyard challenge m 2 --shadow  # the champion serves on",
            ],
        ),
        (
            VersionView("m", 1, "ready", roles=("champion",), batchable=True, batch_rows_max=128),
            [
                "  ready; rows share batches of up to 128",
                "  next: tiltyard status m  # it is the first version, and so serves",
            ],
        ),
        (
            VersionView("m", 2, "ready", batchable=False, batch_reason="a Reshape stops it"),
            [
                "  ready; rows do not share batches: a Reshape stops it",
                "  next: tiltyard challenge m 2 --shadow  # the champion serves on",
            ],
        ),
        (
            VersionView("m", 2, "failed", "it needs\n3 GB"),
            ["  it cannot be loaded: it needs 3 GB", "  next: tiltyard status m  # it failed"],
        ),
    ],
)
def test_what_was_published(view: VersionView, lines: list[str]) -> None:
    first, *others = publish_report(view, "a:1", address_is_default=True)
    assert first == f"published m version {view.version} on a:1"
    assert others == lines
