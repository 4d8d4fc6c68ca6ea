"""Triton's own Python client, unchanged, against the gateway: every call of it that we answer."""

import queue
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from tests import models
from tests.wire.calls import ROWS, TIMEOUT_S
from tiltyard import __version__
from tiltyard.ops.gateway_process import GatewayProcess

Array = npt.NDArray[Any]
MODELS = ["embedding", "identity", "scalar", "slow", "strings", "two", "w1", "w2"]


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[Any]:
    with triton.InferenceServerClient(gateway.address) as found:
        yield found


def tensor(name: str, values: Array, datatype: str = "FP32") -> Any:
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values)
    return made


def infer_identity(client: Any, rows: Array = ROWS, **options: Any) -> Any:
    result = client.infer("identity", [tensor("x", rows)], **options)
    np.testing.assert_array_equal(result.as_numpy("y"), rows, strict=True)
    return result.get_response()


class Replies:
    """A callback of the client, and what it was called with, in order."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[Any, Any]] = queue.Queue()

    def __call__(self, result: Any, error: Any) -> None:
        self._queue.put((result, error))

    def result(self) -> Any:
        """The next result; fails when it is an error."""
        result, error = self._queue.get(timeout=TIMEOUT_S)
        assert error is None, error
        return result

    def error(self) -> Any:
        """The next error; fails when it is a result."""
        result, error = self._queue.get(timeout=TIMEOUT_S)
        assert result is None
        return error


def test_health(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert all(client.is_model_ready(name) for name in MODELS)
    assert client.is_model_ready("w1", "1")
    with pytest.raises(InferenceServerException, match="model 'nobody' is not found"):
        client.is_model_ready("nobody")


def test_server_metadata_lists_only_what_there_is(client: Any) -> None:
    found = client.get_server_metadata()
    assert (found.name, found.version) == ("tiltyard", __version__)
    # Not model_repository, which would promise load and unload, nor what only HTTP has.
    assert list(found.extensions) == ["model_configuration", "parameters", "statistics"]


def test_model_metadata(client: Any) -> None:
    assert client.get_model_metadata("strings", as_json=True) == {
        "name": "strings",
        "versions": ["1"],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": "x", "datatype": "BYTES", "shape": ["-1", "2"]}],
        "outputs": [
            {"name": "y", "datatype": "BYTES", "shape": ["-1", "2"]},
            {"name": "is_yes", "datatype": "BOOL", "shape": ["-1", "2"]},
        ],
    }
    assert list(client.get_model_metadata("scalar").inputs[0].shape) == []


def test_model_config(client: Any) -> None:
    config = client.get_model_config("two").config
    assert (config.name, config.backend) == ("two", "onnxruntime")
    assert config.max_batch_size == 128
    assert [(t.name, t.data_type, list(t.dims)) for t in config.input] == [
        ("a", triton.model_config_pb2.TYPE_FP32, [3]),
        ("b", triton.model_config_pb2.TYPE_FP32, [3]),
    ]
    scalar = client.get_model_config("scalar", "1").config
    assert (scalar.max_batch_size, list(scalar.output[0].dims)) == (0, [])


def test_repository_index(client: Any) -> None:
    rows = client.get_model_repository_index().models
    assert [(row.name, row.version, row.state, row.reason) for row in rows] == [
        (name, "1", "READY", "") for name in MODELS
    ]


def test_statistics_count_rows_runs_and_failures(client: Any) -> None:
    rows = models.breast_cancer()[0][:5]
    before = statistics(client, "w2")
    for _ in range(3):
        client.infer("w2", [tensor("X", rows)])
    with pytest.raises(InferenceServerException):
        client.infer("w2", [tensor("X", rows[:, :4])])
    after = statistics(client, "w2")
    assert after.inference_count - before.inference_count == 15
    assert after.execution_count - before.execution_count == 3
    assert after.last_inference > before.last_inference
    parts = {
        name: getattr(after.inference_stats, name).count
        - getattr(before.inference_stats, name).count
        for name in ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output")
    }
    assert parts == {name: 1 if name == "fail" else 3 for name in parts}
    assert after.inference_stats.compute_infer.ns > before.inference_stats.compute_infer.ns
    runs_of_five = [
        sum(batch.compute_infer.count for batch in found.batch_stats if batch.batch_size == 5)
        for found in (before, after)
    ]
    assert runs_of_five[1] - runs_of_five[0] == 3


def statistics(client: Any, model: str) -> Any:
    (found,) = client.get_inference_statistics(model).model_stats
    assert (found.name, found.version) == (model, "1")
    return found


def test_statistics_of_all_models(client: Any) -> None:
    found = client.get_inference_statistics().model_stats
    assert [(one.name, one.version) for one in found] == [(name, "1") for name in MODELS]


def test_infer_gives_what_the_model_gives(client: Any) -> None:
    rows, labels = models.breast_cancer()
    result = client.infer("w1", [tensor("X", rows)])
    found = result.as_numpy("label")
    assert (found == labels).mean() > 0.9


def test_id_and_version_come_back_and_parameters_do_not(client: Any) -> None:
    """As from Triton: parameters of a reply are the server's own, and there are none."""
    reply = infer_identity(
        client,
        model_version="1",
        request_id="r-1",
        priority=2,
        timeout=1_000_000,
        parameters={"own": "yes", "count": 3, "flag": True},
    )
    assert (reply.model_name, reply.model_version, reply.id) == ("identity", "1", "r-1")
    assert not reply.parameters
    assert infer_identity(client).id == ""


