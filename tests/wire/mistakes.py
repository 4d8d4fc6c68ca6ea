"""Every mistake in a request that a client can make, with the code and the full sentence."""

from grpc import StatusCode

from tests.wire.mistake import (
    Mistake,
    add_input,
    as_it_is,
    ask_for,
    drop_inputs,
    drop_row_of_b,
    echo_request,
    repeat_input,
    set_contents,
    set_fields,
    set_input,
    set_parameter,
    set_raw,
    set_tensor_parameter,
    two_request,
    words_request,
)

ROUTE = [
    Mistake(
        "unknown model",
        "model 'nobody' is not found",
        set_fields(model_name="nobody"),
        code=StatusCode.NOT_FOUND,
    ),
    Mistake(
        "unknown model with a name that no terminal should see",
        r"model 'a\x1b[2J\xc3\xa9' is not found",
        set_fields(model_name="a\x1b[2J\u00e9"),
        code=StatusCode.NOT_FOUND,
    ),
    Mistake(
        "unknown version",
        "model 'identity' has no version 9; its versions are 1",
        set_fields(model_version="9"),
        code=StatusCode.NOT_FOUND,
    ),
    *(
        Mistake(
            f"version {version!r}",
            f"model version '{version}' is not a positive integer",
            set_fields(model_version=version),
        )
        for version in ("newest", "-1", "1.0", " 1", "+1", "1e3", "9" * 20)
    ),
]

INPUTS = [
    Mistake(
        "missing input",
        "model 'two' needs input 'b', which the request does not have; its inputs are a, b",
        drop_inputs(1),
        two_request(),
    ),
    Mistake(
        "no input",
        "model 'identity' needs input 'x', which the request does not have; its inputs are x",
        drop_inputs(1),
    ),
    Mistake("extra input", "model 'identity' has no input 'z'; its inputs are x", add_input),
    Mistake(
        "duplicate input",
        "the request to model 'identity' has input 'x' more than once",
        repeat_input,
    ),
    Mistake(
        "wrong datatype",
        "model 'identity' input 'x': expected datatype FP32, got INT64",
        set_input(datatype="INT64"),
    ),
    Mistake(
        "unknown datatype",
        "model 'identity' input 'x': expected datatype FP32, got 'float32', which the protocol"
        " does not have",
        set_input(datatype="float32"),
    ),
    Mistake(
        "wrong rank",
        "model 'identity' input 'x': expected 2 dimensions, [-1,4] (-1 is free), got 1, [8]",
        set_input(shape=[8]),
    ),
    Mistake(
        "no shape",
        "model 'identity' input 'x': expected 2 dimensions, [-1,4] (-1 is free), got 0, []",
        set_input(shape=[]),
    ),
    Mistake(
        "too many dimensions",
        "model 'identity' input 'x' has 17 dimensions; the limit is 16",
        set_input(shape=[1] * 17),
    ),
    Mistake(
        "wrong dimension",
        "model 'identity' input 'x': expected shape [-1,4] (-1 is free), got [4,2]",
        set_input(shape=[4, 2]),
    ),
    Mistake(
        "negative dimension",
        "model 'identity' input 'x': expected shape [-1,4] (-1 is free), got [-1,4] with a"
        " negative dimension",
        set_input(shape=[-1, 4]),
    ),
    Mistake(
        "overflow of the elements",
        f"model 'identity' input 'x': shape [{2**62},4] has more bytes than 64 bits can count",
        set_input(shape=[2**62, 4]),
    ),
    Mistake(
        "overflow of the bytes",
        f"model 'identity' input 'x': shape [{2**60},4] has more bytes than 64 bits can count",
        set_input(shape=[2**60, 4]),
    ),
    Mistake(
        "different numbers of rows",
        "model 'two' input 'b': expected 2 rows as in the first input, got 1",
        drop_row_of_b,
        two_request(),
    ),
]

