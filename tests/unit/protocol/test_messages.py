"""The protos against tritonclient's own descriptors, and both packages in one process."""

import subprocess
import sys
from typing import Any

import pytest

from tiltyard.protocol import messages

IMPORT_OURS = "from tiltyard.protocol import messages"
IMPORT_THEIRS = "import tritonclient.grpc as triton; from tritonclient.grpc import service_pb2"
# Each reads what the other wrote.
USE_BOTH = """
ours = messages.ModelInferRequest(model_name="m", id="7", raw_input_contents=[b"abc"])
ours.inputs.add(name="x", datatype="BYTES", shape=[1, 2]).parameters["p"].bool_param = True
theirs = service_pb2.ModelInferRequest.FromString(ours.SerializeToString())
assert theirs.inputs[0].parameters["p"].bool_param is True
assert list(theirs.inputs[0].shape) == [1, 2]
back = messages.ModelInferRequest.FromString(theirs.SerializeToString())
assert ours == back
tensor = triton.InferInput("x", [1], "FP32")
assert tensor.name() == "x"
print("both work")
"""


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("imports", [(IMPORT_OURS, IMPORT_THEIRS), (IMPORT_THEIRS, IMPORT_OURS)])
def test_tritonclient_lives_in_the_same_process(imports: tuple[str, str]) -> None:
    assert run_python("\n".join([*imports, USE_BOTH])) == "both work"


def fields_of(message: Any) -> dict[str, tuple[Any, ...]]:
    """What the wire depends on, by field name."""
    return {
        field.name: (
            field.number,
            field.type,
            bool(field.is_repeated),
            field.has_presence,
            field.message_type.full_name if field.message_type else None,
            field.enum_type.full_name if field.enum_type else None,
            field.containing_oneof.name if field.containing_oneof else None,
        )
        for field in message.fields
    }


def messages_below(descriptors: Any) -> dict[str, Any]:
    found = {}
    for message in descriptors:
        found[message.full_name] = message
        found |= messages_below(message.nested_types)
    return found


def enums_of(scope: Any) -> dict[str, dict[str, int]]:
    return {
        name: {value.name: value.number for value in enum.values}
        for name, enum in scope.enum_types_by_name.items()
    }


def test_grpc_service_is_tritons() -> None:
    from tritonclient.grpc import service_pb2

    ours = messages.pool().FindFileByName("inference/grpc_service.proto")
    our_messages = messages_below(ours.message_types_by_name.values())
    their_messages = messages_below(service_pb2.DESCRIPTOR.message_types_by_name.values())
    assert set(their_messages) == set(our_messages)
    for name, theirs in their_messages.items():
        assert fields_of(theirs) == fields_of(our_messages[name]), name
        assert theirs.GetOptions().map_entry == our_messages[name].GetOptions().map_entry


def test_model_config_is_a_part_of_tritons() -> None:
    from tritonclient.grpc import model_config_pb2

    ours = messages.pool().FindFileByName("inference/model_config.proto")
    theirs = messages_below(model_config_pb2.DESCRIPTOR.message_types_by_name.values())
    our_messages = messages_below(ours.message_types_by_name.values())
    assert "inference.ModelConfig" in our_messages
    for name, message in our_messages.items():
        their_fields = fields_of(theirs[name])
        assert fields_of(message).items() <= their_fields.items(), name
    assert enums_of(model_config_pb2.DESCRIPTOR)["DataType"] == enums_of(ours)["DataType"]


def methods_of(service: Any) -> dict[str, tuple[str, str, bool, bool]]:
    return {
        method.name: (
            method.input_type.name,
            method.output_type.name,
            method.client_streaming,
            method.server_streaming,
        )
        for method in service.methods
    }


def test_services_are_the_ones_clients_know() -> None:
    from grpc_health.v1 import health_pb2
    from grpc_reflection.v1alpha import reflection_pb2
    from tritonclient.grpc import service_pb2

    known = {
        messages.INFERENCE_SERVICE: service_pb2,
        messages.HEALTH_SERVICE: health_pb2,
        messages.REFLECTION_SERVICES[1]: reflection_pb2,
    }
    for name, module in known.items():
        theirs = module.DESCRIPTOR.services_by_name[name.rpartition(".")[2]]
        ours = methods_of(messages.pool().FindServiceByName(name))
        assert ours
        assert methods_of(theirs) == methods_of(theirs) | ours
        if name != messages.HEALTH_SERVICE:  # newer ones have a List, which probes do not call
            assert set(methods_of(theirs)) == set(ours)


def test_health_and_reflection_have_the_right_numbers() -> None:
    from grpc_health.v1 import health_pb2
    from grpc_reflection.v1alpha import reflection_pb2

    files = {
        "grpc/health/v1/health.proto": health_pb2.DESCRIPTOR,
        "grpc/reflection/v1alpha/reflection.proto": reflection_pb2.DESCRIPTOR,
    }
    for file, theirs in files.items():
        ours = messages.pool().FindFileByName(file).message_types_by_name
        assert ours
        for name, message in ours.items():
            assert fields_of(theirs.message_types_by_name[name]) == fields_of(message)
            assert enums_of(theirs.message_types_by_name[name]) == enums_of(message)


def test_reflection_v1_has_the_messages_of_v1alpha() -> None:
    pool = messages.pool()
    older = pool.FindFileByName("grpc/reflection/v1alpha/reflection.proto")
    newer = pool.FindFileByName("grpc/reflection/v1/reflection.proto")
    assert set(older.message_types_by_name) == set(newer.message_types_by_name)
    for name, message in older.message_types_by_name.items():
        shapes = [
            {field.name: (field.number, field.type) for field in of.fields}
            for of in (message, newer.message_types_by_name[name])
        ]
        assert shapes[0] == shapes[1]


def test_classes_are_made_once() -> None:
    assert messages.ModelInferRequest is messages.ModelInferRequest
    made = messages.message_class("grpc.health.v1.HealthCheckResponse")
    assert made is messages.message_class("grpc.health.v1.HealthCheckResponse")


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="has no message 'ModelGuess'"):
        _ = messages.ModelGuess


def test_method_paths() -> None:
    assert messages.method_path("ModelInfer") == "/inference.GRPCInferenceService/ModelInfer"
    assert messages.method_path("Check", messages.HEALTH_SERVICE) == "/grpc.health.v1.Health/Check"


def test_importing_it_brings_nothing_slow() -> None:
    slow = {"grpc", "numpy", "onnx", "onnxruntime", "rich", "structlog", "pydantic"}
    code = f"import sys; {IMPORT_OURS}; print(sorted({slow!r} & set(sys.modules)))"
    assert run_python(code) == "[]"
