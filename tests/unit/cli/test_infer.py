"""Files to tensors, and replies to text; the command against a gateway is in tests/e2e."""

import json
from pathlib import Path

import numpy as np
import pytest

from tiltyard.cli import infer
from tiltyard.client.inference_client import InferReply
from tiltyard.client.tensors import Array
from tiltyard.errors import ClientError


def reply(**outputs: Array) -> InferReply:
    return InferReply("fraud", "3", "", outputs, {})


def words(*rows: list[bytes]) -> Array:
    return np.array(rows, dtype=object)


@pytest.mark.parametrize("text", ["X", "X=", "=file", ""])
def test_an_input_is_a_name_and_a_file(text: str) -> None:
    assert infer._split_input("X=a=b.npy") == ("X", Path("a=b.npy"))
    with pytest.raises(ClientError, match="expected INPUT=FILE"):
        infer._split_input(text)


def test_an_input_that_is_given_twice_is_refused() -> None:
    with pytest.raises(ClientError, match="input 'X' is given twice"):
        infer._files(("X=a.npy", "Y=b.npy", "X=c.npy"))


@pytest.mark.parametrize(
    ("datatype", "text", "expected"),
    [
        ("FP32", "[[1, 2.5]]", np.array([[1, 2.5]], np.float32)),
        ("INT64", "[3]", np.array([3])),
        ("BOOL", "[true]", np.array([True])),
        ("BYTES", '["a", ""]', np.array(["a", ""], dtype=object)),
        ("FP64", "1e300", np.array(1e300)),
        ("", "[1]", np.array([1], np.float32)),  # the server will say that there is no such input
    ],
)
def test_json_becomes_the_declared_datatype(
    tmp_path: Path, datatype: str, text: str, expected: Array
) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    found = infer._load(path, datatype)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(expected, found)


def test_npy_keeps_its_own(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([1], np.int8))
    assert infer._load(tmp_path / "x.npy", "FP32").dtype == np.int8


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("x.csv", b"1,2", "expected a .npy or a .json file"),
        ("x.json", b"{", "not values of one INT8 tensor"),
        ("x.json", b"[300]", "not values of one INT8 tensor"),
        ("x.json", b"[[1], [2, 3]]", "not values of one INT8 tensor"),
        ("x.json", b"\xff", "not values of one INT8 tensor"),
        ("x.npy", b"not numpy's", "not values of one INT8 tensor"),
    ],
)
def test_files_that_are_no_tensor_are_named(
    tmp_path: Path, name: str, data: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ClientError, match=sentence) as caught:
        infer._load(tmp_path / name, "INT8")
    assert str(tmp_path / name) in str(caught.value)


def test_json_out_is_json_whatever_the_bytes() -> None:
    found = infer._as_json(reply(y=words([b"n\xc3\xb6", b"\xff"]), p=np.array([[0.5]], np.float32)))
    assert json.loads(json.dumps(found)) == {
        "model": "fraud",
        "version": "3",
        "outputs": {
            "y": {"shape": [1, 2], "data": [["nö", "\\xff"]]},
            "p": {"shape": [1, 1], "data": [[0.5]]},
        },
    }


def test_rows_are_a_table_and_many_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    infer._print(reply(label=np.arange(25), p=np.full((25, 2), 0.5, np.float32)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "fraud version 3"
    assert lines[1].split() == ["row", "label", "p"]
    assert lines[2].split() == ["0", "0", "[0.5", "0.5]"]
    assert len(lines) == 2 + infer.ROWS_SHOWN + 1
    assert lines[-1] == "and 5 more rows; --json prints all"


def test_outputs_of_different_lengths_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    infer._print(reply(a=np.array(1.5, np.float32), b=np.array([1, 2])))
    assert capsys.readouterr().out.splitlines() == ["fraud version 3", "a []: 1.5", "b [2]: [1 2]"]


def test_markup_in_answers_is_not_interpreted(capsys: pytest.CaptureFixture[str]) -> None:
    infer._print(reply(y=words([b"[red]x[/red]"])))
    assert "[red]x[/red]" in capsys.readouterr().out
