from dataclasses import replace

import pytest

from tests.unit.cli.sample_views import (
    AGREEMENT,
    CANARY,
    CHAMPION,
    FULL,
    NOBODY,
    NOT_RECORDED,
    NOW,
    PREVIOUS,
    PROMOTED,
    QUIET,
    SHADOW,
    versions,
)
from tiltyard.cli.render.next_step import NextStep, command_line, next_step
from tiltyard.control.views import RouteView, Share, SlotView, VersionView

FRESH = replace(PROMOTED, champion=replace(CHAMPION, errors={}, since_unix_s=NOW - 60))


def challenged(*challengers: SlotView) -> RouteView:
    return replace(FULL, challengers=challengers)


def canary(percent: int, **changes: object) -> SlotView:
    return replace(CANARY, share=Share(65_536 * percent // 100), **changes)  # type: ignore[arg-type]  # replace() takes any field


def shadow(compared: int, disagreed: float, **more: object) -> SlotView:
    changed = {"compared": compared, "disagreed": disagreed, **more}
    outputs = (replace(AGREEMENT.outputs[0], **changed),)  # type: ignore[arg-type]  # likewise
    return replace(SHADOW, agreement=replace(AGREEMENT, error=0, outputs=outputs))


@pytest.mark.parametrize(
    ("route", "command", "why"),
    [
        (NOT_RECORDED, "status pricing --watch", "until the rollback is recorded"),
        # canaries
        (
            challenged(canary(5)),
            "challenge fraud 4 --canary 50%",
            "none of 648 requests failed with canary 4",
        ),
        (challenged(canary(50)), "promote fraud", "none of 648 requests failed with canary 4"),
        (challenged(canary(50), SHADOW), "promote fraud 4", "none of 648"),
        (
            challenged(canary(30), canary(60, version=6)),
            "promote fraud 6",
            "none of 648 requests failed with canary 6",
        ),
        (
            challenged(canary(5, requests=99)),
            "status fraud --watch",
            "canary 4 has had 99 requests so far",
        ),
        (
            challenged(canary(5, requests=1)),
            "status fraud --watch",
            "canary 4 has had 1 request so far",
        ),
        (
            challenged(canary(0, requests=0)),
            "challenge fraud 4 --canary 5%",
            "canary 4 is given no requests",
        ),
        (challenged(canary(5, state="loading")), "status fraud --watch", "is not ready yet"),
        (
            challenged(canary(5, errors={"run_failed": 30})),
            "rollback fraud",
            "canary 4 fails 4.63 %, the champion 0.02 %",
        ),
        (
            challenged(canary(5, state="failed"), canary(6, version=6)),
            "stop-challenge fraud 4",
            "canary 4 cannot be loaded",
        ),
        (
            challenged(canary(5, errors={"wrong_dtype": 30})),
            "challenge fraud 4 --canary 50%",
            "30 of 648 requests failed with canary 4",
        ),
        # shadows
        (
            challenged(shadow(200, 0.5)),
            "challenge fraud 5 --canary 5%",
            "shadow 5 agrees in 99.75 % of 200 requests",
        ),
        (
            challenged(shadow(1_245, 47)),
            "challenge fraud 5 --canary 5%",
            "shadow 5 agrees in 96.22 % of 1,245 requests",
        ),
        (
            challenged(shadow(200, 20)),
            "stop-challenge fraud 5",
            "shadow 5 differs in 10 % of 200 requests",
        ),
        (challenged(shadow(99, 20)), "status fraud --watch", "was compared in 99 requests so far"),
        (
            challenged(replace(SHADOW, agreement=None)),
            "status fraud --watch",
            "shadow 5 was compared in no requests so far",
        ),
        (
            challenged(canary(5, non_finite=648)),
            "rollback fraud",
            "100 % of the answers of canary 4 are not finite, 0 % of the champion's",
        ),
        (
            replace(FRESH, champion=replace(CHAMPION, errors={}, non_finite=1_000)),
            "rollback fraud --to previous",
            "8.1 % of the answers of champion 3 are not finite; before it, version 2 served",
        ),
        (
            replace(
                challenged(canary(5, non_finite=30)),
                champion=replace(CHAMPION, non_finite=600),
            ),
            "challenge fraud 4 --canary 50%",
            "none of 648 requests failed with canary 4",
        ),
        (
            challenged(shadow(0, 0, incompatible={"shape": 1_105})),
            "stop-challenge fraud 5",
            "shadow 5 cannot be compared, label: 1,105 of another shape",
        ),
        (
            challenged(shadow(200, 1, non_finite_shadow=200)),
            "stop-challenge fraud 5",
            "shadow 5, label: 200 of 200 answers are not finite",
        ),
        (
            challenged(replace(shadow(200, 0), state="loading")),
            "status fraud --watch",
            "not ready yet",
        ),
        (
            challenged(replace(SHADOW, agreement=replace(AGREEMENT, ok=50, error=50))),
            "stop-challenge fraud 5",
            "shadow 5 fails 50 %, the champion 0.02 %",
        ),
        # a champion alone
        (FRESH, "rollback fraud --to previous", "if version 3 is wrong; kept warm for 3 d"),
        (
            replace(FRESH, champion=replace(CHAMPION, errors={"run_failed": 200})),
            "rollback fraud --to previous",
            "champion 3 fails 1.62 % of 12,345 requests; before it, version 2 served",
        ),
        (
            replace(QUIET, champion=replace(CHAMPION, errors={"run_failed": 200})),
            "publish churn FILE.onnx",
            "and there is none to go back to",
        ),
        (
            replace(QUIET, desired_differs=("the store cannot be read",)),
            "status churn --watch",
            "until it is as wanted",
        ),
    ],
)
def test_what_is_under_way_comes_next(route: RouteView, command: str, why: str) -> None:
    step = next_step(route, (), NOW)
    assert step.command == f"tiltyard {command}"
    assert why in step.why
    assert not step.is_idle


def test_without_a_champion_one_is_named() -> None:
    ready = next_step(NOBODY, versions("empty", 1, 2), NOW)
    assert (ready.command, ready.why) == ("tiltyard champion empty 2", "nobody serves")
    loading = next_step(NOBODY, (VersionView("empty", 1, "loading"),), NOW)
    assert loading.command == "tiltyard status empty --watch"
    failed = next_step(NOBODY, (VersionView("empty", 1, "failed"),), NOW)
    assert failed.command == "tiltyard publish empty FILE.onnx"


def test_a_newer_version_challenges_once_the_champion_has_settled() -> None:
    known = versions("fraud", 2, 3, 6)
    assert next_step(FRESH, known, NOW).command == "tiltyard rollback fraud --to previous"
    step = next_step(PROMOTED, known, NOW)
    assert step.command == "tiltyard challenge fraud 6 --shadow"
    assert next_step(PROMOTED, (VersionView("fraud", 6, "loading"),), NOW).is_idle


def test_what_was_taken_back_is_not_offered_again() -> None:
    taken_back = replace(FRESH, previous=replace(PREVIOUS, version=4))
    step = next_step(taken_back, versions("fraud", 3, 4), NOW)
    assert (step.why, step.is_idle) == ("version 4 was taken back", True)


def test_where_nothing_is_under_way_it_says_so() -> None:
    assert next_step(QUIET, versions("churn", 1), NOW) == NextStep(
        "tiltyard publish churn FILE.onnx", "nothing is under way", is_idle=True
    )
    settled = next_step(PROMOTED, (), NOW)
    assert (settled.command, settled.is_idle) == ("tiltyard rollback fraud --to previous", True)


def test_a_command_reaches_the_gateway_that_it_is_about() -> None:
    step = NextStep("tiltyard promote fraud", "")
    assert command_line(step, "a:1", is_default=True) == "tiltyard promote fraud"
    assert command_line(step, "a:1", is_default=False) == "tiltyard promote fraud --admin a:1"
    publish = NextStep("tiltyard publish fraud FILE.onnx", "")
    assert command_line(publish, "a:1", is_default=True).endswith(" --admin a:1")
