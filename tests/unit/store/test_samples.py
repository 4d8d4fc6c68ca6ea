import json
from pathlib import Path

import numpy as np
import pytest

from tiltyard.errors import PublishRefused
from tiltyard.store import samples
from tiltyard.store.datatype import TYPES
from tiltyard.store.golden import unframe_bytes
from tiltyard.store.manifest import TensorSpec

X = TensorSpec("x", "FP32", ("N", 2))
NAMES = TensorSpec("names", "BYTES", ("N",))


def _json(tmp_path: Path, values: object) -> Path:
    path = tmp_path / "samples.json"
    path.write_text(json.dumps(values))
    return path


def test_json_npz_and_npy_say_the_same(tmp_path: Path) -> None:
    rows = np.array([[1.5, 2], [3, 4]], np.float32)
    np.savez(tmp_path / "s.npz", x=rows)
    np.save(tmp_path / "s.npy", rows.astype(np.float64))
    paths = [_json(tmp_path, {"x": rows.tolist()}), tmp_path / "s.npz", tmp_path / "s.npy"]
    for path in paths:
        (found,) = samples.read(path, [X])
        assert np.float32 == found.dtype
        assert rows.tolist() == found.tolist()


def test_strings_are_read(tmp_path: Path) -> None:
    (found,) = samples.read(_json(tmp_path, {"names": ["a", "é"]}), [NAMES])
    tensor = samples.to_tensor(found, "BYTES")
    assert tensor.shape == (2,)
    assert [b"a", "é".encode()] == unframe_bytes(tensor.raw)


def test_only_the_first_rows_are_kept(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", np.zeros((samples.SAMPLE_ROWS_MAX + 5, 2), np.float32))
    (found,) = samples.read(tmp_path / "s.npy", [X])
    assert found.shape == (samples.SAMPLE_ROWS_MAX, 2)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"y": [[1, 2]]}, r"expected the inputs \['x'\], found \['y'\]"),
        ({"x": [[1, 2, 3]]}, r"expected shape \[-1, 2\], found \[1, 3\]"),
        ({"x": [1, 2]}, r"expected shape \[-1, 2\], found \[2\]"),
        ({"x": [["a", "b"]]}, "expected FP32 values"),
        ({"x": [[1, 2], [3]]}, "expected FP32 values"),
        ([[1, 2]], "found list"),
    ],
)
def test_samples_that_do_not_fit_are_refused(tmp_path: Path, values: object, reason: str) -> None:
    with pytest.raises(PublishRefused, match=reason):
        samples.read(_json(tmp_path, values), [X])


def test_inputs_of_different_length_are_refused(tmp_path: Path) -> None:
    path = _json(tmp_path, {"x": [[1, 2]], "names": ["a", "b"]})
    with pytest.raises(PublishRefused, match=r"as many rows in every input, found \[1, 2\]"):
        samples.read(path, [X, NAMES])


@pytest.mark.parametrize(("name", "content"), [("s.json", b"{"), ("s.npz", b"PK"), ("s.txt", b"1")])
def test_broken_files_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PublishRefused, match=name):
        samples.read(tmp_path / name, [X])


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(PublishRefused, match=r"s.npy"):
        samples.read(tmp_path / "s.npy", [X])


def test_floats_do_not_become_integers(tmp_path: Path) -> None:
    with pytest.raises(PublishRefused, match="expected INT64"):
        samples.read(_json(tmp_path, {"i": [1.5]}), [TensorSpec("i", "INT64", ("N",))])


@pytest.mark.parametrize("kind", [entry.name for entry in TYPES])
def test_made_up_samples_have_type_and_shape_and_repeat(kind: str) -> None:
    spec = TensorSpec("x", kind, ("N", 3, "T"))
    first = next(samples.made_up([spec]))[0]
    assert (samples.RANDOM_ROWS, 3, samples.FREE_SIZES[0]) == first.shape
    assert samples.numpy_type(kind) == first.dtype
    assert first.tolist() == next(samples.made_up([spec]))[0].tolist()


def test_fixed_first_dimensions_are_kept() -> None:
    spec = TensorSpec("x", "FP32", (1, 3))
    assert {(1, 3)} == {arrays[0].shape for arrays in samples.made_up([spec])}


@pytest.mark.parametrize("kind", [entry.name for entry in TYPES])
def test_tensors_come_back_as_arrays(kind: str) -> None:
    array = next(samples.made_up([TensorSpec("x", kind, ("N", 3))]))[0]
    found = samples.from_tensor(samples.to_tensor(array, kind))
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    expected = [text.encode() for text in array.reshape(-1)] if kind == "BYTES" else None
    assert found.reshape(-1).tolist() == (expected or array.reshape(-1).tolist())
