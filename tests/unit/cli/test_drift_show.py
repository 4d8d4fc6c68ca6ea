"""`tiltyard drift NAME`: what is read, when, and how watching goes on and ends."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click
import grpc
import pytest
from rich.console import Console

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient, call_error
from tests.unit.cli.sample_planes import KEY, WINDOW, quiet_plane, sample_plane
from tests.unit.cli.sample_views import NOW, STATISTICS
from tests.unit.cli.screens import screen
from tiltyard.cli import drift_show as command
from tiltyard.cli import screen as written
from tiltyard.cli.connection import NoGatewayError
from tiltyard.cli.drift_places import NothingWatchedError
from tiltyard.client.admin_errors import AdminPreconditionError, AdminUnavailableError
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.snapshot import PlaneKey
from tiltyard.monitor.statistics.errors import StatisticsError

REFUSED = call_error(AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE: refused")
GONE = call_error(AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "it is stopping", "DRAINING")


class Clock:
    """A time of day that passes while a command waits; after `looks` of those, Ctrl-C."""

    def __init__(self, looks: int) -> None:
        self.time = NOW
        self.looks = looks
        self.on_wait: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.looks -= 1
        if self.looks <= 0:
            raise KeyboardInterrupt
        self.time += seconds
        self.on_wait()


@pytest.fixture
def clock(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> Clock:  # noqa: ARG001 - sets another clock before
    found = Clock(looks=3)
    monkeypatch.setattr(written, "now", found.now)
    monkeypatch.setattr(command, "wait", found.wait)
    return found


def terminal(monkeypatch: pytest.MonkeyPatch, height: int = 40, kind: str = "xterm") -> None:
    def make_console() -> Console:
        return Console(
            file=sys.stdout,
            force_terminal=True,
            color_system=None,
            width=100,
            height=height,
            _environ={"TERM": kind},
        )

    monkeypatch.setattr(written, "make_console", make_console)


def test_one_plane(client: FakeClient, invoke: Invoke) -> None:
    lines = invoke("drift", "fraud").output.splitlines()
    assert lines == screen("drift_pipe")
    first, second = (said[0] for _, said, _ in client.calls)
    assert first == DriftQuery("fraud", pieces=1, history_s=WINDOW)
    assert second == DriftQuery(
        "fraud", 3, "champion", "", window_s=WINDOW, pieces=24, history_s=24 * WINDOW
    )
    assert client.calls[0][2] == {"timeout_s": 60.0}


def test_a_window_and_a_filter(client: FakeClient, invoke: Invoke) -> None:
    client.planes = [sample_plane(key=PlaneKey("fraud", 3, "canary", "country=NO"))]
    done = invoke(
        "drift", "fraud", "--window", "1h", "--version", 3, "--role", "canary", "--segment",
        "country=NO", "--against", "week",
    )  # fmt: skip
    assert "drift from the same 10 min a week ago" in done.output
    asked = DriftQuery("fraud", 3, "canary", "country=NO", 3_600.0, pieces=1, history_s=3_600.0)
    assert client.calls[0][1] == (asked,)
    assert client.calls[1][1][0].history_s == 24 * 3_600.0


@pytest.mark.parametrize(("window", "pieces"), [("16d", 24), ("17d", 23), ("400d", 1), ("401d", 1)])
def test_the_history_is_no_longer_than_a_gateway_tells_of(
    client: FakeClient, invoke: Invoke, window: str, pieces: int
) -> None:
    invoke("drift", "fraud", "--window", window)
    query = client.calls[1][1][0]
    assert query.pieces == pieces
    assert query.history_s == pieces * query.window_s


@pytest.mark.parametrize(
    ("against", "told"),
    [
        ("profile", "skew from training profile 2 of 15,000 rows"),
        ("baseline", "drift from baseline 4 of 20,000 rows"),
        ("previous", "drift from the 10 min before"),
    ],
)
@pytest.mark.usefixtures("client")
def test_what_it_is_held_against(invoke: Invoke, against: str, told: str) -> None:
    assert told in invoke("drift", "fraud", "--against", against).output.splitlines()


def test_against_what_is_not_there(client: FakeClient, invoke: Invoke) -> None:
    client.planes = [replace(sample_plane(), baseline=None)]
    done = invoke("drift", "fraud", "--against", "baseline")
    assert isinstance(done.exception, StatisticsError)
    assert str(done.exception) == (
        "fraud version 3 champion cannot be held against 'baseline': there is profile, previous,"
        " week"
    )
    assert "skew from training profile" in invoke("drift", "fraud").output


@pytest.mark.parametrize("command", [(), ("report",)])
def test_every_role_is_named(invoke: Invoke, command: tuple[str, ...]) -> None:
    told = " ".join(invoke("drift", *(command or ("show",)), "--help").output.split())
    assert "champion, canary, champion-as, shadow, shadowed" in told


def test_other_planes_are_told_of_in_a_line(client: FakeClient, invoke: Invoke) -> None:
    keys = [PlaneKey("fraud", 4, "shadow"), PlaneKey("fraud", 3, "champion", "country=NO")]
    client.planes = [sample_plane(), *(quiet_plane(key=key) for key in keys)]
    lines = invoke("drift", "fraud").output.splitlines()
    at = lines.index("also watched")
    assert [line.split()[:2] for line in lines[at + 2 : at + 4]] == [
        ["4", "shadow"],
        ["3", "champion"],
    ]


def test_requests_that_name_the_version_are_why_none_is_counted(
    client: FakeClient, invoke: Invoke
) -> None:
    silent = replace(quiet_plane().current, counts=quiet_plane().profile.layout.zeros())
    client.planes = [replace(quiet_plane(), current=silent)]
    client.statistics = [
        replace(STATISTICS, role="pinned", assigned=1_234),
        replace(STATISTICS, role="pinned", assigned=9, version=4),
        replace(STATISTICS, assigned=9),
    ]
    told = (
        "pinned:      1,234 requests since it was loaded asked for the version by its number; what"
        " does is not counted"
    )
    assert told in invoke("drift", "fraud").output.splitlines()
    client.fail = [None, None, GONE]
    done = invoke("drift", "fraud")
    assert (done.exception, "pinned:" in done.output) == (None, False)
    client.planes = [quiet_plane()]
    assert "pinned:" not in invoke("drift", "fraud").output
    assert client.methods()[-1] == "get_drift", "nobody asks where there is traffic"


def test_after_a_rollback_the_champion_is_shown(client: FakeClient, invoke: Invoke) -> None:
    taken_back = replace(quiet_plane(key=PlaneKey("fraud", 4, "champion")), slot="")
    client.planes = [taken_back, replace(sample_plane(), slot="champion")]
    shown = invoke("drift", "fraud").output
    assert shown.startswith("fraud  version 3 champion  ")
    assert "4 champion, not serving" in shown
    assert "ALARM a-17" in shown
    head, *_ = invoke("drift", "fraud", "--version", 4).output.splitlines()
    assert head.startswith("fraud  version 4 champion, not serving  ")


def test_one_feature(client: FakeClient, invoke: Invoke) -> None:
    lines = invoke("drift", "fraud", "--feature=amount").output.splitlines()
    assert lines[0] == "amount  numeric feature of fraud  version 3 champion"
    assert sum(line.startswith(("(", "[")) for line in lines) == 10
    fine = invoke("drift", "fraud", "--feature=amount", "--fine").output.splitlines()
    assert sum(line.startswith(("(", "[")) for line in fine) == 32
    assert client.is_closed


@pytest.mark.usefixtures("client")
def test_a_feature_that_there_is_not(invoke: Invoke) -> None:
    done = invoke("drift", "fraud", "--feature", "amuont")
    assert isinstance(done.exception, command.UnknownFeatureError)
    assert str(done.exception).startswith(
        "fraud version 3 has no feature 'amuont'; it has 'amount'"
    )
    assert done.exception.exit_code == 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("fraud",), "problem:     a:1 is not counted here: no gateway answers at a:1"),
        (("fraud", "--feature=amount"), "no answer: a:1: no gateway answers at a:1"),
        ((), "no answer: a:1: no gateway answers at a:1"),
        (("fraud", "--json"), '  "problem": "a:1: no gateway answers at a:1'),
    ],
)
def test_those_gateways_are_shown_that_answer(
    client: FakeClient, invoke: Invoke, words: tuple[str, ...], told: str
) -> None:
    client.planes = [replace(sample_plane(), gateways=())]
    client.fail = [REFUSED]
    done = invoke("drift", *words, "--admin", "a:1,b:2")
    assert done.exception is None
    assert any(line.startswith(told) for line in done.output.splitlines())
    client.fail = [REFUSED, REFUSED]
    assert isinstance(invoke("drift", *words, "--admin", "a:1,b:2").exception, NoGatewayError)


def test_a_program_reads_one_feature(client: FakeClient, invoke: Invoke) -> None:
    plane = sample_plane()
    client.planes = [replace(plane, compared=plane.previous)]
    (found,) = json.loads(invoke("drift", "fraud", "--feature=score", "--json").output)["planes"]
    whole = json.loads(invoke("drift", "fraud", "--json").output)["planes"][0]
    for name in ("report", "skew", "challenge"):
        of_it = [one for one in whole[name]["streams"] if one["stream"] == "score"]
        assert found[name]["streams"] == of_it
        assert len(of_it) == 1
    history = whole["history"]["streams"]
    assert found["history"]["streams"] == {"score": history["score"]}


def test_a_program_that_asks_for_a_feature_that_there_is_not(
    client: FakeClient, invoke: Invoke
) -> None:
    plane = sample_plane()
    small = sample_plane(1, PlaneKey("fraud", 4, "shadow"))
    client.planes = [plane, small]
    wrong = [invoke("drift", "fraud", "--feature=x", *more).exception for more in ((), ("--json",))]
    assert isinstance(wrong[0], command.UnknownFeatureError)
    assert (type(wrong[1]), str(wrong[1])) == (type(wrong[0]), str(wrong[0]))
    found = json.loads(invoke("drift", "fraud", "--feature=items", "--json").output)["planes"]
    assert [len(one["report"]["streams"]) for one in found] == [1, 0]


def test_a_program_reads_all_that_is_on_the_page(client: FakeClient, invoke: Invoke) -> None:
    client.planes = [sample_plane(), quiet_plane(key=PlaneKey("fraud", 4, "shadow"))]
    found = json.loads(invoke("drift", "fraud", "--json").output)
    assert (found["at_unix_s"], found["admin"]) == (NOW, ["127.0.0.1:8003"])
    assert [plane["key"]["role"] for plane in found["planes"]] == ["champion", "shadow"]
    drift, skew = (found["planes"][0][name] for name in ("report", "skew"))
    assert (drift["name"], drift["against"], skew["name"]) == ("drift", "baseline", "skew")
    assert sum(cell["count"] for cell in drift["streams"][0]["cells"]) == 6_000
    assert client.calls[1][1][0] == DriftQuery("fraud", pieces=24, history_s=24 * WINDOW)


def test_nothing_is_watched(client: FakeClient, invoke: Invoke) -> None:
    client.planes = []
    for words in (("drift", "fraud"), ("drift",), ("drift", "fraud", "--json")):
        assert isinstance(invoke(*words).exception, NothingWatchedError)


def test_a_plane_that_ends_meanwhile(client: FakeClient, invoke: Invoke) -> None:
    taken = client.get_drift

    def get_drift(query: DriftQuery, **options: Any) -> Any:
        found = taken(query, **options)
        client.planes = []
        return found

    client.get_drift = get_drift  # type: ignore[method-assign]  # a plane that ends
    assert isinstance(invoke("drift", "fraud").exception, NothingWatchedError)


def test_a_gateway_that_does_not_watch(client: FakeClient, invoke: Invoke) -> None:
    refusal = call_error(
        AdminPreconditionError,
        grpc.StatusCode.FAILED_PRECONDITION,
        "this gateway does not watch drift",
        "PRECONDITION",
    )
    client.fail = [refusal]
    assert invoke("drift", "fraud").exception is refusal


@pytest.mark.usefixtures("client")
def test_mistakes(invoke: Invoke) -> None:
    for words in (("--feature", "x"), ("--role", "shadow"), ("--version", "3")):
        assert isinstance(invoke("drift", *words).exception, click.UsageError)


def test_watching_shows_it_again_until_ctrl_c(
    client: FakeClient, invoke: Invoke, clock: Clock
) -> None:
    clock.on_wait = lambda: setattr(client, "planes", [quiet_plane()])
    done = invoke("drift", "fraud", "--watch")
    assert done.exception is None
    told = [line.split()[1] for line in done.output.splitlines() if line.startswith("drift:")]
    assert told == ["DRIFTING", "ok", "ok"]
    assert client.calls[0][2] == {"timeout_s": 5.0}
    assert done.output.rstrip().endswith("every 2 s; Ctrl-C ends it")


def test_watching_goes_on_while_the_gateway_is_away(
    client: FakeClient, invoke: Invoke, clock: Clock
) -> None:
    silent = call_error(AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE: refused")
    client.fail = [None, None, GONE, silent]
    clock.looks = 4
    done = invoke("drift", "fraud", "--watch")
    assert done.exception is None
    told = [line for line in done.output.splitlines() if line.startswith("no answer")]
    assert told[0] == "no answer, what follows is 2 s old: it is stopping"
    assert told[1].startswith("no answer, what follows is 4 s old: no gateway answers at")
    assert len(told) == 2
    assert clock.looks == 0


@pytest.mark.usefixtures("clock")
def test_a_gateway_that_was_never_there_is_not_watched(client: FakeClient, invoke: Invoke) -> None:
    client.fail = [
        call_error(AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE: refused")
    ]
    assert isinstance(invoke("drift", "fraud", "--watch").exception, NoGatewayError)


@pytest.mark.usefixtures("clock", "client")
def test_a_program_that_watches_reads_a_line_each(invoke: Invoke) -> None:
    lines = invoke("drift", "fraud", "--watch", "--json").output.splitlines()
    assert [json.loads(line)["at_unix_s"] for line in lines] == [NOW, NOW + 2, NOW + 4]


@pytest.mark.usefixtures("clock")
def test_on_a_terminal_it_is_drawn_in_place_and_fits(
    client: FakeClient, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.planes = [quiet_plane(200)]
    terminal(monkeypatch)
    done = invoke("drift", "fraud", "--watch")
    assert done.exception is None
    assert "\x1b[?25l" in done.output  # the cursor is hidden
    assert "and 180 more features" in done.output
    assert "tiltyard drift fraud --watch" in done.output  # the last line but for the hint
    terminal(monkeypatch, height=24)
    assert "and 195 more features" in invoke("drift", "fraud", "--watch").output


@pytest.mark.usefixtures("clock")
def test_a_dumb_terminal_gets_one_below_the_other(
    client: FakeClient, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.planes = [quiet_plane(30)]
    terminal(monkeypatch, kind="dumb")
    done = invoke("drift", "fraud", "--watch")
    assert "\x1b" not in done.output
    assert done.output.count("fraud  version 3 champion") == 3


def test_on_a_terminal_the_first_are_listed_and_in_a_pipe_all(
    client: FakeClient, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.planes = [sample_plane(200, KEY)]
    assert "feature_199" in invoke("drift", "fraud").output
    terminal(monkeypatch)
    shown = invoke("drift", "fraud").output
    assert "and 180 more features, none of them above the noise; --all lists them" in shown
    assert "feature_199" not in shown
    assert "feature_199" in invoke("drift", "fraud", "--all").output
