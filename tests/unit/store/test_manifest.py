import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.errors import IntegrityError, StoreError
from tiltyard.store import manifest
from tiltyard.store.manifest import (
    Description,
    FileEntry,
    GoldenNote,
    Manifest,
    RowwiseVerdict,
    TensorSpec,
)

EXAMPLE = Manifest(
    model="fraud",
    version=3,
    created="2026-01-02T03:04:05+00:00",
    batchable_claimed=False,
    description=Description(
        inputs=(TensorSpec("x", "FP32", ("N", 30, None)),),
        outputs=(TensorSpec("ü", "BYTES", ()),),
        opset={"ai.onnx": 18},
        ir_version=10,
        producer="test 1",
        rowwise=RowwiseVerdict(False, "Softmax node 'y': it works across the rows (axis 0)"),
        golden=GoldenNote("random", "00" * 32),
        changes=("removed ZipMap node 'z'",),
        class_labels={"ü": (0, 1), "w": ("a", "b")},
        runtime={"onnx": "1.2"},
    ),
    files={"model.onnx": FileEntry("11" * 32, 5), "golden.npz": FileEntry("22" * 32, 6)},
)


def test_a_manifest_comes_back_with_its_digest() -> None:
    data = manifest.encode(EXAMPLE)
    found = manifest.decode(data, "here")
    assert dataclasses.replace(EXAMPLE, digest=json.loads(data)["digest"]) == found


def test_dims_show_free_dimensions_as_minus_one() -> None:
    assert EXAMPLE.description.inputs[0].dims == (-1, 30, -1)


@given(st.data())
def test_every_changed_byte_is_found(data: st.DataObject) -> None:
    good = manifest.encode(EXAMPLE)
    at = data.draw(st.integers(0, len(good) - 1))
    bit = data.draw(st.integers(0, 7))
    bad = bytearray(good)
    bad[at] ^= 1 << bit
    with pytest.raises(IntegrityError, match="here"):
        manifest.decode(bytes(bad), "here")


@pytest.mark.parametrize("extra", [b" ", b"\n", b"}", b"\0"])
def test_every_additional_byte_is_found(extra: bytes) -> None:
    good = manifest.encode(EXAMPLE)
    for bad in (good + extra, extra + good, good[:-1]):
        with pytest.raises(IntegrityError, match="here"):
            manifest.decode(bad, "here")


def _signed(values: dict[str, object]) -> bytes:
    """A manifest that is intact and says `values`."""
    return manifest._with_digest(values)


def test_a_newer_format_is_told_apart_from_damage() -> None:
    values = {**manifest.to_dict(EXAMPLE), "format": 2}
    del values["digest"]
    with pytest.raises(StoreError, match="expected manifest format 1, got 2"):
        manifest.decode(_signed(values), "here")


def test_a_missing_field_is_named() -> None:
    values = manifest.to_dict(EXAMPLE)
    del values["digest"]
    del values["opset"]
    with pytest.raises(StoreError, match="'opset'"):
        manifest.decode(_signed(values), "here")
