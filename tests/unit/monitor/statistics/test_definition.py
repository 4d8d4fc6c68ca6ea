"""Definition ids: read back, and different where the numbers would be."""

import numpy as np
import pytest

from tests.unit.monitor.statistics.samples import (
    codes,
    counts_of,
    ints,
    mixed_profile,
    profile_of,
    quantile_cells,
    singles,
    stream_of,
    window,
)
from tiltyard.monitor.profile.cells import Cells, Kind, category_cells, ordered_cells
from tiltyard.monitor.statistics.definition import (
    METHODS,
    Definition,
    edges_digest,
    groups_digest,
)
from tiltyard.monitor.statistics.measure import StreamMeasure
from tiltyard.monitor.statistics.report import report

ONE = Definition("3f" * 6, "0a" * 6, 5000, 600)


def test_an_id_is_read_back() -> None:
    assert Definition.parse(str(ONE)) == ONE
    assert str(ONE) == ("tiltyard-1 edges=3f3f3f3f3f3f groups=0a0a0a0a0a0a n_reference=5000 n=600")


@pytest.mark.parametrize("text", ["", "tiltyard-1", str(ONE) + " ", str(ONE).replace("3f", "3F")])
def test_no_other_text_is_an_id(text: str) -> None:
    with pytest.raises(ValueError, match="is no definition id; expected one such as"):
        Definition.parse(text)


def test_each_statistic_says_how_it_is_computed() -> None:
    found = ONE.of("psi")
    assert found["smoothing"] == "jeffreys 1/2"
    assert found["log_base"] == "e"
    assert (found["edges"], found["n_reference"], found["n"]) == ("3f" * 6, 5000, 600)
    figures = set(StreamMeasure.__dataclass_fields__) - {
        "stream", "group", "kind", "n", "n_reference", "linf_cell", "cells", "coarse", "definition",
    }  # fmt: skip
    assert set(METHODS) == figures


@pytest.mark.parametrize("name", ["location", "location_z", "variance_ratio"])
def test_moments_are_said_to_be_of_clipped_values(name: str) -> None:
    assert METHODS[name].formula.endswith("clipped to the profile's mean +- 1,024 of its sigmas")
    rows = np.array([0.0, 1.0] * 50)
    profile = profile_of([stream_of("a", quantile_cells(rows), {"a": rows})], 100)
    far = counts_of(profile, {"a": np.full(100, 1e6)})
    (told,) = report(
        profile, profile.reference, window(far), against="profile", reference_digest=""
    ).streams
    assert told.location == 1024.0


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="no statistic is called 'psy'; there are psi, "):
        ONE.of("psy")
    with pytest.raises(ValueError, match="of edition 2; this program knows 1"):
        Definition("0" * 12, "0" * 12, 1, 1, edition=2).of("psi")


def test_edges_kind_minimum_and_codes_change_the_digest() -> None:
    edges = singles([1, 2])

    def categories(cells: list[int], known: list[int]) -> Cells:
        return category_cells(codes(known), ints(cells), ("a", "b"))

    found = [
        ordered_cells(Kind.numeric, edges, 0.0),
        ordered_cells(Kind.text, edges, 0.0),
        ordered_cells(Kind.numeric, edges, 0.5),
        ordered_cells(Kind.numeric, singles([1, 3]), 0.0),
        categories([0, 1], [5, 6]),
        categories([1, 0], [5, 6]),
        categories([0, 1], [5, 7]),
    ]
    digests = [edges_digest(cells) for cells in found]
    assert len(set(digests)) == len(digests)
    assert digests[0] == edges_digest(ordered_cells(Kind.numeric, edges.copy(), 0.0))


def test_groups_change_the_digest() -> None:
    assert groups_digest(ints([0, 1, 1])) != groups_digest(ints([0, 0, 1]))


def test_streams_of_a_profile_differ() -> None:
    digests = [edges_digest(stream.cells) for stream in mixed_profile().streams]
    assert len(set(digests)) == len(digests)
