import json
from typing import Any

import numpy as np
import pytest

from tests.unit.monitor.profile.arrays import f32
from tests.unit.monitor.profile.references import mixed_profile
from tiltyard.monitor.profile.build import build_profile, profile_of_columns
from tiltyard.monitor.profile.cells import Kind
from tiltyard.monitor.profile.declaration import Declaration, Scale
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.reference import Reference
from tiltyard.monitor.profile.signature import Signature
from tiltyard.monitor.profile.stream import Group
from tiltyard.store.manifest import TensorSpec


def columns(count: int, rows: int = 400) -> dict[str, Any]:
    values = np.random.default_rng(0).normal(size=(count, rows))
    return {f"f{index}": column for index, column in enumerate(values)}


def test_a_profile_is_features_outputs_and_joint_streams() -> None:
    profile = mixed_profile()
    assert [(stream.name, stream.group) for stream in profile.streams] == [
        *((name, Group.feature) for name in ("amount", "count", "city", "hue")),
        *((name, Group.output) for name in ("label", "p[0]", "p[1]")),
        *((name, Group.joint) for name in ("surprise", "mahalanobis")),
    ]
    assert (profile.model, profile.version, profile.rows) == ("m", 3, 600)
    assert [stream.rows for stream in profile.streams] == [600] * 8 + [300]
    assert profile.joint.features.tolist() == [0, 1]
    assert len(profile.slots) == 7
    assert [stream.cells.kind for stream in profile.streams[:5]] == [
        Kind.numeric,
        Kind.discrete,
        Kind.categorical,
        Kind.categorical,
        Kind.categorical,
    ]


def test_the_same_reference_gives_the_same_profile() -> None:
    one, two = mixed_profile(), mixed_profile()
    for mine, theirs in zip(one.streams, two.streams, strict=True):
        assert mine.counts.tobytes() == theirs.counts.tobytes()
    assert one.joint.whitening.tobytes() == two.joint.whitening.tobytes()


def test_what_was_declared_and_chosen_is_kept() -> None:
    profile = mixed_profile(cells=10)
    assert json.loads(profile.source["declared"]) == {
        "groups": {"hue": ["color[0]", "color[1]", "color[2]"]}
    }
    assert (profile.source["cells"], profile.source["delta"]) == ("10", "0.1")
    assert "chosen" not in profile.source


def test_scales_are_kept_with_the_stream() -> None:
    declaration = Declaration(scales={"f0": Scale(0.01, "EUR")})
    profile = profile_of_columns(columns(2), None, declaration)
    assert [(s.scale, s.unit) for s in profile.streams[:2]] == [(0.01, "EUR"), (1.0, "")]


def test_names_that_are_taken_say_what_they_are_of() -> None:
    table = {"surprise": np.arange(400), "x": np.arange(400)}
    signature = Signature(
        (TensorSpec("surprise", "FP32", (None,)), TensorSpec("x", "FP32", (None,))),
        (TensorSpec("out", "FP32", (None, 2)),),
        {"out": ("a", "b")},
    )
    arrays = {name: f32(column) for name, column in table.items()}
    outputs = {"out": f32(np.random.default_rng(0).random((400, 2)))}
    names = {name: (name,) for name in arrays}
    profile = build_profile(Reference(arrays, names, outputs), signature)
    assert [stream.name for stream in profile.streams][:2] == ["surprise (input)", "x"]
    assert "input 'surprise' is called 'surprise (input)' here" in profile.source["chosen"]


def test_names_that_nobody_can_read_are_refused() -> None:
    with pytest.raises(ReferenceRefused, match="a name of at most 256 characters, got 300"):
        profile_of_columns({"n" * 300: np.arange(9)})


def test_more_than_256_features_have_no_covariance() -> None:
    table = {f"f{index}": column for index, column in columns(257, rows=600).items()}
    signature = Signature(tuple(TensorSpec(name, "FP32", (None,)) for name in table))
    arrays = {name: f32(column) for name, column in table.items()}
    profile = build_profile(Reference(arrays), signature)
    assert [stream.name for stream in profile.streams[257:]] == ["surprise"]
    assert any("257 features have no Mahalanobis distance" in told for told in profile.warnings)


def test_fewer_rows_than_features_have_no_covariance() -> None:
    profile = profile_of_columns(columns(30, rows=50))
    assert [stream.name for stream in profile.streams[30:]] == ["surprise"]
    assert any("no Mahalanobis distance: 25 rows, half" in told for told in profile.warnings)


def test_too_many_streams_are_refused() -> None:
    arrays = {f"f{index}": np.zeros(4, np.float32) for index in range(1001)}
    signature = Signature(tuple(TensorSpec(name, "FP32", (None,)) for name in arrays))
    with pytest.raises(ReferenceRefused, match="at most 1,000 features and outputs, got 1,001"):
        build_profile(Reference(arrays), signature)


@pytest.mark.parametrize(
    "column",
    [
        np.full(400, np.nan),
        np.full(400, np.inf),
        np.zeros(400),
        np.repeat([1e38, -1e38], 200),
        np.repeat([1e-45, 0.0], 200),
        np.append(np.zeros(399), 1.0),
    ],
)
def test_odd_columns_do_not_blow_up(column: Any) -> None:
    profile = profile_of_columns({**columns(2), "odd": column, "same": column})
    assert np.isfinite(profile.joint.whitening).all()
    assert np.isfinite(profile.joint.bits).all()
    assert all(np.isfinite([s.mean, s.sigma]).all() for s in profile.streams)


@pytest.mark.parametrize("rows", [2, 3, 5])
def test_a_handful_of_rows_is_weak_and_no_error(rows: int) -> None:
    profile = profile_of_columns(columns(1, rows))
    assert profile.rows == rows
    assert profile.warnings
