"""The replies that are the same for every caller, made once a route table: metadata, configuration
and the index. Pure functions from what is loaded to the bytes the data plane sends.
"""

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from tiltyard import __version__
from tiltyard.protocol import messages

if TYPE_CHECKING:
    from tiltyard._core import LoadedVersion, TensorSpec

SERVER_NAME: Final = "tiltyard"
PLATFORM: Final = "onnxruntime_onnx"
BACKEND: Final = "onnxruntime"
# What this server does beyond the core protocol, by the names that Triton gave it.
# Not `model_repository`, of which there is the index alone, and not `binary_tensor_data`, which is
# about HTTP bodies.
EXTENSIONS: Final = ("model_configuration", "parameters", "statistics")

# (method, model, version): "" is the whole server; see _core.Replies.
ReplyKey = tuple[str, str, str]
UnreadyVersion = tuple[str, int, str]  # model, version, reason
VersionKey = tuple[str, int]  # model, version


def build_replies(
    versions: Sequence["LoadedVersion"],
    unready: Sequence[UnreadyVersion],
    loading: Container[VersionKey] = (),
) -> dict[ReplyKey, bytes]:
    """Every precomputed reply of a route table with these versions.

    `loading` are those of the unready ones that may still become ready.
    """
    replies = {
        ("ServerMetadata", "", ""): server_metadata(),
        ("RepositoryIndex", "", ""): repository_index(versions, unready, loading),
        ("RepositoryIndex", "", "ready"): repository_index(versions, ()),
    }
    for model, of_model in _by_model(versions).items():
        numbers = [version.version for version in of_model]
        for version in of_model:
            asked = str(version.version)
            replies["ModelMetadata", model, asked] = model_metadata(version, numbers)
            replies["ModelConfig", model, asked] = model_config(version)
    return replies


def server_metadata() -> bytes:
    """The serialized ServerMetadataResponse."""
    return _bytes(
        messages.ServerMetadataResponse(
            name=SERVER_NAME, version=__version__, extensions=EXTENSIONS
        )
    )


def model_metadata(version: "LoadedVersion", versions: Iterable[int]) -> bytes:
    """The serialized ModelMetadataResponse; `versions` are all that can answer, ascending."""
    reply = messages.ModelMetadataResponse(
        name=version.model, versions=[str(number) for number in versions], platform=PLATFORM
    )
    for spec in version.inputs:
        reply.inputs.add(name=spec.name, datatype=spec.datatype, shape=spec.shape)
    for spec in version.outputs:
        reply.outputs.add(name=spec.name, datatype=spec.datatype, shape=spec.shape)
    return _bytes(reply)


def model_config(version: "LoadedVersion") -> bytes:
    """The serialized ModelConfigResponse.

    A batchable model has max_batch_size above 0, and then its dims leave the batch dimension out;
    clients put it back. Its metadata has it, as -1. The parameters say what its batches are worth.
    """
    config = messages.ModelConfig(
        name=version.model,
        platform=PLATFORM,
        backend=BACKEND,
        max_batch_size=version.batch_rows_max,
        default_model_filename="model.onnx",
    )
    config.version_policy.all.SetInParent()
    if version.batchable:
        config.dynamic_batching.SetInParent()
    for spec in version.inputs:
        _add_tensor(config.input, spec, batched=version.batchable)
    for spec in version.outputs:
        _add_tensor(config.output, spec, batched=version.batchable)
    for name, text in _batching(version).items():
        config.parameters[name].string_value = text
    return _bytes(messages.ModelConfigResponse(config=config))


def repository_index(
    versions: Iterable["LoadedVersion"],
    unready: Iterable[UnreadyVersion],
    loading: Container[VersionKey] = (),
) -> bytes:
    """The serialized RepositoryIndexResponse, by model name and version number."""
    rows = [(version.model, version.version, "READY", "") for version in versions]
    for model, number, reason in unready:
        state = "LOADING" if (model, number) in loading else "UNAVAILABLE"
        rows.append((model, number, state, reason))
    reply = messages.RepositoryIndexResponse()
    for model, number, state, reason in sorted(rows):
        reply.models.add(name=model, version=str(number), state=state, reason=reason)
    return _bytes(reply)


def _by_model(versions: Iterable["LoadedVersion"]) -> dict[str, list["LoadedVersion"]]:
    found: dict[str, list[LoadedVersion]] = {}
    for version in sorted(versions, key=lambda version: version.version):
        found.setdefault(version.model, []).append(version)
    return found


def _batching(version: "LoadedVersion") -> dict[str, str]:
    if not version.batchable:
        return {"batching": "off", "batching_reason": version.batch_reason}
    if version.bitwise:
        return {"batching": "bitwise"}
    return {
        "batching": "within error",
        "batching_error_max": f"{version.error_max:.3g}",
        "batching_reason": version.batch_reason,
    }


def _add_tensor(tensors: Any, spec: "TensorSpec", *, batched: bool) -> None:
    dims = spec.shape[1:] if batched else spec.shape
    tensors.add(name=spec.name, data_type=_config_type(spec.datatype), dims=dims)


def _config_type(datatype: str) -> str:
    """The configuration's name of a v2 datatype: BYTES is called a string there."""
    return "TYPE_STRING" if datatype == "BYTES" else f"TYPE_{datatype}"


def _bytes(message: Any) -> bytes:
    data: bytes = message.SerializeToString(deterministic=True)
    return data
