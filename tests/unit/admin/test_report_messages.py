"""Statistics as messages: nothing is left out, and what is not defined is absent."""

from dataclasses import fields, replace
from typing import Any

import pytest

from tests.unit.admin.fake_planes import SNAPSHOT
from tiltyard.admin.report_messages import report_parts
from tiltyard.monitor.statistics.measure import CellMeasure, Rate, Report, StreamMeasure
from tiltyard.monitor.statistics.report import report_of
from tiltyard.protocol.admin_words import admin_message

REPORT = report_of(SNAPSHOT, "baseline")


def report_message(report: Report) -> Any:
    return admin_message("Report").FromString(b"".join(report_parts(report)))


@pytest.mark.parametrize(
    ("name", "view"),
    [("StreamMeasure", StreamMeasure), ("Rate", Rate), ("CellMeasure", CellMeasure)],
)
def test_messages_have_the_fields_of_their_views(name: str, view: Any) -> None:
    told = {field.name for field in admin_message(name).DESCRIPTOR.fields}
    assert told == {field.name for field in fields(view)}


def test_every_figure_is_told() -> None:
    message = report_message(REPORT)
    assert (message.against, message.rows) == ("baseline", REPORT.rows)
    for measure, told in zip(REPORT.streams, message.streams, strict=True):
        for field in fields(StreamMeasure):
            value = getattr(measure, field.name)
            if isinstance(value, int | float | str):
                assert getattr(told, field.name) == value, field.name
        assert len(told.cells) == len(measure.cells)
        assert sum(cell.psi for cell in told.coarse) == pytest.approx(measure.psi)


def test_what_is_not_defined_is_absent() -> None:
    bare = replace(REPORT.streams[0], psi=None, ks=None, unseen=None, cells=(), coarse=())
    (told,) = report_message(replace(REPORT, streams=(bare,))).streams
    assert not any(told.HasField(name) for name in ("psi", "ks", "unseen"))
    assert told.HasField("missing")
