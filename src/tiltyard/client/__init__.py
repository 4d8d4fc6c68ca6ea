"""Clients, synchronous and asyncio: of the Open Inference Protocol over gRPC, for any server that
speaks it, and of Tiltyard's admin API.

The admin clients are imported when they are first asked for: most processes only infer.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tiltyard.client.inference_client import (
    CallError,
    InferenceClient,
    InferReply,
    PendingReply,
    TlsOptions,
)
from tiltyard.client.inference_client_aio import AsyncInferenceClient

if TYPE_CHECKING:
    from tiltyard.client.admin_client import AdminClient
    from tiltyard.client.admin_client_aio import AsyncAdminClient
    from tiltyard.client.admin_errors import AdminCallError

__all__ = [
    "AdminCallError",
    "AdminClient",
    "AsyncAdminClient",
    "AsyncInferenceClient",
    "CallError",
    "InferReply",
    "InferenceClient",
    "PendingReply",
    "TlsOptions",
]

_MODULES: Final = {
    "AdminCallError": "admin_errors",
    "AdminClient": "admin_client",
    "AsyncAdminClient": "admin_client_aio",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
