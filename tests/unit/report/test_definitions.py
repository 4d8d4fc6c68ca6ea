import math
from dataclasses import fields

from tests.unit.report.measures import measured, numeric, stream_with
from tiltyard.monitor.statistics.definition import METHODS
from tiltyard.monitor.statistics.measure import StreamMeasure
from tiltyard.report.definitions import terms, worked_example

STREAM = stream_with(numeric(1, 2, 3, 4), [0, 0, 250, 250, 250, 250, 0, 0, 0], "amount")


def test_every_statistic_of_a_measure_is_defined() -> None:
    names = {term.id.split("/")[1] for term in terms()}
    assert names == set(METHODS)
    figures = {field.name for field in fields(StreamMeasure)}
    not_statistics = {"stream", "group", "kind", "n", "n_reference", "cells", "coarse"}
    assert figures - not_statistics - {"definition", "linf_cell"} == names


def test_terms_have_words_and_a_formula() -> None:
    for term in terms():
        assert term.words.endswith(".")
        assert term.formula
        assert term.cells


def test_the_example_ends_at_the_psi_of_the_page() -> None:
    measure = measured(STREAM, [0, 0, 100, 200, 300, 400, 0, 0, 0])
    lines = worked_example(measure)
    assert "[0, 1]: 250 of 1,000 rows in the reference, 100 of 1,000 now" in lines[0]
    assert lines[1] == "r = (250 + ½) / (1000 + ½ · 4) = 0.250000"
    assert lines[2] == "a = (100 + ½) / (1000 + ½ · 4) = 0.100299"
    before = 250.5 / 1_002
    parts = [(a - before) * math.log(a / before) for a in (0.1002994, 0.2000998, 0.2999, 0.3997)]
    assert lines[3].endswith(f"= {parts[0]:.4f}")
    assert lines[-1] == f"The sum over all 4 cells is the PSI: {sum(parts):.4f}"


def test_there_is_no_example_of_no_rows() -> None:
    assert worked_example(measured(STREAM, [0] * 9)) == ()
