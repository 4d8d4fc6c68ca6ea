"""The proof on whole models: real ones, couplers, and random graphs against ONNX Runtime."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests import models
from tests.models.build import model, node, tensor
from tests.unit.store.rowwise.graphs import Operation, grow
from tiltyard.store.rowwise import prove

ROWS = np.array(
    [
        [0.5, -1.0, 2.0, 0.25],
        [-3.0, 0.75, 0.5, -0.5],
        [900.0, -700.0, 300.0, 800.0],
        [-1.0, -2.0, -3.0, -4.0],
        [0.0, 1.0, -1.0, 0.5],
    ],
    np.float32,
)


@pytest.mark.parametrize(
    "data",
    [
        models.w1(),
        models.w2(),
        models.mlp(),
        models.embedding(),
        models.two_in_two_out(),
        models.strings(),
        models.slow(),
    ],
    ids=["w1", "w2", "mlp", "embedding", "two_in_two_out", "strings", "slow"],
)
def test_row_wise_models_are_proved(data: bytes) -> None:
    verdict = prove(onnx.load_from_string(data), {})
    assert verdict.proved, verdict.reason


# The operator each proof must end at.
CULPRITS = {
    "mean_over_rows": "ReduceMean node 'mean'",
    "mean_over_all": "ReduceMean node 'mean'",
    "softmax_over_rows": "Softmax node 'y'",
    "softmax_over_all_opset_11": "Softmax node 'y'",
    "cumulative_over_rows": "CumSum node 'y'",
    "rows_times_rows": "MatMul node 'similar'",
    "gemm_of_rows": "Gemm node 'gram'",
    "above_threshold": "ReduceMax node 'most'",
    "through_if": "If node 'y'",
    "mixing_reshape": "Reshape node 'wide'",
    "pairing_reshape": "Tile node 'double'",
    "joined_rows": "Concat node 'y'",
    "top_over_rows": "TopK node 'y'",
    "best_row": "ArgMax node 'best'",
    "training_batch_norm": "BatchNormalization node 'y'",
    "scan_over_rows": "Scan node 'last'",
    "loop_over_rows": "Loop node 'y'",
    "nonzero_rows": "NonZero node 'places'",
    "compressed_rows": "Compress node 'y'",
    "gather_by_rows": "Mod node 'inside'",
    "scaled_by_count": "Cast node 'count'",
    "numbered_rows": "Range node 'places'",
    "dynamic_quantization": "DynamicQuantizeLinear node 'q'",
    "random_noise": "RandomNormalLike node 'noise'",
    "reversed_rows": "Slice node 'y'",
    "constant_a_row": "Add node 'y'",
    "mean_in_branch": "If node 'y'",
    "threshold_in_nested_branch": "If node 'y'",
    "mean_in_loop": "Loop node 'y'",
    "loop_until_all_are_small": "Loop node 'y'",
    "scan_over_columns": "Scan node 'last'",
    "mean_in_function": "ReduceMean node that makes 'mean__1'",
    "joined_sequence": "SplitToSequence node 'parts'",
    "lstm_over_rows": "LSTM node 'hidden'",
    "gru_over_rows": "GRU node 'hidden'",
    "rnn_over_rows": "RNN node 'hidden'",
    "convolution_over_rows": "Conv node 'seen'",
    "pooling_over_rows": "MaxPool node 'seen'",
    "instance_norm_over_rows": "InstanceNormalization node 'seen'",
    "softmax_after_transpose": "Softmax node 'soft'",
    "softmax_after_flatten": "Softmax node 'soft'",
    "layer_norm_over_all": "MeanVarianceNormalization node 'even'",
    "norm_over_rows": "LpNormalization node 'y'",
    "hardmax_over_rows": "Hardmax node 'y'",
    "attention_between_rows": "Einsum node 'y'",
    "first_row": "Gather node 'first'",
    "next_row": "Slice node 'tail'",
    "padded_rows": "Pad node 'wide'",
    "split_rows": "Split node 'head'",
    "reversed_sequence": "Expand node 'lengths'",
    "scattered_rows": "ScatterND node 'y'",
    "triangle": "Trilu node 'y'",
    "unique_rows": "Unique node 'y'",
    "random_rows": "RandomNormal node 'noise'",
    "training_dropout": "Dropout node 'y'",
}


def test_every_coupler_has_its_culprit() -> None:
    assert models.COUPLERS.keys() == CULPRITS.keys()


@pytest.mark.parametrize("name", models.COUPLERS)
def test_models_that_couple_rows_are_refused(name: str) -> None:
    verdict = prove(onnx.load_from_string(models.COUPLERS[name]()), {})
    assert not verdict.proved
    assert verdict.reason.startswith(CULPRITS[name] + ": ")


def _outputs(session: ort.InferenceSession, rows: np.ndarray) -> list[np.ndarray] | None:
    try:
        return [np.asarray(item) for item in session.run(None, {"x": rows})]
    except Exception:  # noqa: BLE001 - a graph that cannot run with these rows
        return None


def _session(data: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return ort.InferenceSession(data, options)


def _same_alone(session: ort.InferenceSession, rows: np.ndarray) -> bool:
    """Whether every row gives alone what it gives among `rows`."""
    together = _outputs(session, rows)
    if together is None:
        return False
    for index in range(len(rows)):
        alone = _outputs(session, rows[index : index + 1])
        if alone is None:
            return False
        for whole, part in zip(together, alone, strict=True):
            if whole.ndim == 0 or len(whole) != len(rows) or len(part) != 1:
                return False
            if not np.allclose(whole[index], part[0], rtol=1e-4, atol=1e-4, equal_nan=True):
                return False
    return True


@pytest.mark.parametrize("name", models.COUPLERS)
def test_couplers_do_couple(name: str) -> None:
    """The models above are what they say: ONNX Runtime gives other answers in a batch."""
    session = _session(models.COUPLERS[name]())
    assert not _same_alone(session, ROWS)


OPERATIONS = st.builds(
    Operation,
    kind=st.integers(0, 1000),
    first=st.integers(0, 1000),
    second=st.integers(0, 1000),
    choice=st.integers(0, 1000),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(OPERATIONS, min_size=1, max_size=7))
def test_what_is_proved_is_row_wise(operations: list[Operation]) -> None:
    """Random graphs, coupling ones among them: what is proved gives the same alone and batched."""
    proto = grow(operations)
    verdict = prove(proto, {})
    event(f"proved: {verdict.proved}")
    if verdict.proved:
        assert _same_alone(_session(proto.SerializeToString()), ROWS), onnx.printer.to_text(proto)


def test_random_graphs_are_proved_often_enough() -> None:
    """The property above would be empty if nothing were proved."""
    generator = np.random.default_rng(5)
    proved = coupled = 0
    for _ in range(60):
        numbers = generator.integers(0, 1000, (4, 4)).tolist()
        proto = grow([Operation(*four) for four in numbers])
        if prove(proto, {}).proved:
            proved += 1
        elif not _same_alone(_session(proto.SerializeToString()), ROWS):
            coupled += 1
    assert proved >= 10
    assert coupled >= 10


def _verdict(proto: onnx.ModelProto) -> str:
    verdict = prove(proto, {})
    return "proved" if verdict.proved else verdict.reason


def test_a_fixed_first_dimension_is_no_batch() -> None:
    proto = model([node("Relu", "x", "y")], [tensor("x", [1, 4])], [tensor("y", [1, 4])])
    assert _verdict(proto) == "input 'x' has a first dimension fixed to 1"


def test_the_batch_may_not_be_another_dimension_too() -> None:
    proto = model([node("Relu", "x", "y")], [tensor("x", ["N", "N"])], [tensor("y", ["N", "N"])])
    assert _verdict(proto) == "dimension 'N' is the first of an input and another one too"


def test_inputs_with_rows_of_their_own_are_no_batch() -> None:
    proto = model(
        [node("Relu", "a", "y"), node("Relu", "b", "z")],
        [tensor("a", ["N", 4]), tensor("b", ["M", 4])],
        [tensor("y", ["N", 4]), tensor("z", ["M", 4])],
    )
    assert _verdict(proto) == "the inputs' first dimensions have different names: ['M', 'N']"


def test_a_constant_output_is_not_row_wise() -> None:
    proto = model(
        [node("Relu", "x", "y"), node("Identity", "c", "z")],
        [tensor("x", ["N"])],
        [tensor("y", ["N"]), tensor("z", [1])],
        {"c": np.zeros(1, np.float32)},
    )
    assert _verdict(proto) == "output 'z' is the same whatever the rows are"


def test_an_output_with_the_rows_elsewhere_is_not_row_wise() -> None:
    proto = model(
        [node("Transpose", "x", "y", perm=[1, 0])], [tensor("x", ["N", 4])], [tensor("y", None)]
    )
    assert _verdict(proto) == "output 'y' of shape [4,rows] does not have one entry a row on axis 0"


def test_an_unknown_operator_is_named() -> None:
    proto = model([node("Det", "x", "y")], [tensor("x", ["N", 2, 2])], [tensor("y", ["N"])])
    assert _verdict(proto) == "Det node 'y': Det is not on the list of row-wise operators"


def test_functions_are_followed() -> None:
    body = [node("Add", "a a", "t"), node("Relu", "t", "b")]
    function = onnx.helper.make_function(
        "local", "Twice", ["a"], ["b"], body, [onnx.helper.make_opsetid("", 18)]
    )
    proto = model(
        [node("Twice", "x", "y", domain="local")],
        [tensor("x", ["N", 4])],
        [tensor("y", ["N", 4])],
        domains={"local": 1},
    )
    proto.functions.append(function)
    assert _verdict(proto) == "proved"


def test_a_lying_output_shape_is_not_believed() -> None:
    """The file says y is [N,1]; it is [N,4], so adding the constant [4,1] would mix nothing."""
    proto = model(
        [node("Relu", "x", "y"), node("Reshape", "y shape", "z")],
        [tensor("x", ["N", 4])],
        [tensor("z", ["N", 1])],
        {"shape": np.array([-1, 1], np.int64)},
    )
    proto.graph.value_info.append(tensor("y", ["N", 1]))
    assert (
        _verdict(proto) == "output 'z' of shape [4*rows,1] does not have one entry a row on axis 0"
    )


def test_names_in_the_file_cannot_pass_for_the_rows() -> None:
    proto = model(
        [node("Transpose", "x", "y", perm=[1, 0])],
        [tensor("x", ["N", "<rows>"])],
        [tensor("y", None)],
    )
    assert not prove(proto, {}).proved


def test_shapes_in_external_data_are_read() -> None:
    proto = model(
        [node("Reshape", "x shape", "y")],
        [tensor("x", ["N", 2, 2])],
        [tensor("y", ["N", 4])],
        {"shape": np.array([-1, 4], np.int64)},
    )
    (held,) = proto.graph.initializer
    content = held.raw_data
    onnx.external_data_helper.set_external_data(held, "w.bin", offset=8, length=len(content))
    held.ClearField("raw_data")
    assert prove(proto, {"w.bin": bytes(8) + content}).proved
    assert not prove(proto, {}).proved
