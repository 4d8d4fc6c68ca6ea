"""The order of loading, and that nothing a version does holds up the others."""

import threading
from collections.abc import Callable
from typing import Any, cast

from tiltyard._core import LoadedVersion
from tiltyard.errors import IntegrityError
from tiltyard.loading import STILL_LOADING, Loaded, Loader, LoadReport, newest_first

PATIENCE_S = 0.01


class Version:
    """What the loader sees of a LoadedVersion, which only an engine can make: that it exists."""

    def __init__(self, model: str, number: int) -> None:
        self.model = model
        self.version = number


def loaded(model: str, number: int, *notices: str) -> Loaded:
    return Loaded(cast(LoadedVersion, Version(model, number)), notices)


def run(
    load: Callable[[str, int], Loaded], models: dict[str, list[int]], **options: Any
) -> tuple[Loader, list[LoadReport]]:
    """Load to the end; the loader, and what it told."""
    loader = Loader(load, **{"timeout_s": 60.0, "patience_s": 60.0, **options})
    loader.want(newest_first(models))
    told: list[LoadReport] = []
    loader.run(UntilDone(told, loader), told.append)
    return loader, told


class UntilDone:
    """Stops a loader when all have settled and none is on the way."""

    def __init__(self, told: list[LoadReport], loader: Loader) -> None:
        self._told = told
        self._loader = loader

    def is_set(self) -> bool:
        if not self._told or self._loader.is_busy:
            return False
        return self._told[-1].settled and self._told[-1] == self._loader.report()


def keys(report: LoadReport) -> set[tuple[str, int]]:
    return {(version.model, version.version) for version in report.versions}


def test_the_newest_of_each_model_comes_first() -> None:
    begun = []

    def load(model: str, number: int) -> Loaded:
        begun.append((model, number))
        return loaded(model, number)

    _, told = run(load, {"b": [1, 2, 3], "a": [9, 10]})
    assert begun == [("a", 10), ("b", 3), ("a", 9), ("b", 2), ("b", 1)]
    assert told[-1].settled
    assert told[-1].models == 2
    assert keys(told[-1]) == set(begun)


def test_before_it_begins_everything_is_still_loading() -> None:
    loader = Loader(loaded, timeout_s=60.0)
    loader.want([("a", 2), ("a", 1)])
    report = loader.report()
    assert not report.settled
    assert report.unready == [("a", 2, STILL_LOADING), ("a", 1, STILL_LOADING)]
    assert report.loading == {("a", 2), ("a", 1)}


def test_an_empty_store_is_settled_at_once() -> None:
    _, told = run(loaded, {})
    assert told == [LoadReport(settled=True)]


def test_failures_and_bugs_are_reported_and_the_rest_is_loaded() -> None:
    def load(model: str, number: int) -> Loaded:
        if number == 2:
            raise IntegrityError("model.onnx changed")
        if number == 3:
            raise ZeroDivisionError("oh")
        return loaded(model, number, f"notice of {number}")

    _, told = run(load, {"a": [1, 2, 3, 4]})
    last = told[-1]
    assert last.settled
    assert keys(last) == {("a", 1), ("a", 4)}
    assert sorted(last.unready) == [
        ("a", 2, "model.onnx changed"),
        ("a", 3, "ZeroDivisionError: oh"),
    ]
    assert last.loading == frozenset()
    assert last.notices == ["notice of 4", "notice of 1"]
    assert [type(bug) for bug in last.bugs] == [ZeroDivisionError]


def test_one_that_hangs_is_passed_by_given_up_and_taken_when_it_comes() -> None:
    release = threading.Event()
    told: list[LoadReport] = []

    def load(model: str, number: int) -> Loaded:
        if model == "hangs":
            assert release.wait(60)
        return loaded(model, number)

    def on_change(report: LoadReport) -> None:
        told.append(report)
        if report.settled:
            release.set()

    loader = Loader(load, timeout_s=0.5, patience_s=PATIENCE_S)
    loader.want([("hangs", 1), ("well", 1)])
    loader.run(UntilDone(told, loader), on_change)
    given_up = next(report for report in told if report.settled)
    assert keys(given_up) == {("well", 1)}
    assert given_up.unready == [("hangs", 1, f"{STILL_LOADING}, for more than 0.5 s now")]
    assert given_up.loading == frozenset()
    assert keys(told[-1]) == {("well", 1), ("hangs", 1)}
    assert told[-1].unready == []
    assert not loader.is_busy


