from dataclasses import replace

import pytest

from tests.unit.cli.sample_views import (
    CANARY,
    FULL,
    MODELS,
    NOBODY,
    NOT_RECORDED,
    PREVIOUS,
    PROMOTED,
    QUIET,
    SHADOW,
    STATISTICS,
    versions,
)
from tests.unit.cli.screens import screen
from tiltyard.cli.render.status_notes import differences, needs_a_look, notes
from tiltyard.control.views import RouteView, StatisticsRow, VersionView


def told(
    route: RouteView,
    known: tuple[VersionView, ...] = (),
    rows: tuple[StatisticsRow, ...] = (),
) -> list[str]:
    return [f"{note.label}: {note.told}" for note in notes(route, known, rows)]


def test_all_that_there_is_to_say() -> None:
    assert told(FULL, MODELS[0].versions) == screen("notes")


def test_of_what_is_well_there_is_nothing_to_say() -> None:
    assert told(QUIET, versions("churn", 1)) == []


def test_a_rollback_that_is_not_recorded_comes_first() -> None:
    assert told(NOT_RECORDED) == screen("notes_not_recorded")


def test_a_slot_that_is_not_ready_is_told_once() -> None:
    failed = replace(SHADOW, state="failed", reason="its digest\nis another", agreement=None)
    route = replace(PROMOTED, challengers=(failed,))
    assert differences(route) == ["shadow 5 is failed: its digest is another"]
    told_by_gateway = ("shadow 5 does not run: its digest is another",)
    assert differences(replace(route, desired_differs=told_by_gateway)) == [*told_by_gateway]
    previous = replace(PREVIOUS, state="loading", reason="")
    assert differences(replace(PROMOTED, previous=previous)) == ["previous 2 is loading"]


def test_a_failed_version_is_told_once() -> None:
    odd = VersionView("empty", 1, "failed", "its digest is another")
    assert told(NOBODY, (odd,)) == [
        "not as wanted: version 1 does not serve: its digest is another"
    ]


def test_of_many_versions_the_newest_are_named() -> None:
    assert told(QUIET, versions("churn", *range(1, 12))) == [
        "other versions: 6, 7, 8, 9, 10 and 11 ready; 4 older"
    ]


def test_what_is_kept_for_a_while_says_until_when() -> None:
    kept, other = (VersionView("churn", number, "ready") for number in (2, 3))
    kept = replace(kept, kept_until_unix_s=1_795_593_600.0)
    gone = replace(kept, version=4, state="stored")
    assert told(QUIET, (kept, other, gone)) == [
        "other versions: 2 ready until 2026-11-25 08:00:00 UTC; 3 ready; 4 stored"
    ]


def test_answers_that_are_not_finite_are_told_in_red() -> None:
    assert QUIET.champion is not None
    champion = replace(QUIET.champion, non_finite=1)
    route = replace(QUIET, champion=champion, challengers=(replace(CANARY, non_finite=640),))
    found = notes(route, ())
    assert [(note.label, note.told, note.style) for note in found] == [
        ("not finite", "1 of 12,345 answers of champion 1", "red"),
        ("not finite", "640 of 648 answers of canary 4", "red"),
    ]


@pytest.mark.parametrize(
    ("route", "needed"),
    [
        (QUIET, False),
        (FULL, False),
        (NOT_RECORDED, True),
        (NOBODY, True),
        (replace(QUIET, previous=replace(PREVIOUS, state="failed")), True),
    ],
)
def test_who_needs_a_look(route: RouteView, needed: bool) -> None:
    assert needs_a_look(route) is needed


def test_requests_that_no_canary_can_have_are_told() -> None:
    others = replace(STATISTICS, role="champion", unkeyed=0, ineligible=0)
    assert told(QUIET, rows=(others, STATISTICS)) == [
        "not split: 1,234 requests that came without a key; the champion answered them",
        "not split: 5 requests that their canary cannot take; the champion answered them",
    ]
    assert told(QUIET, rows=(replace(STATISTICS, unkeyed=0, ineligible=0),)) == []