def test_requested_outputs(client: Any) -> None:
    inputs = [tensor("a", np.ones((2, 3), np.float32)), tensor("b", np.ones((2, 3), np.float32))]
    both = client.infer("two", inputs)
    assert [out.name for out in both.get_response().outputs] == ["sum", "difference"]
    outputs = [triton.InferRequestedOutput(name) for name in ("difference", "sum")]
    swapped = client.infer("two", inputs, outputs=outputs)
    assert [out.name for out in swapped.get_response().outputs] == ["difference", "sum"]
    assert swapped.as_numpy("sum").tolist() == [[2.0] * 3] * 2
    one = client.infer("two", inputs, outputs=outputs[:1])
    assert one.as_numpy("sum") is None
    assert one.as_numpy("difference").tolist() == [[0.0] * 3] * 2


def test_inputs_in_any_order(client: Any) -> None:
    a = tensor("a", np.full((1, 3), 5, np.float32))
    b = tensor("b", np.full((1, 3), 3, np.float32))
    assert client.infer("two", [b, a]).as_numpy("difference").tolist() == [[2.0] * 3]


def test_strings(client: Any) -> None:
    words = np.array([[b"yes", b"no"], [b"", "j\u00e4".encode()], [b"a\0b", b"yes"]], object)
    result = client.infer("strings", [tensor("x", words, "BYTES")])
    np.testing.assert_array_equal(result.as_numpy("y"), words)
    assert result.as_numpy("is_yes").tolist() == [[True, False], [False, False], [False, True]]
    none = client.infer("strings", [tensor("x", np.empty((0, 2), object), "BYTES")])
    assert none.as_numpy("y").shape == (0, 2)


def test_no_rows_and_no_dimensions(client: Any) -> None:
    infer_identity(client, np.empty((0, 4), np.float32))
    result = client.infer("scalar", [tensor("x", np.array(21, np.float32))])
    np.testing.assert_array_equal(result.as_numpy("y"), np.array(42, np.float32), strict=True)


@pytest.mark.parametrize("algorithm", ["gzip", None])
def test_large_messages(client: Any, algorithm: str | None) -> None:
    """10 MB each way, compressed both ways and not."""
    rows = np.tile(np.arange(1_024, dtype=np.float32), 2_560).reshape(-1, 4)
    infer_identity(client, rows, compression_algorithm=algorithm)


