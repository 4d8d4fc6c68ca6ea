"""A client of the Open Inference Protocol over gRPC, for any server that speaks it."""

from tiltyard.client.inference_client import (
    CallError,
    InferenceClient,
    InferReply,
    PendingReply,
    TlsOptions,
)

__all__ = ["CallError", "InferReply", "InferenceClient", "PendingReply", "TlsOptions"]
