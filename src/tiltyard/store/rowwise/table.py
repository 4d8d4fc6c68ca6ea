"""The allow-list: which operators can be proved row-wise, by domain, and by which rule."""

from tiltyard.store.rowwise import (
    rules_axis,
    rules_elementwise,
    rules_layout,
    rules_matrix,
    rules_ml,
    rules_sizes,
)
from tiltyard.store.rowwise.step import Rule

ROW_RULES: dict[tuple[str, str], Rule] = {
    ("", name): rule
    for table in (
        rules_elementwise.RULES,
        rules_axis.RULES,
        rules_layout.RULES,
        rules_matrix.RULES,
        rules_ml.MAIN_DOMAIN_RULES,
    )
    for name, rule in table.items()
}
ROW_RULES |= {("ai.onnx.ml", name): rule for name, rule in rules_ml.RULES.items()}
ROW_RULES |= {
    ("com.microsoft", name): rule
    for table in (
        rules_elementwise.CONTRIB_RULES,
        rules_axis.CONTRIB_RULES,
        rules_matrix.CONTRIB_RULES,
    )
    for name, rule in table.items()
}

SIZE_RULES: dict[tuple[str, str], Rule] = {
    ("", name): rule for name, rule in rules_sizes.RULES.items()
}

# Random whatever they are given: the same row gives another answer next time.
RANDOM = frozenset(
    {
        "Bernoulli",
        "Multinomial",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
    }
)
# Known to couple rows in a way that is worth a sentence.
COUPLING = {
    "DynamicQuantizeLinear": "it takes its scale from all rows together",
    "NonZero": "how much it gives depends on the values of all rows",
    "Compress": "how much it gives depends on the values of all rows",
    "Unique": "how much it gives depends on the values of all rows",
    "NonMaxSuppression": "how much it gives depends on the values of all rows",
}
# Evaluated when their inputs are small known constants, so that shapes can be followed.
FOLDED = frozenset(
    {
        "Add",
        "Cast",
        "Concat",
        "ConstantOfShape",
        "Div",
        "Equal",
        "Expand",
        "Gather",
        "Greater",
        "Identity",
        "Less",
        "Max",
        "Min",
        "Mod",
        "Mul",
        "Neg",
        "Not",
        "Range",
        "ReduceProd",
        "Reshape",
        "Shape",
        "Size",
        "Slice",
        "Squeeze",
        "Sub",
        "Transpose",
        "Unsqueeze",
        "Where",
    }
)