DATA = [
    *(
        Mistake(
            f"{count} bytes",
            f"model 'identity' input 'x': expected 32 bytes, got {count} (shape [2,4],"
            " datatype FP32)",
            set_raw(bytes(count)),
        )
        for count in (0, 31, 33)
    ),
    Mistake(
        "more rows than bytes",
        "model 'identity' input 'x': expected 16000000000000 bytes, got 32 (shape"
        " [1000000000000,4], datatype FP32)",
        set_input(shape=[10**12, 4]),
    ),
    Mistake(
        "no data",
        "model 'identity' input 'x' has neither contents nor an entry in raw_input_contents",
        set_raw(),
    ),
    Mistake(
        "more raw entries than inputs",
        "the request to model 'identity' needs one raw_input_contents entry an input: expected 1,"
        " got 2",
        set_raw(bytes(32), b""),
    ),
    Mistake(
        "raw and typed mixed",
        "model 'identity' input 'x' has contents although the request has raw_input_contents;"
        " expected all values in one of them",
        lambda request: request.inputs[0].contents.fp32_contents.extend([1.0] * 8),
    ),
    Mistake(
        "too few typed values",
        "model 'identity' input 'x': expected 8 elements, got 7 (shape [2,4])",
        set_contents(fp32_contents=[1.0] * 7),
    ),
    Mistake(
        "wrong typed field",
        "model 'identity' input 'x' of datatype FP32: expected its values in fp32_contents, got"
        " int_contents",
        set_contents(int_contents=[1] * 8),
    ),
    Mistake(
        "two typed fields",
        "model 'identity' input 'x' of datatype FP32: expected its values in fp32_contents, got"
        " fp64_contents",
        set_contents(fp32_contents=[1.0] * 8, fp64_contents=[1.0]),
    ),
    *(
        Mistake(
            f"{datatype} in typed contents",
            f"model 'echo_1' input '{datatype.lower()}': datatype {datatype} can only be sent"
            " in raw_input_contents",
            as_it_is,
            echo_request(datatype, fp32_contents=[1.0, 2.0]),
        )
        for datatype in ("FP16", "BF16")
    ),
    *(
        Mistake(
            f"{value} as {datatype}",
            f"model 'echo_1' input '{datatype.lower()}': datatype {datatype} cannot hold the"
            f" value {value}",
            as_it_is,
            echo_request(datatype, **{contents: [1, value]}),
        )
        for datatype, contents, value in (
            ("INT8", "int_contents", 128),
            ("INT16", "int_contents", -32_769),
            ("UINT8", "uint_contents", 256),
            ("UINT16", "uint_contents", 65_536),
        )
    ),
    *(
        Mistake(
            f"bad BYTES framing, {name}",
            "model 'words_1' input 'bytes' is not framed as BYTES (a 4-byte length before each"
            f" element): {sentence}",
            as_it_is,
            words_request(raw),
        )
        for name, raw, sentence in (
            ("no elements", b"", "expected 2 elements, got 0"),
            ("one too many", bytes(12), "expected 2 elements, got 3"),
            ("torn length", bytes(7), "the data ends inside the length of element 1"),
            (
                "long element",
                b"\1\0\0\0a\xff\xff\xff\xffb",
                "element 1 has a length of 4294967295 bytes, but 1 are left",
            ),
        )
    ),
]

OUTPUTS = [
    Mistake(
        "unknown output",
        "model 'two' has no output 'total'; its outputs are sum, difference",
        ask_for("sum", "total"),
        two_request(),
    ),
    Mistake(
        "duplicate output",
        "the request to model 'two' asks for output 'sum' more than once",
        ask_for("sum", "difference", "sum"),
        two_request(),
    ),
]

PARAMETERS = [
    Mistake(
        "shared memory for an input",
        "parameter 'shared_memory_region' of input 'x' is not supported: there is no shared memory"
        " with clients; send the values in the message",
        set_tensor_parameter("shared_memory_region", string_param="r"),
        code=StatusCode.UNIMPLEMENTED,
    ),
    Mistake(
        "shared memory for an output",
        "parameter 'shared_memory_region' of output 'y' is not supported: there is no shared memory"
        " with clients; send the values in the message",
        set_tensor_parameter("shared_memory_region", "y", string_param="r"),
        code=StatusCode.UNIMPLEMENTED,
    ),
    Mistake(
        "classification",
        "parameter 'classification' of output 'y' is not supported: there are no labels to classify"
        " by; ask for the output itself",
        set_tensor_parameter("classification", "y", int64_param=3),
        code=StatusCode.UNIMPLEMENTED,
    ),
    Mistake(
        "sequence",
        "parameter 'sequence_id' of the request is not supported: models here keep no state between"
        " requests, so there are no sequences",
        set_parameter("sequence_id", int64_param=7),
        code=StatusCode.UNIMPLEMENTED,
    ),
    Mistake(
        "reserved name",
        "parameter 'triton_new' of the request is not known; names that begin with triton_ are"
        " reserved",
        set_parameter("triton_new", bool_param=True),
    ),
    *(
        Mistake(
            f"{name} of the wrong type",
            f"parameter '{name}' of the request: expected {expected}, got {got}",
            set_parameter(name, **value),
        )
        for name, value, expected, got in (
            ("priority", {"string_param": "1"}, "uint64_param or int64_param", "string_param"),
            ("timeout", {"double_param": 1.0}, "int64_param", "double_param"),
            (
                "sequence_id",
                {"bool_param": True},
                "int64_param, uint64_param or string_param",
                "bool_param",
            ),
            ("sequence_start", {"int64_param": 1}, "bool_param", "int64_param"),
            ("sequence_end", {"uint64_param": 1}, "bool_param", "uint64_param"),
            ("binary_data_output", {"string_param": "no"}, "bool_param", "string_param"),
            ("own", {}, "a value", "none"),
        )
    ),
]

MISTAKES = [*ROUTE, *INPUTS, *DATA, *OUTPUTS, *PARAMETERS]
