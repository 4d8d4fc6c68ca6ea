"""Rules for operators that work element by element, with broadcasting."""

from tiltyard.store.rowwise.step import Rule, Step, opaques
from tiltyard.store.rowwise.value import NotProved, Value, broadcast

_MATH = """
    Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid
    HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink
    Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu BitwiseNot Cast
    Clip CastLike Add Sub Mul Div Pow Mod Max Min Mean Sum And Or Xor Equal Greater GreaterOrEqual
    Less LessOrEqual BitwiseAnd BitwiseOr BitwiseXor BitShift Where PRelu StringConcat
    RegexFullMatch
"""
_CONTRIB = "BiasGelu FastGelu Gelu QuickGelu"


def elementwise(step: Step) -> list[Value]:
    return [broadcast(step.present(), opaques())]


def legacy_binary(step: Step) -> list[Value]:
    """Add and its like: before opset 7 they broadcast only when told to, and along `axis`."""
    if step.opset < 7 and step.attribute("broadcast", 0):
        raise NotProved(f"broadcasting of opset {step.opset} is not followed")
    return elementwise(step)


def dropout(step: Step) -> list[Value]:
    """Inference mode only: the data come out as they went in, and a mask of ones."""
    if step.opset >= 12:
        if step.has(2) and step.ints(2) != [0]:
            raise NotProved("training_mode is on")
    elif step.opset < 7 and not step.attribute("is_test", 0):
        raise NotProved("it is in training mode")
    return [step.rows()] * len(step.node.output)


def quantize(step: Step) -> list[Value]:
    """QuantizeLinear and DequantizeLinear: the scale is a constant, and not one a row."""
    data = step.rows()
    step.require_fixed(1)
    if step.attribute("block_size", 0):
        raise NotProved("block_size is not followed")
    rank = len(data.dims)
    if len(step.fixed_dims(1)) > 0 and step.attribute("axis", 1) % rank == data.axis:
        raise NotProved("its scale differs from row to row")
    return [data]


def trilu(step: Step) -> list[Value]:
    data = step.rows()
    step.require_fixed(1)
    if data.axis >= len(data.dims) - 2:
        raise NotProved("the rows are one of the axes it cuts")
    return [data]


RULES: dict[str, Rule] = {
    **dict.fromkeys(_MATH.split(), legacy_binary),
    "Dropout": dropout,
    "QuantizeLinear": quantize,
    "DequantizeLinear": quantize,
    "Trilu": trilu,
}
CONTRIB_RULES: dict[str, Rule] = dict.fromkeys(_CONTRIB.split(), elementwise)
