import time
from typing import Any, cast

import grpc
import numpy as np
import pytest

from tests.unit.monitor.traffic import columns, recount, reference_profile, words_of
from tiltyard.client import AdminClient
from tiltyard.client.admin_errors import AdminPreconditionError, Details
from tiltyard.demo import watching
from tiltyard.demo.watching import counted, most_changed, next_second, wait_until_watched
from tiltyard.errors import ClientError
from tiltyard.monitor.snapshot import PlaneKey, Snapshot, Window

PROFILE = reference_profile()


def snapshot(rows: int, shift: float = 0.0) -> Snapshot:
    counts = recount(PROFILE, [words_of(columns(1, rows, shift))])
    window = Window(0.0, 1.0, counts)
    key = PlaneKey("fraud", 2, "champion")
    return Snapshot(key, PROFILE, window, None, None, (window,), None, (), ())


class Admin:
    """Answers with these in turn; an error is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def get_drift(self, _query: Any) -> list[Snapshot]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [answer]


def admin(*answers: Any) -> AdminClient:
    return cast("AdminClient", Admin(*answers))


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_S", 0.0)


def refusal() -> AdminPreconditionError:
    code = grpc.StatusCode.FAILED_PRECONDITION
    return AdminPreconditionError(code, "the monitor is still starting", Details(None))


def test_it_waits_until_all_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wait_until_watched(admin(refusal(), snapshot(9), snapshot(9)), ["a", "b"]) >= 0
    monkeypatch.setattr(watching, "WATCH_S_MAX", -1.0)
    with pytest.raises(ClientError, match=r"a was not watched in .*still starting"):
        wait_until_watched(admin(refusal()), ["a"])


def test_it_waits_until_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert counted(admin(snapshot(5), snapshot(7)), "fraud", 0.0, 7).current.counts[0] == 7
    monkeypatch.setattr(watching, "COUNT_S_MAX", -1.0)
    with pytest.raises(ClientError, match=r"expected 9 rows to be counted .* found 7"):
        counted(admin(snapshot(7)), "fraud", 0.0, 9)


def test_what_changed_most_comes_first() -> None:
    streams = most_changed(snapshot(1_000, shift=2.0))
    assert [one.stream for one in streams] == ["amount", "age"]
    assert np.isfinite(streams[0].psi or np.nan)


def test_a_second_begins() -> None:
    begin = next_second()
    assert begin == begin // 1
    assert begin <= time.time() < begin + 0.9
