"""Every datatype at any rank comes back bit for bit, raw and typed, and by tritonclient too."""

import struct
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
import pytest
import tritonclient.grpc as triton
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests import models
from tests.wire.calls import FIXED_SIZE, infer
from tests.wire.conftest import ECHO_RANKS
from tiltyard.client.tensors import DTYPES
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.protocol import messages

Array = npt.NDArray[Any]
SEVERAL = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # explaining takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# BF16 travels as its bits; every bit pattern is a value.
WIRE_DTYPES = DTYPES | {"BF16": np.dtype("<u2")}
TYPED = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
}


def shapes(rank: int) -> st.SearchStrategy[tuple[int, ...]]:
    return hnp.array_shapes(min_dims=rank, max_dims=rank, min_side=0, max_side=5)


def tensor(rank: int, datatype: str) -> st.SearchStrategy[Array]:
    dtype = WIRE_DTYPES[datatype]
    return shapes(rank).flatmap(lambda shape: hnp.arrays(dtype, shape))


def tensors(rank: int) -> st.SearchStrategy[dict[str, Array]]:
    """One tensor for each datatype of a fixed size, of any bits."""
    return st.fixed_dictionaries({name: tensor(rank, name) for name in FIXED_SIZE})


def words(rank: int) -> st.SearchStrategy[Array]:
    # ONNX strings are UTF-8.
    text = st.text(max_size=20).map(str.encode)
    return shapes(rank).flatmap(lambda shape: hnp.arrays(object, shape, elements=text))


def frame(elements: Array) -> bytes:
    return b"".join(struct.pack("<I", len(one)) + one for one in elements.ravel())


def raw_request(model: str, values: dict[str, Array]) -> Any:
    """The request in the order of `values`, which need not be the model's."""
    request = messages.ModelInferRequest(model_name=model)
    for datatype, array in values.items():
        request.inputs.add(name=datatype.lower(), datatype=datatype, shape=array.shape)
        raw = frame(array) if datatype == "BYTES" else array.tobytes()
        request.raw_input_contents.append(raw)
    return request


def by_datatype(tensors: Any, raw: Any) -> dict[str, tuple[list[int], bytes]]:
    return {
        tensor.datatype: (list(tensor.shape), data)
        for tensor, data in zip(tensors, raw, strict=True)
    }


def check_echo(reply: Any, request: Any) -> None:
    """Fails unless the reply holds what the raw `request` held, in the model's order."""
    sent = by_datatype(request.inputs, request.raw_input_contents)
    found = by_datatype(reply.outputs, reply.raw_output_contents)
    assert found == sent
    assert list(found) == [name for name in models.ONNX_TYPES if name in sent]
    assert all(out.name == f"{out.datatype.lower()}_out" for out in reply.outputs)
    assert not any(out.HasField("contents") for out in reply.outputs)


@pytest.mark.parametrize("rank", ECHO_RANKS)
@SEVERAL
@given(data=st.data())
def test_any_bits_of_any_shape_in_raw_contents(
    echo_channel: grpc.Channel, rank: int, data: st.DataObject
) -> None:
    request = raw_request(f"echo_{rank}", data.draw(tensors(rank)))
    check_echo(infer(echo_channel, request), request)


@pytest.mark.parametrize("rank", ECHO_RANKS)
@SEVERAL
@given(data=st.data())
def test_any_strings_of_any_shape(
    echo_channel: grpc.Channel, rank: int, data: st.DataObject
) -> None:
    strings = data.draw(words(rank))
    request = raw_request(f"words_{rank}", {"BYTES": strings})
    check_echo(infer(echo_channel, request), request)
    typed = messages.ModelInferRequest(model_name=f"words_{rank}", inputs=request.inputs)
    typed.inputs[0].contents.bytes_contents.extend(strings.ravel())
    check_echo(infer(echo_channel, typed), request)


def typed_request(model: str, values: dict[str, Array]) -> Any:
    request = messages.ModelInferRequest(model_name=model)
    for datatype, array in values.items():
        tensor = request.inputs.add(name=datatype.lower(), datatype=datatype, shape=array.shape)
        if datatype in TYPED:
            getattr(tensor.contents, TYPED[datatype]).extend(array.ravel().tolist())
    return request


@pytest.mark.parametrize("rank", [rank for rank in ECHO_RANKS if rank > 0])
@SEVERAL
@given(data=st.data())
def test_any_values_of_any_shape_in_typed_contents(
    echo_channel: grpc.Channel, rank: int, data: st.DataObject
) -> None:
    values = data.draw(tensors(rank))
    for name in ("FP16", "BF16"):  # these have no typed field: sent without elements
        values[name] = np.empty((0,) * rank, WIRE_DTYPES[name])
    # Which NaN it is may change on its way through Python's float.
    values["FP32"] = np.nan_to_num(values["FP32"])
    values["FP64"] = np.nan_to_num(values["FP64"])
    model = f"echo_{rank}"
    check_echo(infer(echo_channel, typed_request(model, values)), raw_request(model, values))


