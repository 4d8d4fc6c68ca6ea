"""Asking a gateway for the outputs of a version over a reference, by pinned requests: those are in
no statistics and no record.
"""

import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tiltyard.client import InferenceClient
from tiltyard.client.inference_client import PendingReply, make_request
from tiltyard.errors import ClientError
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.reference import Reference
from tiltyard.monitor.profile.signature import Signature
from tiltyard.store.manifest import Dimension, TensorSpec
from tiltyard.store.profiling import draft_profile

Array = npt.NDArray[Any]

PENDING_MAX: Final = 64  # requests on their way, each of one row: what a gateway takes of anybody


def ask_gateway(
    address: str,
    name: str,
    version: int,
    path: Path,
    declaration: Declaration,
    timeout_s: float,
) -> Profile:
    """A profile, of no model and version yet, for a version that a gateway serves at `address`.

    Raises ReferenceRefused, and ClientError when the gateway refuses or takes longer.
    """
    with InferenceClient(address) as client:
        signature = read_signature(client.model_metadata(name, version, timeout_s=timeout_s))

        def run(reference: Reference) -> Mapping[str, Array]:
            return _outputs(client, name, version, signature, reference, timeout_s)

        asked = f"the gateway at {address}, asked by pinned requests"
        return draft_profile(path, signature, declaration, run, asked)


def read_signature(metadata: Any) -> Signature:
    """What a ModelMetadataResponse says of a model; -1 is a free dimension."""
    return Signature(_specs(metadata.inputs), _specs(metadata.outputs))


def _specs(tensors: Any) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(tensor.name, tensor.datatype, tuple(map(_dimension, tensor.shape)))
        for tensor in tensors
    )


def _dimension(size: int) -> Dimension:
    return None if size < 0 else size


def _outputs(
    client: InferenceClient,
    name: str,
    version: int,
    signature: Signature,
    reference: Reference,
    timeout_s: float,
) -> dict[str, Array]:
    """One row a request: the gateway puts together what may go together."""
    ends = time.monotonic() + timeout_s
    datatypes = {spec.name: spec.datatype for spec in signature.inputs}
    waiting: deque[PendingReply] = deque()
    found: dict[str, list[Array]] = {spec.name: [] for spec in signature.outputs}

    def take() -> None:
        reply = waiting.popleft().result()
        for spec, whole in zip(signature.outputs, signature.by_row().outputs, strict=True):
            array = reply.outputs[spec.name]
            # Rows come first, also of an output that has none.
            found[spec.name].append(array if array.ndim == len(whole.shape) else array[None])

    for row in range(reference.rows):
        left_s = ends - time.monotonic()
        if left_s <= 0:
            raise ClientError(
                f"the outputs of {row:,} of {reference.rows:,} rows came within {timeout_s:g} s:"
                " give fewer rows, a file that has the outputs as columns, or more time"
                " (--run-timeout)"
            )
        if len(waiting) == PENDING_MAX:
            take()
        inputs = {
            spec.name: _requested(signature, spec, reference.inputs[spec.name], row)
            for spec in signature.inputs
        }
        request = make_request(name, inputs, version=version, datatypes=datatypes)
        waiting.append(client.send(request, timeout_s=left_s))
    while waiting:
        take()
    return {output: _joined(output, parts) for output, parts in found.items()}


def _joined(output: str, parts: list[Array]) -> Array:
    shapes = sorted({part.shape[1:] for part in parts})
    if len(shapes) > 1:
        raise ReferenceRefused(
            f"output {output!r}: expected rows of one shape, got {list(shapes[0])} and"
            f" {list(shapes[1])}"
        )
    return np.concatenate(parts)


def _requested(signature: Signature, spec: TensorSpec, array: Array, row: int) -> Array:
    is_cut = signature.has_rows and spec.shape
    return np.asarray(array[row : row + 1] if is_cut else array[row])
