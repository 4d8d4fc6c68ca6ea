"""The protocol's calls over a grpcio channel, sync or aio, with the private pool's messages."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tests import models
from tiltyard.client.inference_client import make_request
from tiltyard.protocol import messages

TIMEOUT_S: Final = 30.0
# grpc refuses messages above 4 MiB unless told otherwise.
UNLIMITED: Final = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]
FIXED_SIZE: Final = [name for name in models.ONNX_TYPES if name != "BYTES"]  # datatypes
ROWS: Final = np.arange(8, dtype=np.float32).reshape(2, 4)


def unary(channel: Any, method: str) -> Any:
    """A method of the inference service with one request and one reply."""
    return channel.unary_unary(
        messages.method_path(method),
        request_serializer=_serialized,
        response_deserializer=getattr(messages, f"{method}Response").FromString,
    )


def stream_infer(channel: Any) -> Any:
    """ModelStreamInfer."""
    return channel.stream_stream(
        messages.method_path("ModelStreamInfer"),
        request_serializer=_serialized,
        response_deserializer=messages.ModelStreamInferResponse.FromString,
    )


def _serialized(request: Any) -> bytes:
    """Messages as they are; bytes too, for those that no message class can make."""
    return request if isinstance(request, bytes) else bytes(request.SerializeToString())


def infer(channel: Any, request: Any, **options: Any) -> Any:
    """ModelInfer's reply; sync only."""
    return unary(channel, "ModelInfer")(request, timeout=TIMEOUT_S, **options)


def stream(channel: Any, requests: Iterable[Any], **options: Any) -> list[Any]:
    """All replies of one ModelStreamInfer call; sync only."""
    return list(stream_infer(channel)(iter(requests), timeout=TIMEOUT_S, **options))


def statistics(channel: Any, model: str) -> Any:
    """The ModelStatistics of a model's only version; sync only."""
    request = messages.ModelStatisticsRequest(name=model)
    (found,) = unary(channel, "ModelStatistics")(request, timeout=TIMEOUT_S).model_stats
    return found


def identity_request(rows: npt.NDArray[np.float32] = ROWS, **options: Any) -> Any:
    """A right request to the model `identity`, whose reply holds the same rows."""
    return make_request("identity", {"x": rows}, **options)


def deep_request(rows: int) -> Any:
    """A request that keeps the one worker of `queue_gateway` busy, longer with more rows."""
    return make_request("deep", {"x": np.zeros((rows, 512), np.float32)})


def check_identity(reply: Any, rows: npt.NDArray[np.float32] = ROWS) -> None:
    """Fails unless the reply is the one to `identity_request(rows)`."""
    assert (reply.model_name, reply.model_version) == ("identity", "1")
    assert [(out.name, out.datatype, list(out.shape)) for out in reply.outputs] == [
        ("y", "FP32", list(rows.shape))
    ]
    assert list(reply.raw_output_contents) == [rows.tobytes()]
