"""Our codec against google.protobuf: of any bytes both see the same request, or both refuse them.

And google.protobuf reads the replies that we write as what they were made of.
"""

import struct
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wire.wire_bytes import (
    BYTES,
    FIXED32,
    FIXED64,
    GROUP_BEGIN,
    GROUP_END,
    VARINT,
    length_prefixed,
    varint,
    wire_messages,
)
from tiltyard import _core
from tiltyard.protocol import messages
from tiltyard.store.datatype import TYPES

REQUEST = messages.ModelInferRequest.DESCRIPTOR
RANK_MAX = 16
# Formats of struct, to read the elements of each field of InferTensorContents.
FORMATS = {
    "bool_contents": "?",
    "int_contents": "i",
    "int64_contents": "q",
    "uint_contents": "I",
    "uint64_contents": "Q",
    "fp32_contents": "f",
    "fp64_contents": "d",
}
REFUSED = "refused"
generous = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def exact(value: Any) -> Any:
    """A value with which equal means the same bits: numbers that are not NaN, and -0.0, too."""
    return struct.pack("<d", value).hex() if isinstance(value, float) else value


def protobuf_parameters(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, parameter in message.parameters.items():
        field = parameter.WhichOneof("parameter_choice")
        found[key] = None if field is None else (field, exact(getattr(parameter, field)))
    return found


def protobuf_contents(contents: Any) -> dict[str, list[Any]]:
    values = {
        field.name: list(getattr(contents, field.name)) for field in contents.DESCRIPTOR.fields
    }
    return {name: [exact(value) for value in found] for name, found in values.items() if found}


def seen_by_protobuf(wire: bytes) -> Any:
    try:
        request = messages.ModelInferRequest.FromString(wire)
    except DecodeError:
        return REFUSED
    return {
        "model_name": request.model_name,
        "model_version": request.model_version,
        "id": request.id,
        "parameters": protobuf_parameters(request),
        "inputs": [
            {
                "name": tensor.name,
                "datatype": tensor.datatype,
                "shape": tuple(tensor.shape[:RANK_MAX]),
                "rank": len(tensor.shape),
                "parameters": protobuf_parameters(tensor),
                "contents": protobuf_contents(tensor.contents)
                if tensor.HasField("contents")
                else None,
            }
            for tensor in request.inputs
        ],
        "outputs": [
            {"name": tensor.name, "parameters": protobuf_parameters(tensor)}
            for tensor in request.outputs
        ],
        "raw_input_contents": list(request.raw_input_contents),
    }


def our_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if found is None else (found[0], exact(found[1]))
        for key, found in parameters.items()
    }


def our_contents(contents: dict[str, Any]) -> dict[str, list[Any]]:
    found = {}
    for name, values in contents.items():
        if name != "bytes_contents":
            unpacked = struct.iter_unpack(f"<{FORMATS[name]}", values)
            found[name] = [exact(value) for (value,) in unpacked]
        else:
            found[name] = values
    return found


def seen_by_us(wire: bytes) -> Any:
    try:
        request = _core.decode_infer_request(wire)
    except _core.CoreError as error:
        return REFUSED if error.name == "malformed_message" else error.name
    for tensor in (request, *request["inputs"], *request["outputs"]):
        tensor["parameters"] = our_parameters(tensor["parameters"])
    for tensor in request["inputs"]:
        if tensor["contents"] is not None:
            tensor["contents"] = our_contents(tensor["contents"])
    return request


def check(wire: bytes) -> Any:
    """What both see."""
    theirs = seen_by_protobuf(wire)
    assert seen_by_us(wire) == theirs
    return theirs


# ---- messages that google.protobuf makes

TEXT = st.text(max_size=8)
VALUES = {
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.TYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.TYPE_DOUBLE: st.floats(),
    FieldDescriptor.TYPE_STRING: TEXT,
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=12),
}


@st.composite
def built(draw: Any, kind: str) -> Any:
    """A message of the class `kind`, each field set or not."""
    message = messages.message_class(f"inference.{kind}")()
    fill(draw, message)
    return message


def fill(draw: Any, message: Any) -> None:
    for field in draw(st.lists(st.sampled_from(list(message.DESCRIPTOR.fields)), max_size=8)):
        target = getattr(message, field.name)
        if field.message_type is None:
            value = VALUES[field.type]
            if field.is_repeated:
                target.extend(draw(st.lists(value, max_size=4)))
            else:
                setattr(message, field.name, draw(value))
        elif field.message_type.GetOptions().map_entry:
            fill(draw, target[draw(TEXT)])
        elif field.is_repeated:
            fill(draw, target.add())
        else:
            target.SetInParent()
            fill(draw, target)


