import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

from tests.models.build import model, node, tensor
from tiltyard.errors import PublishRefused
from tiltyard.store import zipmap


def _with_zipmap(nodes: list[NodeProto], source: str, *others: str, **labels: object) -> ModelProto:
    """A model whose output `maps` is a ZipMap of `source`, beside tensor outputs `others`."""
    kind = helper.make_map_type_proto(
        TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, None)
    )
    maps = helper.make_value_info("maps", helper.make_sequence_type_proto(kind))
    last = node("ZipMap", source, "maps", domain="ai.onnx.ml", **labels)
    return model(
        [*nodes, last],
        [tensor("x", ["N", 2])],
        [maps, *(tensor(name, ["N", 2]) for name in others)],
        domains={"ai.onnx.ml": 1},
    )


def _run(proto: ModelProto) -> dict[str, list[list[float]]]:
    onnx.checker.check_model(proto)
    session = ort.InferenceSession(proto.SerializeToString())
    rows = np.array([[1, -2], [3, -4]], np.float32)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, (item.tolist() for item in session.run(None, {"x": rows})), strict=True))


def test_the_output_becomes_the_tensor_under_its_own_name() -> None:
    proto = _with_zipmap([node("Neg", "x", "p")], "p", classlabels_int64s=[5, 7])
    changes, labels = zipmap.remove(proto)
    assert labels == {"maps": (5, 7)}
    assert changes == ["removed ZipMap node 'maps': output 'maps' is the tensor that went into it"]
    assert [item.op_type for item in proto.graph.node] == ["Neg"]
    assert _run(proto) == {"maps": [[-1.0, 2.0], [-3.0, 4.0]]}


def test_a_tensor_that_is_an_output_too_keeps_its_name() -> None:
    proto = _with_zipmap([node("Neg", "x", "p")], "p", "p", classlabels_strings=["a", "b"])
    _, labels = zipmap.remove(proto)
    assert labels == {"maps": ("a", "b")}
    assert _run(proto) == {"maps": [[-1.0, 2.0], [-3.0, 4.0]], "p": [[-1.0, 2.0], [-3.0, 4.0]]}


def test_a_tensor_that_others_read_keeps_its_name() -> None:
    nodes = [node("Neg", "x", "p"), node("Relu", "p", "r")]
    proto = _with_zipmap(nodes, "p", "r", classlabels_int64s=[0, 1])
    zipmap.remove(proto)
    assert _run(proto) == {"maps": [[-1.0, 2.0], [-3.0, 4.0]], "r": [[0.0, 2.0], [0.0, 4.0]]}


def test_an_input_that_goes_straight_into_zipmap_stays() -> None:
    proto = _with_zipmap([], "x", classlabels_int64s=[0, 1])
    zipmap.remove(proto)
    assert _run(proto) == {"maps": [[1.0, -2.0], [3.0, -4.0]]}


def test_a_zipmap_that_others_read_is_refused() -> None:
    proto = _with_zipmap([], "x", classlabels_int64s=[0, 1])
    proto.graph.node.append(node("Identity", "maps", "again"))
    with pytest.raises(PublishRefused, match="ZipMap node 'maps' feeds Identity node 'again'"):
        zipmap.remove(proto)


def test_a_model_without_zipmap_stays_as_it_is() -> None:
    proto = model([node("Neg", "x", "y")], [tensor("x", ["N"])], [tensor("y", ["N"])])
    before = proto.SerializeToString()
    assert zipmap.remove(proto) == ([], {})
    assert before == proto.SerializeToString()
