"""Statistics of a plane as messages of the admin API, for programs that do not compute them."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from tiltyard.monitor.statistics.measure import CellMeasure, Rate, Report, StreamMeasure
from tiltyard.protocol.admin_words import admin_message

_NESTED = frozenset({"missing", "unseen", "out_of_range", "cells", "coarse"})
_PLAIN = tuple(field.name for field in fields(StreamMeasure) if field.name not in _NESTED)


def report_parts(report: Report) -> Iterator[bytes]:
    """The bytes of a Report in parts, to be joined; see admin/drift_messages.py."""
    yield _part(
        against=report.against,
        reference_digest=report.reference_digest,
        begin=report.begin,
        end=report.end,
        rows=report.rows,
        requests=report.requests,
    )
    for measure in report.streams:
        yield _part(streams=[_stream(measure)])


def _part(**fields: Any) -> bytes:
    written: bytes = admin_message("Report")(**fields).SerializeToString()
    return written


def _stream(measure: StreamMeasure) -> Any:
    """The plain fields have the names of the message's."""
    return admin_message("StreamMeasure")(
        **{name: getattr(measure, name) for name in _PLAIN},
        missing=_rate(measure.missing),
        unseen=_rate(measure.unseen),
        out_of_range=_rate(measure.out_of_range),
        cells=[_cell(cell) for cell in measure.cells],
        coarse=[_cell(cell) for cell in measure.coarse],
    )


def _rate(rate: Rate | None) -> Any:
    if rate is None:
        return None
    return admin_message("Rate")(
        count=rate.count,
        n=rate.n,
        share=rate.share,
        low=rate.low,
        high=rate.high,
        reference=rate.reference,
    )


def _cell(cell: CellMeasure) -> Any:
    return admin_message("CellMeasure")(
        name=cell.name,
        role=cell.role,
        reference_count=cell.reference_count,
        count=cell.count,
        reference_share=cell.reference_share,
        share=cell.share,
        psi=cell.psi,
    )