def test_others_are_published_while_one_hangs() -> None:
    release = threading.Event()

    def load(model: str, number: int) -> Loaded:
        if model == "hangs":
            assert release.wait(60)
        return loaded(model, number)

    def on_change(report: LoadReport) -> None:
        if keys(report) == {("well", 1)}:
            assert not report.settled
            release.set()

    loader = Loader(load, timeout_s=60.0, patience_s=PATIENCE_S)
    loader.want([("hangs", 1), ("well", 1)])
    loader.run(release, on_change)
    assert release.is_set()


def test_a_stop_ends_it_whatever_hangs() -> None:
    stopping, release = threading.Event(), threading.Event()

    def load(model: str, number: int) -> Loaded:
        stopping.set()
        assert release.wait(60)
        return loaded(model, number)

    loader = Loader(load, timeout_s=60.0)
    loader.want([("hangs", 1), ("never", 1)])
    loader.run(stopping, lambda _: None)
    assert loader.is_busy
    assert [model for model, _, _ in loader.report().unready] == ["never", "hangs"]
    release.set()


def test_what_is_wanted_may_change_while_it_loads() -> None:
    begun: list[tuple[str, int]] = []
    told: list[LoadReport] = []

    def load(model: str, number: int) -> Loaded:
        begun.append((model, number))
        if number == 2:
            loader.want([("a", 1), ("a", 3)])
        return loaded(model, number)

    loader = Loader(load, timeout_s=60.0, patience_s=60.0)
    loader.want([("a", 1), ("a", 2)])
    loader.run(UntilDone(told, loader), told.append)
    assert begun == [("a", 1), ("a", 2), ("a", 3)]
    assert keys(loader.report()) == {("a", 1), ("a", 3)}
    loader.want([])
    assert loader.report() == LoadReport(settled=True)


def test_one_that_failed_is_tried_again_when_asked_and_not_before() -> None:
    tries: list[int] = []
    told: list[LoadReport] = []

    def load(model: str, number: int) -> Loaded:
        tries.append(number)
        if len(tries) == 1:
            raise IntegrityError("model.onnx changed")
        return loaded(model, number)

    loader = Loader(load, timeout_s=60.0)
    loader.want([("a", 1)])
    loader.run(UntilDone(told, loader), told.append)
    loader.want([("a", 1)])
    assert loader.report().reason("a", 1) == "model.onnx changed"
    loader.try_again(("a", 1))
    told.clear()
    loader.run(UntilDone(told, loader), told.append)
    assert tries == [1, 1]
    assert loader.report().find("a", 1) is not None


def test_one_that_fails_again_as_before_is_told_again() -> None:
    """Whoever waits for the second try learns that it has ended."""
    told: list[LoadReport] = []

    def load(*_: object) -> Loaded:
        raise IntegrityError("model.onnx changed")

    loader = Loader(load, timeout_s=60.0)
    loader.want([("a", 1)])
    loader.run(UntilDone(told, loader), told.append)
    before = len(told)
    loader.try_again(("a", 1))
    loader.run(FirstOf(told, before + 1), told.append)
    assert told[-1] == told[before - 1]


class FirstOf:
    """Stops a loader when it has told so often."""

    def __init__(self, told: list[LoadReport], count: int) -> None:
        self._told = told
        self._count = count

    def is_set(self) -> bool:
        return len(self._told) >= self._count


def test_what_is_wanted_already_wakes_nobody() -> None:
    told: list[LoadReport] = []
    loader = Loader(loaded, timeout_s=60.0)
    loader.want([("a", 2), ("a", 1)])
    loader.run(UntilDone(told, loader), told.append)
    loader._take(0.0)
    for _ in range(3):
        loader.want([("a", 1), ("a", 2)])
        loader.try_again(("a", 1))
    assert loader._done.empty()
    loader.want([("a", 1)])
    assert not loader._done.empty()
