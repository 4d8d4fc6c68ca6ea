"""Message classes of every protocol on the ports, from a private descriptor pool.

`messages.ModelInferRequest` is a class of package `inference`; `message_class` knows all of them by
full name. The pool is private because tritonclient registers the same package in protobuf's default
pool, and a process may want both. Classes are made when they are first asked for.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor_pool import DescriptorPool

INFERENCE_SERVICE: Final = "inference.GRPCInferenceService"
HEALTH_SERVICE: Final = "grpc.health.v1.Health"
REFLECTION_SERVICES: Final = (
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
)
SERVICES: Final = (INFERENCE_SERVICE, HEALTH_SERVICE, *REFLECTION_SERVICES)
ADMIN_PACKAGE: Final = "tiltyard.admin.v1"
ADMIN_SERVICE: Final = f"{ADMIN_PACKAGE}.Admin"
# What the admin port serves; SERVICES are those of the data port.
ADMIN_SERVICES: Final = (ADMIN_SERVICE, HEALTH_SERVICE, *REFLECTION_SERVICES)


@cache
def pool() -> DescriptorPool:
    """The private pool with every file under proto/; built by setup.py from the same files."""
    found = descriptor_pb2.FileDescriptorSet.FromString(
        Path(__file__).with_name("descriptors.binpb").read_bytes()
    )
    made = DescriptorPool()
    for file in found.file:  # protoc writes a file after those it imports
        made.AddSerializedFile(file.SerializeToString())
    return made


@cache
def message_class(full_name: str) -> Any:
    """The class of a message, e.g. "grpc.health.v1.HealthCheckRequest". Raises KeyError."""
    return message_factory.GetMessageClass(pool().FindMessageTypeByName(full_name))


def method_path(method: str, service: str = INFERENCE_SERVICE) -> str:
    """The HTTP/2 path of a method: "/inference.GRPCInferenceService/ModelInfer"."""
    return f"/{service}/{method}"


def __getattr__(name: str) -> Any:
    try:
        return message_class(f"inference.{name}")
    except KeyError:
        raise AttributeError(f"the inference protocol has no message {name!r}") from None