@generous
@given(built("ModelInferRequest"))
def test_a_message_that_protobuf_made_is_seen_as_it_is(request: Any) -> None:
    assert check(request.SerializeToString()) != REFUSED
    assert check(request.SerializeToString(deterministic=True)) != REFUSED


@generous
@given(st.lists(built("ModelInferRequest"), min_size=2, max_size=3))
def test_messages_one_after_another_are_merged(requests: list[Any]) -> None:
    assert check(b"".join(request.SerializeToString() for request in requests)) != REFUSED


@generous
@given(wire_messages(REQUEST, may_break=False))
def test_whatever_an_encoder_may_write_is_seen_as_protobuf_sees_it(wire: bytes) -> None:
    assert check(wire) != REFUSED


@generous
@given(wire_messages(REQUEST, may_break=True))
def test_what_may_be_broken_is_seen_as_protobuf_sees_it(wire: bytes) -> None:
    check(wire)


@generous
@given(st.binary(max_size=40))
def test_noise_is_seen_as_protobuf_sees_it(wire: bytes) -> None:
    check(wire)


# ---- by hand: where decoders differ


def field(number: int, wire_type: int, value: bytes) -> bytes:
    return varint(number << 3 | wire_type) + value


def text(number: int, content: bytes) -> bytes:
    return field(number, BYTES, length_prefixed(content))


def parameter(key: bytes, value: bytes) -> bytes:
    return text(4, text(1, key) + text(2, value))


def group(number: int, inner: bytes) -> bytes:
    return field(number, GROUP_BEGIN, inner) + field(number, GROUP_END, b"")


def nested_groups(depth: int) -> bytes:
    return group(9, nested_groups(depth - 1)) if depth > 0 else b""


TRUE, SEVEN = field(1, VARINT, b"\x01"), field(2, VARINT, b"\x07")
ONE_F, TWO_F = struct.pack("<f", 1), struct.pack("<f", 2)

SEEN = {
    "nothing": b"",
    "the last of a text counts": text(1, b"a") + text(1, b"b") + text(1, b""),
    "a key without a value": text(4, text(1, b"k")),
    "a value without a key": text(4, text(2, TRUE)),
    "an entry of nothing": text(4, b""),
    "an entry twice": parameter(b"k", TRUE) + parameter(b"k", SEVEN),
    "an entry whose last has no value": parameter(b"k", TRUE) + text(4, text(1, b"k")),
    "a value before its key": text(4, text(2, TRUE) + text(1, b"k")),
    "two keys in an entry": text(4, text(1, b"a") + text(2, TRUE) + text(1, b"b")),
    "two values in an entry": text(4, text(1, b"k") + text(2, TRUE) + text(2, SEVEN)),
    "a second value of nothing": text(4, text(1, b"k") + text(2, TRUE) + text(2, b"")),
    "an unknown field in an entry": text(4, text(1, b"k") + text(2, TRUE) + text(3, b"")),
    "an unknown field in a value": parameter(b"k", TRUE + text(9, b"")),
    "a oneof of two": parameter(b"k", TRUE + SEVEN),
    "a oneof set and set again": parameter(b"k", SEVEN + TRUE + SEVEN),
    "a oneof whose last has a wrong type": parameter(b"k", TRUE + text(2, b"")),
    "a bool of many bits": parameter(b"k", field(1, VARINT, varint(2**40))),
    "a name of a wrong type": field(1, VARINT, b"\x01"),
    "a shape packed and not": text(5, text(3, b"\x01\x02") + field(3, VARINT, b"\x03")),
    "a shape in fixed64": text(5, field(3, FIXED64, bytes(8))),
    "dimensions of 10 bytes": text(5, text(3, varint(2**64 - 1) + varint(2**63))),
    "17 dimensions": text(5, text(3, bytes(17))),
    "contents of nothing": text(5, text(5, b"")),
    "contents in parts": text(5, text(5, text(6, ONE_F)) + text(5, field(6, FIXED32, TWO_F))),
    "an int that is cut": text(5, text(5, text(2, varint(2**32 + 5) + varint(2**64 - 1)))),
    "a longer length than needed": field(1, BYTES, varint(1, padding=4) + b"a"),
    "a longer tag than needed": varint(1 << 3 | BYTES, padding=4) + b"\x01a",
    "an unknown group": group(15, text(1, b"") + group(2, b"")) + text(1, b"m"),
    "a known number as a group": group(1, b""),
    "the largest field number": field(2**29 - 1, VARINT, b"\x00"),
    "100 groups": nested_groups(100),
    "a raw entry of nothing": text(7, b"") * 2,
}
REFUSED_BY_BOTH = {
    "field 0": field(0, VARINT, b"\x00"),
    "a field number of 30 bits": varint(2**29 << 3) + b"\x00",
    "a tag of 6 bytes": varint(1 << 3 | BYTES, padding=5) + b"\x01a",
    "a length of 6 bytes": field(1, BYTES, varint(1, padding=5) + b"a"),
    "a length of 32 bits": field(1, BYTES, varint(2**32 - 1)),
    "a length of 33 bits": field(1, BYTES, varint(2**32 + 1) + b"a"),
    "a varint of 11 bytes": text(5, field(3, VARINT, b"\x80" * 10 + b"\x00")),
    "wire type 6": field(1, 6, b""),
    "wire type 7": field(1, 7, b""),
    "a group that does not end": field(15, GROUP_BEGIN, b""),
    "an end without a group": field(15, GROUP_END, b""),
    "another end": field(15, GROUP_BEGIN, b"") + field(14, GROUP_END, b""),
    "a group that ends behind its message": text(5, field(9, GROUP_BEGIN, b""))
    + field(9, GROUP_END, b""),
    "101 groups": nested_groups(101),
    "100 groups in an input": text(5, nested_groups(100)),
    "half an element": text(5, text(5, text(6, ONE_F[:3]))),
    "half a varint": text(5, text(3, b"\x80")),
    "a name that is not UTF-8": text(1, b"\xff"),
    "a name with a surrogate": text(1, b"\xed\xa0\x80"),
    "a name that is not UTF-8 and overridden": text(1, b"\xff") + text(1, b"m"),
    "a key that is not UTF-8": parameter(b"\xc0\x80", TRUE),
    "a value that is not UTF-8": parameter(b"k", text(3, b"\xff")),
    "a value that is not UTF-8 and overridden": parameter(b"k", text(3, b"\xff") + TRUE),
    "a message behind the end": field(5, BYTES, b"\x02\x0a"),
}