def test_gzip(client: Any) -> None:
    infer_identity(client, compression_algorithm="gzip")
    with pytest.raises(InferenceServerException, match="expected identity or gzip"):
        infer_identity(client, compression_algorithm="deflate")
    infer_identity(client)


def test_async_infer(client: Any) -> None:
    replies = Replies()
    for number in range(50):
        rows = np.full((1, 4), number, np.float32)
        client.async_infer("identity", [tensor("x", rows)], replies, request_id=str(number))
    found = [replies.result() for _ in range(50)]
    for result in found:
        assert result.as_numpy("y").tolist() == [[float(result.get_response().id)] * 4]
    assert {result.get_response().id for result in found} == {str(n) for n in range(50)}


def test_async_infer_of_an_unknown_model(client: Any) -> None:
    replies = Replies()
    client.async_infer("nobody", [tensor("x", ROWS)], replies)
    assert replies.error().message() == "model 'nobody' is not found"
    infer_identity(client)


def test_stream_keeps_the_order_and_outlives_errors(client: Any) -> None:
    """A slow model's reply comes before those of fast ones that were asked later."""
    replies = Replies()
    client.start_stream(replies)
    client.async_stream_infer(
        "slow", [tensor("x", np.zeros((64, 512), np.float32))], request_id="0"
    )
    client.async_stream_infer("nobody", [tensor("x", ROWS)], request_id="1")
    client.async_stream_infer("identity", [tensor("x", ROWS)], request_id="2")
    client.async_stream_infer("identity", [tensor("x", ROWS[:, :3])], request_id="3")
    client.async_stream_infer("identity", [tensor("x", ROWS)], request_id="4")
    assert replies.result().get_response().id == "0"
    assert replies.error().message() == "model 'nobody' is not found"
    assert replies.result().get_response().id == "2"
    assert "expected shape [-1,4] (-1 is free), got [2,3]" in replies.error().message()
    last = replies.result()
    assert last.get_response().id == "4"
    np.testing.assert_array_equal(last.as_numpy("y"), ROWS)
    client.stop_stream()


def test_stream_with_gzip(client: Any) -> None:
    replies = Replies()
    client.start_stream(replies, compression_algorithm="gzip")
    for number in range(20):
        client.async_stream_infer("identity", [tensor("x", ROWS)], request_id=str(number))
    assert [replies.result().get_response().id for _ in range(20)] == [str(n) for n in range(20)]
    client.stop_stream()


def test_a_stream_that_is_cancelled_harms_nobody(client: Any) -> None:
    replies = Replies()
    client.start_stream(replies)
    for _ in range(10):
        client.async_stream_infer("slow", [tensor("x", np.zeros((64, 512), np.float32))])
    client.stop_stream(cancel_requests=True)
    infer_identity(client)


def test_client_timeout(client: Any) -> None:
    rows = np.zeros((20_000, 512), np.float32)
    with pytest.raises(InferenceServerException) as caught:
        client.infer("slow", [tensor("x", rows)], client_timeout=0.05)
    assert caught.value.status() == "StatusCode.DEADLINE_EXCEEDED"
    infer_identity(client, client_timeout=TIMEOUT_S)
    assert client.is_server_live(client_timeout=TIMEOUT_S)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda client: client.load_model("w1"), "loaded and unloaded on this port only"),
        (lambda client: client.unload_model("w1"), "loaded and unloaded on this port only"),
        (lambda client: client.get_system_shared_memory_status(), "shared memory is not supported"),
        (lambda client: client.get_cuda_shared_memory_status(), "shared memory is not supported"),
        (lambda client: client.get_trace_settings(), "tracing is not set over this port"),
        (lambda client: client.get_log_settings(), "logging is not set over this port"),
    ],
)
def test_what_is_not_here_says_so(client: Any, call: Any, sentence: str) -> None:
    with pytest.raises(InferenceServerException, match=sentence) as caught:
        call(client)
    assert caught.value.status() == "StatusCode.UNIMPLEMENTED"
