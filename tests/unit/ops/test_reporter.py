"""The ready line, and that the log tells each thing once."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tiltyard.loading import LoadReport
from tiltyard.ops.reporter import Reporter, process_age_s


class Version:
    """What is logged of a LoadedVersion."""

    def __init__(self, number: int) -> None:
        self.model = "m"
        self.version = number
        self.inline = self.batchable = self.bitwise = True
        self.error_max = self.base_ns = self.row_ns = 0.0
        self.batch_reason = ""


def report(versions: list[Any], failed: list[tuple[str, int, str]]) -> LoadReport:
    return LoadReport(versions=versions, unready=failed, settled=True)


def test_the_ready_line_has_addresses_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    found = report([Version(1), Version(2)], [("m", 3, "broken")])
    addresses = {"grpc": "127.0.0.1:1", "admin": "127.0.0.1:2"}
    Reporter("console").announce(found, addresses)
    said = capsys.readouterr().out
    assert said.startswith(
        "tiltyard ready grpc=127.0.0.1:1 admin=127.0.0.1:2 models=1 versions=2 failed=1 in "
    )
    Reporter("json").announce(found, addresses)
    line = json.loads(capsys.readouterr().out)
    assert (line["event"], line["admin"], line["failed"]) == ("ready", "127.0.0.1:2", 1)


def test_the_log_tells_what_is_new_and_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = Reporter("json")
    one, two = Version(1), Version(2)
    seen = []
    for found in (
        report([one], [("m", 3, "broken")]),
        report([one, two], [("m", 3, "broken")]),
        report([two], []),
        report([two, Version(1)], []),
        replace(report([two], []), unloaded={("m", 1): "nothing used it"}),
        replace(report([two], []), unloaded={("m", 1): "nothing used it"}),
    ):
        reporter.log_loads(found)
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        seen.append([(line["event"], line["version"]) for line in lines])
    assert seen == [
        [("version_serving", 1), ("version_failed", 3)],
        [("version_serving", 2)],
        [],
        [("version_serving", 1)],
        [("version_unloaded", 1)],
        [],
    ]


def test_the_age_of_the_process_counts_from_its_start() -> None:
    first = process_age_s()
    assert first > 0
    assert process_age_s() >= first