def scalars() -> dict[str, Array]:
    return {name: np.ones((), WIRE_DTYPES[name]) for name in FIXED_SIZE}


def limits(datatype: str) -> Array:
    """The values where a datatype begins and ends, and others that are easily lost."""
    dtype = WIRE_DTYPES[datatype]
    if dtype.kind in "iu":
        least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
        return np.array([least, least + 1, 0, 1, most], dtype)
    if dtype.kind == "b":
        return np.array([True, False])
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.5]
    info = np.finfo(dtype)
    return np.array([*special, info.max, info.min, info.tiny, info.smallest_subnormal], dtype)


def test_the_limits_of_every_datatype(echo_channel: grpc.Channel) -> None:
    values = {name: limits(name) for name in FIXED_SIZE}
    # One NaN is quiet, one is signalling, and one carries a message.
    values["FP32"] = np.append(
        values["FP32"], np.array([0x7F800001, 0xFFC0BEEF], "<u4").view("<f4")
    )
    request = raw_request("echo_1", values)
    check_echo(infer(echo_channel, request), request)


def test_a_true_that_is_not_one_becomes_one(echo_channel: grpc.Channel) -> None:
    request = raw_request("echo_0", scalars())
    (place,) = (i for i, tensor in enumerate(request.inputs) if tensor.datatype == "BOOL")
    request.raw_input_contents[place] = b"\x80"
    assert infer(echo_channel, request).raw_output_contents[place] == b"\x01"


def test_empty_tensors_without_any_data(echo_channel: grpc.Channel) -> None:
    """Of every datatype, also FP16 and BF16, with empty contents and with none."""
    empty = {name: np.empty((0,), dtype) for name, dtype in WIRE_DTYPES.items()}
    request = messages.ModelInferRequest(model_name="echo_1")
    for name in FIXED_SIZE:
        request.inputs.add(name=name.lower(), datatype=name, shape=[0])
    check_echo(infer(echo_channel, request), raw_request("echo_1", empty))
    for tensor in request.inputs:
        tensor.contents.SetInParent()
    check_echo(infer(echo_channel, request), raw_request("echo_1", empty))


@pytest.mark.parametrize(
    "strings",
    [
        [b"a\0b", b"\0", b"", b"end\0"],
        ["\u00e4\U0001f600".encode(), b" ", b"\n\r\t"],
        [b"x" * 10_000_000, b"", b"y"],
        [b"\0" * 10_000_000],
    ],
    ids=["NUL", "UTF-8", "10 MB", "10 MB of NUL"],
)
def test_strings_come_through_whole(echo_channel: grpc.Channel, strings: list[bytes]) -> None:
    array = np.empty(len(strings), object)
    array[:] = strings
    request = raw_request("words_1", {"BYTES": array})
    check_echo(infer(echo_channel, request), request)


def test_outputs_asked_for_come_in_the_order_asked(echo_channel: grpc.Channel) -> None:
    request = raw_request("echo_0", scalars())
    names = ["fp64_out", "bool_out", "bf16_out"]
    for name in names:
        request.outputs.add(name=name)
    reply = infer(echo_channel, request)
    assert [out.name for out in reply.outputs] == names
    assert [len(raw) for raw in reply.raw_output_contents] == [8, 1, 2]


@pytest.mark.parametrize("rank", ECHO_RANKS)
@pytest.mark.parametrize("side", [0, 1, 3])
def test_tritonclient_reads_the_same_values(
    echo_gateway: GatewayProcess, rank: int, side: int
) -> None:
    """Also what is empty: as_numpy needs an entry in raw_output_contents for it."""
    shape = (side,) * rank
    sent = {
        name: np.full(shape, 1, np.float32 if name == "BF16" else WIRE_DTYPES[name])
        for name in FIXED_SIZE
    }
    with triton.InferenceServerClient(echo_gateway.address) as client:
        result = client.infer(f"echo_{rank}", [triton_input(*item) for item in sent.items()])
        for name, array in sent.items():
            found = result.as_numpy(f"{name.lower()}_out")
            assert found.dtype == array.dtype
            np.testing.assert_array_equal(found, array, strict=True)
        strings = np.full(shape, b"w\0rd", object)
        words_result = client.infer(f"words_{rank}", [triton_input("BYTES", strings)])
        np.testing.assert_array_equal(words_result.as_numpy("bytes_out"), strings)


def triton_input(datatype: str, array: Array) -> Any:
    made = triton.InferInput(datatype.lower(), list(array.shape), datatype)
    made.set_data_from_numpy(array)
    return made
