"""Server reflection: one answer to one request, from the private descriptor pool.

v1 and v1alpha have the same messages in two packages.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tiltyard.protocol import messages

NOT_FOUND: Final = 5  # gRPC's status code; inside this protocol it travels in the response


def reflect(request: Any, package: str, services: Sequence[str] = messages.SERVICES) -> Any:
    """The ServerReflectionResponse to a ServerReflectionRequest of `package`.

    `services` are those of the port that was asked.
    """
    reply = messages.message_class(f"{package}.ServerReflectionResponse")(
        valid_host=request.host, original_request=request
    )
    kind = request.WhichOneof("message_request")
    try:
        match kind:
            case "list_services":
                for name in sorted(services):
                    reply.list_services_response.service.add(name=name)
            case "file_by_filename":
                _add_files(reply, messages.pool().FindFileByName(request.file_by_filename))
            case "file_containing_symbol":
                _add_files(reply, _file_of(request.file_containing_symbol))
            case None:
                _fail(reply, "the request asks for nothing: one of its fields has to be set")
            case _:
                _fail(reply, "no message of this server has extensions")
    except KeyError:
        _fail(reply, f"there is no {getattr(request, str(kind))!r} among this server's protocols")
    return reply


def _fail(reply: Any, message: str) -> None:
    reply.error_response.error_code = NOT_FOUND
    reply.error_response.error_message = message


def _file_of(symbol: str) -> Any:
    """The file that declares a service, method, message or enum. Raises KeyError."""
    try:
        return messages.pool().FindFileContainingSymbol(symbol)
    except KeyError:  # the pool does not look for methods
        service, _, method = symbol.rpartition(".")
        found = messages.pool().FindServiceByName(service).methods_by_name[method]
        return found.containing_service.file


def _add_files(reply: Any, file: Any) -> None:
    reply.file_descriptor_response.file_descriptor_proto.extend(
        found.serialized_pb for found in _with_imports(file)
    )


def _with_imports(file: Any) -> Iterator[Any]:
    """The file first, then what it imports; no file of this server imports one twice."""
    yield file
    for imported in file.dependencies:
        yield from _with_imports(imported)
