from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from tests import models
from tests.models.build import model, node, tensor
from tiltyard.errors import PublishRefused
from tiltyard.store import graph_check


def _external(location: str) -> onnx.ModelProto:
    held = helper.make_tensor("w", TensorProto.FLOAT, [1], [0.0])
    held.ClearField("float_data")
    held.data_location = TensorProto.EXTERNAL
    held.external_data.add(key="location", value=location)
    proto = model([node("Add", "x w", "y")], [tensor("x", ["N"])], [tensor("y", ["N"])])
    proto.graph.initializer.append(held)
    return proto


@pytest.mark.parametrize("location", ["/etc/passwd", "../weights", "a/../../b", ""])
def test_external_paths_that_leave_the_folder_are_refused(location: str) -> None:
    with pytest.raises(PublishRefused, match="is not usable"):
        graph_check.external_names(_external(location))


def test_external_tensors_in_subgraphs_are_found() -> None:
    inner = helper.make_node(
        "Constant", [], ["c"], value=_external("deep.bin").graph.initializer[0]
    )
    branch = helper.make_graph([inner], "branch", [], [tensor("c", [1])])
    proto = model(
        [node("If", "x", "y", then_branch=branch, else_branch=branch)],
        [tensor("x", [], TensorProto.BOOL)],
        [tensor("y", [1])],
    )
    assert graph_check.external_names(proto) == ["deep.bin"]


@pytest.mark.parametrize("linked", ["weights.bin", "parts"])
def test_symbolic_links_are_refused(tmp_path: Path, linked: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "weights.bin").write_bytes(b"w")
    (tmp_path / "model").mkdir()
    target = tmp_path / "real" / ("weights.bin" if linked == "weights.bin" else "")
    (tmp_path / "model" / linked).symlink_to(target)
    name = "weights.bin" if linked == "weights.bin" else "parts/weights.bin"
    with pytest.raises(PublishRefused, match="is reached by a symbolic link"):
        graph_check.read_external(tmp_path / "model", [name])


def test_missing_external_data_are_named(tmp_path: Path) -> None:
    with pytest.raises(PublishRefused, match=r"'w.bin' is missing beside the model"):
        graph_check.read_external(tmp_path, ["w.bin"])


@pytest.mark.parametrize("domain", ["com.example", "ai.onnx.training", "ai.onnx.preview.training"])
def test_operators_of_other_domains_are_refused(domain: str) -> None:
    proto = model([node("Op", "x", "y", domain=domain)], [], [], domains={domain: 1})
    with pytest.raises(PublishRefused, match="Op node 'y' is a custom operator of domain"):
        graph_check.check_operators(proto)


def test_operators_in_subgraphs_are_seen() -> None:
    body = helper.make_graph([node("Op", "x", "z", domain="com.example")], "body", [], [])
    proto = model([node("If", "x", "y", then_branch=body, else_branch=body)], [], [])
    with pytest.raises(PublishRefused, match="Op node 'z'"):
        graph_check.check_operators(proto)


def test_functions_of_the_model_itself_are_no_custom_operators() -> None:
    function = helper.make_function(
        "com.example",
        "Twice",
        ["a"],
        ["b"],
        [node("Add", "a a", "b")],
        [helper.make_opsetid("", 18)],
    )
    proto = model(
        [node("Twice", "x", "y", domain="com.example")], [], [], domains={"com.example": 1}
    )
    proto.functions.append(function)
    graph_check.check_operators(proto)
    assert [item.op_type for item in graph_check.all_nodes(proto)] == ["Twice", "Add"]


def test_a_node_without_a_name_is_called_by_its_output() -> None:
    assert (
        graph_check.describe(helper.make_node("Relu", ["x"], ["y"])) == "Relu node that makes 'y'"
    )


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(PublishRefused, match="not an ONNX file"):
        graph_check.parse(b"\xff\xff")


def test_a_real_model_passes(tmp_path: Path) -> None:
    path = models.external_data(tmp_path)
    graph_check.check_structure(path, path.read_bytes())
    proto = graph_check.parse(path.read_bytes())
    assert {"weights.bin"} == graph_check.read_external(
        tmp_path, graph_check.external_names(proto)
    ).keys()
