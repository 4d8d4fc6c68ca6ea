"""The datatypes of the Open Inference Protocol beside those of numpy files and of ONNX.

One table; nothing here imports numpy or onnx, so that a server can start without them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataType:
    """One datatype. `item_bytes` is 0 for BYTES, whose elements have their own lengths."""

    name: str
    item_bytes: int
    npy: str
    onnx_elem_type: int
    ort_type: str


# numpy has no bfloat16: BF16 lies in files as its 16 bits. BYTES lies there as the protocol's own
# framing, 4 bytes of little-endian length before each element.
TYPES = (
    DataType("BOOL", 1, "|b1", 9, "tensor(bool)"),
    DataType("UINT8", 1, "|u1", 2, "tensor(uint8)"),
    DataType("UINT16", 2, "<u2", 4, "tensor(uint16)"),
    DataType("UINT32", 4, "<u4", 12, "tensor(uint32)"),
    DataType("UINT64", 8, "<u8", 13, "tensor(uint64)"),
    DataType("INT8", 1, "|i1", 3, "tensor(int8)"),
    DataType("INT16", 2, "<i2", 5, "tensor(int16)"),
    DataType("INT32", 4, "<i4", 6, "tensor(int32)"),
    DataType("INT64", 8, "<i8", 7, "tensor(int64)"),
    DataType("FP16", 2, "<f2", 10, "tensor(float16)"),
    DataType("BF16", 2, "<u2", 16, "tensor(bfloat16)"),
    DataType("FP32", 4, "<f4", 1, "tensor(float)"),
    DataType("FP64", 8, "<f8", 11, "tensor(double)"),
    DataType("BYTES", 0, "|u1", 8, "tensor(string)"),
)

BY_NAME = {entry.name: entry for entry in TYPES}
BY_ELEM_TYPE = {entry.onnx_elem_type: entry for entry in TYPES}
BY_ORT_TYPE = {entry.ort_type: entry for entry in TYPES}
