"""The corpus files of the load generator: requests, and the answers ONNX Runtime gives to them.

The messages are tritonclient's, so that the project's own codec is not its own witness.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2

from bench.models import FloatArray, Workload
from bench.paths import MODELS

MAGIC = b"TYLOAD1\n"
VERSIONS_MAGIC = b"TYLOAD2\n"

# Matrix kernels round differently for one row than for many. The gateway pads a lone row, so that
# an answer is the same alone and in a batch; the oracle therefore always runs the rows together.
ORACLE_ROWS = 64

_DATATYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "int32": "INT32"}


def open_session(model_file: Path) -> onnxruntime.InferenceSession:
    """A session with one thread and no spinning."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model_file), options, ["CPUExecutionProvider"])


def answers(
    session: onnxruntime.InferenceSession, rows: FloatArray
) -> Iterator[dict[str, NDArray[Any]]]:
    """One dict of outputs (each with a first axis of 1) a row."""
    name = session.get_inputs()[0].name
    outputs = [output.name for output in session.get_outputs()]
    fixed = session.get_inputs()[0].shape[0] == 1
    step = 1 if fixed else ORACLE_ROWS
    for start in range(0, len(rows), step):
        # The last chunk reaches back, so that it is never a lone row.
        first = start if fixed else max(0, min(start, len(rows) - step))
        values = session.run(outputs, {name: rows[first : first + step]})
        for row in range(start - first, len(values[0])):
            yield {name: v[row : row + 1] for name, v in zip(outputs, values, strict=True)}


def request_message(
    workload: Workload, input_name: str, rows: FloatArray
) -> service_pb2.ModelInferRequest:
    """The request for some rows (shape [N, ...], float32)."""
    request = service_pb2.ModelInferRequest(model_name=workload.model_name)
    tensor = request.inputs.add(name=input_name, datatype="FP32")
    tensor.shape.extend(rows.shape)
    request.raw_input_contents.append(rows.tobytes())
    return request


def expected_message(outputs: dict[str, NDArray[Any]]) -> service_pb2.ModelInferResponse:
    """The reply that holds these outputs and nothing else."""
    reply = service_pb2.ModelInferResponse()
    for name, value in outputs.items():
        tensor = reply.outputs.add(name=name, datatype=_DATATYPES[str(value.dtype)])
        tensor.shape.extend(value.shape)
        reply.raw_output_contents.append(np.ascontiguousarray(value).tobytes())
    return reply


def block(message: bytes) -> bytes:
    """A message as a corpus file holds it: its length, then its bytes."""
    return struct.pack("<I", len(message)) + message


def write_corpus(
    workload: Workload, rows_a_request: int = 1, *, model_names: Sequence[str] = ()
) -> Path:
    """Write the corpus file of a workload anew and return its path.

    With more rows a request the workload's rows are taken again and again. With `model_names` the
    requests go to these models in turn, which all give the workload's answers. Raises ValueError
    when two requests have the same answer throughout: then a server that always says the same
    would pass.
    """
    entries = list(_entries(workload, rows_a_request))
    if len({expected for _, expected in entries}) < min(8, len(entries)):
        raise ValueError(
            f"{workload.name}: expected different answers to {len(entries)} requests, "
            f"got {len({expected for _, expected in entries})}"
        )
    blocks = [MAGIC]
    for index in range(max(len(entries), len(model_names))):
        request, expected = entries[index % len(entries)]
        if model_names:
            request.model_name = model_names[index % len(model_names)]
        blocks += [block(request.SerializeToString()), block(expected)]
    suffix = "" if rows_a_request == 1 else f"x{rows_a_request}"
    many = f"_m{len(model_names)}" if model_names else ""
    file = MODELS / f"{workload.name.lower()}{suffix}{many}.corpus"
    file.write_bytes(b"".join(blocks))
    return file


def write_version_corpus(versions: Mapping[int, Workload]) -> Path:
    """Write a corpus with the answers of every version of a model and return its path.

    The versions have the same rows; those that two of them answer alike are left out, because it
    could not be told which one a reply is from. Raises ValueError when hardly any is left.
    """
    first = next(iter(versions.values()))
    by_version = [list(_entries(work, 1)) for work in versions.values()]
    blocks = [VERSIONS_MAGIC, struct.pack("<I", len(versions))]
    blocks += [block(str(number).encode()) for number in versions]
    kept = 0
    for same_request in zip(*by_version, strict=True):
        expected = [answer for _, answer in same_request]
        if _differ(expected, first.tolerance):
            kept += 1
            blocks.append(block(same_request[0][0].SerializeToString()))
            blocks += [block(answer) for answer in expected]
    if kept < min(8, len(first.rows)):
        raise ValueError(
            f"{first.name}: expected versions {list(versions)} to answer in different ways, but "
            f"{len(first.rows) - kept} of {len(first.rows)} requests have the same answer from two"
        )
    file = MODELS / f"{first.name.lower()}_versions.corpus"
    file.write_bytes(b"".join(blocks))
    return file


def _entries(
    workload: Workload, rows_a_request: int
) -> Iterator[tuple[service_pb2.ModelInferRequest, bytes]]:
    """Each request, and the reply that is right for it."""
    session = open_session(workload.model_file)
    input_name = session.get_inputs()[0].name
    by_row = list(answers(session, workload.rows))
    for index in range(len(by_row)):
        picked = [(index + i) % len(by_row) for i in range(rows_a_request)]
        outputs = {name: np.concatenate([by_row[i][name] for i in picked]) for name in by_row[0]}
        request = request_message(workload, input_name, workload.rows[picked])
        yield request, expected_message(outputs).SerializeToString()


def _differ(expected: Sequence[bytes], tolerance: float) -> bool:
    """Whether no reply would pass for another within the tolerance."""
    replies = [service_pb2.ModelInferResponse.FromString(message) for message in expected]
    return not any(_pass_for(a, b, tolerance) for a, b in combinations(replies, 2))


def _pass_for(
    a: service_pb2.ModelInferResponse, b: service_pb2.ModelInferResponse, tolerance: float
) -> bool:
    for output, raw, other in zip(
        a.outputs, a.raw_output_contents, b.raw_output_contents, strict=True
    ):
        if output.datatype != "FP32" or tolerance == 0:
            if raw != other:
                return False
        elif np.abs(np.frombuffer(raw, np.float32) - np.frombuffer(other, np.float32)).max() > (
            2 * tolerance  # each may be off by it
        ):
            return False
    return True


def write_body(workload: Workload) -> Path:
    """One request with its gRPC prefix, as h2load sends it from a file; returns the path."""
    name = open_session(workload.model_file).get_inputs()[0].name
    message = request_message(workload, name, workload.rows[:1]).SerializeToString()
    file = MODELS / f"{workload.name.lower()}.body"
    file.write_bytes(struct.pack(">BI", 0, len(message)) + message)
    return file
