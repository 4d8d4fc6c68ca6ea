"""`tiltyard infer` against the gateway, and the client behind it."""

import json
import subprocess
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest

from tests import models
from tiltyard.client import CallError, InferenceClient
from tiltyard.ops.gateway_process import GatewayProcess


def run_infer(gateway: GatewayProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tiltyard", "infer", *arguments, "--grpc", gateway.address],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def rows_npy(tmp_path: Path) -> Path:
    path = tmp_path / "rows.npy"
    np.save(path, models.breast_cancer()[0][:30])
    return path


def test_prints_a_row_for_each_row(gateway: GatewayProcess, rows_npy: Path) -> None:
    done = run_infer(gateway, "w1", "--input", f"X={rows_npy}")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "w1 version 1"
    assert lines[1].split() == ["row", "label", "probabilities"]
    assert lines[2].split()[:2] == ["0", "0"]
    assert lines[-1] == "and 10 more rows; --json prints all"


def test_prints_json(gateway: GatewayProcess, rows_npy: Path, client: InferenceClient) -> None:
    done = run_infer(gateway, "w1", "--input", f"X={rows_npy}", "--json", "--version", "1")
    printed = json.loads(done.stdout)
    assert (printed["model"], printed["version"]) == ("w1", "1")
    assert printed["outputs"]["label"]["shape"] == [30]
    expected = client.infer("w1", {"X": np.load(rows_npy)})
    assert expected.outputs["label"].tolist() == printed["outputs"]["label"]["data"]


def test_reads_json_as_the_declared_datatype(gateway: GatewayProcess, tmp_path: Path) -> None:
    words = tmp_path / "x.json"
    words.write_text('[["yes", "n\\u00f6"]]')
    done = run_infer(gateway, "strings", "--input", f"x={words}", "--json")
    outputs = json.loads(done.stdout)["outputs"]
    assert outputs["y"]["data"] == [["yes", "nö"]]
    assert outputs["is_yes"]["data"] == [[True, False]]
    index = tmp_path / "index.json"
    index.write_text("[3]")
    done = run_infer(gateway, "embedding", "--input", f"index={index}", "--json")
    assert json.loads(done.stdout)["outputs"]["y"]["data"] == [[float(n) for n in range(24, 32)]]


def test_scalars_have_no_rows(gateway: GatewayProcess, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("2.5")
    done = run_infer(gateway, "scalar", "--input", f"x={path}")
    assert done.stdout.splitlines() == ["scalar version 1", "y []: 5."]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nobody", "--input", "X={rows}"], "NOT_FOUND: model 'nobody'"),
        (["w1", "--input", "X={rows}", "--version", "9"], "NOT_FOUND: "),
        (["w1", "--input", "Y={rows}"], "INVALID_ARGUMENT: "),
        (["w1", "--input", "{rows}"], "expected INPUT=FILE, such as X=rows.npy"),
        (["w1", "--input", "X=/absent.npy"], "/absent.npy: No such file"),
        (["w1", "--input", "X=/etc/passwd"], "expected a .npy or a .json file"),
    ],
)
def test_mistakes_are_one_line(
    gateway: GatewayProcess, rows_npy: Path, arguments: list[str], sentence: str
) -> None:
    done = run_infer(gateway, *(text.format(rows=rows_npy) for text in arguments))
    assert done.returncode == 9
    assert done.stderr.startswith("tiltyard: error: ")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_json_that_is_no_tensor(gateway: GatewayProcess, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[[1, 2], [3]]")
    done = run_infer(gateway, "identity", "--input", f"x={path}")
    assert done.returncode == 9
    assert "not values of one FP32 tensor" in done.stderr


def test_the_client_gives_metadata_and_configuration(client: InferenceClient) -> None:
    assert client.server_metadata().name == "tiltyard"
    metadata = client.model_metadata("two", 1)
    assert [(t.name, list(t.shape)) for t in metadata.inputs] == [("a", [-1, 3]), ("b", [-1, 3])]
    config = client.model_config("two")
    assert config.max_batch_size > 0
    assert [list(t.dims) for t in config.input] == [[3], [3]]
    assert client.model_config("scalar").max_batch_size == 0


def test_the_client_asks_for_outputs_and_gets_its_id_back(client: InferenceClient) -> None:
    a, b = np.ones((2, 3), np.float32), np.full((2, 3), 3, np.float32)
    reply = client.infer("two", {"a": a, "b": b}, outputs=["difference"], request_id="r-7")
    assert reply.id == "r-7"
    assert list(reply.outputs) == ["difference"]
    np.testing.assert_array_equal(a - b, reply.outputs["difference"])


def test_bytes_come_through_whole(client: InferenceClient) -> None:
    words = np.array([[b"a\0b", b""], [b"\xff\xfe", b"yes"]], dtype=object)
    reply = client.infer("strings", {"x": words})
    assert reply.outputs["y"].tolist() == words.tolist()
    assert reply.outputs["is_yes"].tolist() == [[False, False], [False, True]]


def test_statistics_count_what_was_sent(client: InferenceClient) -> None:
    (before,) = client.statistics("two")
    rows = {"a": np.zeros((5, 3), np.float32), "b": np.zeros((5, 3), np.float32)}
    client.infer("two", rows)
    (after,) = client.statistics("two", 1)
    assert after.inference_count - before.inference_count == 5
    assert after.inference_stats.success.count - before.inference_stats.success.count == 1
    assert after.last_inference >= before.last_inference
    with pytest.raises(CallError) as caught:
        client.statistics("nobody")
    assert caught.value.code is grpc.StatusCode.NOT_FOUND
