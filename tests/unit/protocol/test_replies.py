"""The precomputed replies, read back by message classes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tiltyard import __version__
from tiltyard.protocol import messages, replies

if TYPE_CHECKING:
    from tiltyard._core import LoadedVersion


@dataclass
class Spec:
    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass
class Loaded:
    """What replies.py reads of a LoadedVersion."""

    model: str
    version: int
    inputs: tuple[Spec, ...] = (Spec("X", "FP32", (-1, 30)),)
    outputs: tuple[Spec, ...] = (Spec("label", "INT64", (-1,)), Spec("name", "BYTES", (-1, 2)))
    batchable: bool = True
    batch_rows_max: int = 64
    bitwise: bool = True
    error_max: float = 0.0
    batch_reason: str = ""


def loaded(model: str, version: int, **fields: Any) -> "LoadedVersion":
    return cast("LoadedVersion", Loaded(model, version, **fields))


def test_server_metadata() -> None:
    reply = messages.ServerMetadataResponse.FromString(replies.server_metadata())
    assert (reply.name, reply.version) == ("tiltyard", __version__)
    assert list(reply.extensions) == ["model_configuration", "parameters", "statistics"]


def test_model_metadata_has_the_free_batch_dimension() -> None:
    reply = messages.ModelMetadataResponse.FromString(
        replies.model_metadata(loaded("fraud", 3), [1, 3])
    )
    assert (reply.name, list(reply.versions)) == ("fraud", ["1", "3"])
    assert reply.platform == "onnxruntime_onnx"
    assert [(t.name, t.datatype, list(t.shape)) for t in reply.inputs] == [("X", "FP32", [-1, 30])]
    assert [(t.name, t.datatype, list(t.shape)) for t in reply.outputs] == [
        ("label", "INT64", [-1]),
        ("name", "BYTES", [-1, 2]),
    ]


def config_of(version: "LoadedVersion") -> Any:
    data = replies.model_config(version)
    return messages.ModelConfigResponse.FromString(data).config


def test_model_config_of_a_batchable_model_leaves_the_batch_dimension_out() -> None:
    config = config_of(loaded("fraud", 3))
    assert config.max_batch_size == 64
    assert config.WhichOneof("scheduling_choice") == "dynamic_batching"
    assert config.version_policy.WhichOneof("policy_choice") == "all"
    names = messages.pool().FindEnumTypeByName("inference.DataType").values_by_number
    assert [list(t.dims) for t in config.input] == [[30]]
    assert [(names[t.data_type].name, list(t.dims)) for t in config.output] == [
        ("TYPE_INT64", []),
        ("TYPE_STRING", [2]),
    ]


def test_model_config_of_other_models_has_whole_shapes() -> None:
    config = config_of(loaded("ranker", 1, batchable=False, batch_rows_max=0))
    assert config.max_batch_size == 0
    assert config.WhichOneof("scheduling_choice") is None
    assert [list(t.dims) for t in config.input] == [[-1, 30]]
    assert (config.platform, config.backend) == ("onnxruntime_onnx", "onnxruntime")


def test_model_config_says_what_batches_are_worth() -> None:
    found = [
        {name: value.string_value for name, value in config_of(version).parameters.items()}
        for version in (
            loaded("exact", 1),
            loaded("near", 1, bitwise=False, error_max=2.4e-7, batch_reason="rounding differs"),
            loaded("coupled", 1, batchable=False, batch_reason="not proved"),
        )
    ]
    assert found == [
        {"batching": "bitwise"},
        {
            "batching": "within error",
            "batching_error_max": "2.4e-07",
            "batching_reason": "rounding differs",
        },
        {"batching": "off", "batching_reason": "not proved"},
    ]


def test_index_is_sorted_and_has_reasons() -> None:
    ready = [loaded("b", 10), loaded("b", 9), loaded("a", 1)]
    reply = messages.RepositoryIndexResponse.FromString(
        replies.repository_index(ready, [("a", 2, "a byte changed")])
    )
    assert [(r.name, r.version, r.state, r.reason) for r in reply.models] == [
        ("a", "1", "READY", ""),
        ("a", "2", "UNAVAILABLE", "a byte changed"),
        ("b", "9", "READY", ""),
        ("b", "10", "READY", ""),
    ]


def test_index_tells_what_is_loading_from_what_has_failed() -> None:
    unready = [("a", 1, "a byte changed"), ("a", 2, "it is being loaded")]
    made = replies.build_replies([], unready, {("a", 2)})
    reply = messages.RepositoryIndexResponse.FromString(made["RepositoryIndex", "", ""])
    assert [(r.version, r.state, r.reason) for r in reply.models] == [
        ("1", "UNAVAILABLE", "a byte changed"),
        ("2", "LOADING", "it is being loaded"),
    ]


def test_each_version_has_its_own_replies_and_names_all() -> None:
    older = (Spec("old", "FP32", (-1, 2)),)
    versions = [loaded("m", 10), loaded("m", 9, inputs=older)]
    made = replies.build_replies(versions, [("m", 11, "broken")])
    assert made["ModelMetadata", "m", "9"] != made["ModelMetadata", "m", "10"]
    reply = messages.ModelMetadataResponse.FromString(made["ModelMetadata", "m", "10"])
    assert list(reply.versions) == ["9", "10"]


def test_every_reply_that_the_data_plane_looks_up_is_there() -> None:
    made = replies.build_replies([loaded("m", 1)], [("n", 1, "broken")])
    assert set(made) == {
        ("ServerMetadata", "", ""),
        ("RepositoryIndex", "", ""),
        ("RepositoryIndex", "", "ready"),
        ("ModelMetadata", "m", "1"),
        ("ModelConfig", "m", "1"),
    }
    ready_only = messages.RepositoryIndexResponse.FromString(made["RepositoryIndex", "", "ready"])
    assert [row.name for row in ready_only.models] == ["m"]


def test_every_datatype_has_a_configuration_type() -> None:
    from tiltyard.store.datatype import TYPES

    specs = tuple(Spec(t.name, t.name, (-1, 1)) for t in TYPES)
    config = config_of(loaded("all", 1, inputs=specs))
    names = messages.pool().FindEnumTypeByName("inference.DataType").values_by_number
    found = [names[tensor.data_type].name.removeprefix("TYPE_") for tensor in config.input]
    assert found == [t.name if t.name != "BYTES" else "STRING" for t in TYPES]
