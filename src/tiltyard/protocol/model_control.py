"""Triton's RepositoryModelLoad and RepositoryModelUnload, by the functions that operators have.

`model_name` is the model; a parameter `version` (int64_param) is one version. Without it, load
means the newest version, and unload all of them, which is refused while one is in a slot: who
serves is the operators' to say.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from tiltyard.control.errors import ArgumentError, PreconditionError, Reason
from tiltyard.errors import TiltyardError
from tiltyard.protocol import messages
from tiltyard.protocol.slow_path import CallRefused

if TYPE_CHECKING:
    from tiltyard.control.interface import ControlInterface

ACTOR: Final = "a client of the data port"
KNOWN: Final = frozenset({"version", "unload_dependents"})


class ModelControl:
    """Thread-safe, as Control is."""

    def __init__(self, control: "ControlInterface") -> None:
        self._control = control
        self._handlers = {
            messages.method_path("RepositoryModelLoad"): self._load,
            messages.method_path("RepositoryModelUnload"): self._unload,
        }

    def answer(self, path: str, request_bytes: bytes) -> bytes:
        """The serialized reply. Raises CallRefused; DecodeError for what is no request."""
        handler = self._handlers[path]
        # The two requests have the same fields.
        request = messages.RepositoryModelLoadRequest.FromString(request_bytes)
        try:
            handler(request.model_name, _version(request.parameters))
        except TiltyardError as error:
            from tiltyard.admin.errors import status_of

            status = status_of(error)
            raise CallRefused(status.code, status.message) from error
        return b""

    def _load(self, name: str, version: int | None) -> None:
        if version is None:
            version = max(entry.version for entry in self._control.get_model(name).versions)
        self._control.load_version(name, version, actor=ACTOR)

    def _unload(self, name: str, version: int | None) -> None:
        if version is not None:
            self._control.unload_version(name, version, actor=ACTOR)
            return
        loaded = [entry for entry in self._control.get_model(name).versions if entry.wanted]
        kept = [entry for entry in loaded if entry.roles]
        if kept:
            slots = ", ".join(f"{entry.version} ({', '.join(entry.roles)})" for entry in kept)
            raise PreconditionError(
                f"model {name!r} cannot be unloaded, because versions are in a slot: {slots};"
                " nothing was unloaded, and parameter 'version' unloads one that is in none",
                Reason.VERSION_IN_SLOT,
                model=name,
            )
        for entry in loaded:
            self._control.unload_version(name, entry.version, actor=ACTOR)


def _version(parameters: Mapping[str, Any]) -> int | None:
    """Raises ArgumentError for a parameter that would change what is loaded."""
    for name in parameters:
        if name not in KNOWN:
            raise ArgumentError(
                f"parameter {name!r} is not taken here; expected {' or '.join(sorted(KNOWN))}, as"
                " versions are loaded as they were published",
                field=f"parameters[{name}]",
            )
    if "version" not in parameters:
        return None
    kind = parameters["version"].WhichOneof("parameter_choice")
    if kind != "int64_param" or parameters["version"].int64_param < 1:
        raise ArgumentError(
            f"parameter 'version': expected int64_param of at least 1, got {kind}",
            field="parameters[version]",
        )
    return int(parameters["version"].int64_param)