@pytest.mark.parametrize("wire", SEEN.values(), ids=SEEN.keys())
def test_liberties_of_the_format(wire: bytes) -> None:
    assert check(wire) != REFUSED


@pytest.mark.parametrize("wire", REFUSED_BY_BOTH.values(), ids=REFUSED_BY_BOTH.keys())
def test_what_the_format_forbids(wire: bytes) -> None:
    assert check(wire) == REFUSED


# ---- replies

NAMES = st.text(max_size=20)
OUTPUTS = st.tuples(
    NAMES,
    st.sampled_from([row.name for row in TYPES]),
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3), max_size=RANK_MAX).map(tuple),
    st.binary(max_size=200) | st.integers(0, 40_000).map(bytes),
)
Output = tuple[str, str, tuple[int, ...], bytes]


@generous
@given(NAMES, NAMES, NAMES, st.lists(OUTPUTS, max_size=5))
def test_protobuf_reads_our_replies(
    model: str, version: str, request_id: str, outputs: list[Output]
) -> None:
    expected = messages.ModelInferResponse(model_name=model, model_version=version, id=request_id)
    for name, datatype, shape, data in outputs:
        expected.outputs.add(name=name, datatype=datatype, shape=shape)
        expected.raw_output_contents.append(data)
    head = model.encode(), version.encode(), request_id.encode()
    wire = _core.encode_infer_response(*head, outputs)
    assert messages.ModelInferResponse.FromString(wire) == expected
    assert wire == expected.SerializeToString()
    wrapped = messages.ModelStreamInferResponse(infer_response=expected)
    stream = _core.encode_infer_response(*head, outputs, stream=True)
    assert messages.ModelStreamInferResponse.FromString(stream) == wrapped
    assert stream == wrapped.SerializeToString()


@pytest.mark.parametrize(
    ("datatype", "shape"), [("FP31", (1,)), ("", ()), ("FP32", (1,) * (RANK_MAX + 1))]
)
def test_a_reply_that_cannot_be(datatype: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"output .y.: no datatype is named .*, or more than 16"):
        _core.encode_infer_response(b"m", b"1", b"", [("y", datatype, shape, b"")])
