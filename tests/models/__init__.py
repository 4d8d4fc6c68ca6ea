"""ONNX models made in Python: real ones, plain ones for each feature, and hostile ones.

All tests and the bench take their models from here. Each function returns serialised bytes and is
made once a process.
"""

from tests.models.coupling import COUPLERS, UNSTEADY_COUPLERS
from tests.models.hostile import (
    crash_at_load,
    crash_at_run,
    custom_operator,
    hang_at_extremes,
    hang_at_run,
    map_output,
    memory_at_load,
    memory_at_run,
    sequence_output,
)
from tests.models.plain import (
    EMBEDDING_ROWS,
    ONNX_TYPES,
    adds,
    echo,
    embedding,
    external_data,
    identity,
    logarithm,
    scalar,
    slow,
    strings,
    two_in_two_out,
    zero_free,
)
from tests.models.real import breast_cancer, mlp, w1, w1_zipmap, w2
from tests.models.w3 import w3_path, w3_rows

__all__ = [
    "COUPLERS",
    "EMBEDDING_ROWS",
    "ONNX_TYPES",
    "UNSTEADY_COUPLERS",
    "adds",
    "breast_cancer",
    "crash_at_load",
    "crash_at_run",
    "custom_operator",
    "echo",
    "embedding",
    "external_data",
    "hang_at_extremes",
    "hang_at_run",
    "identity",
    "logarithm",
    "map_output",
    "memory_at_load",
    "memory_at_run",
    "mlp",
    "scalar",
    "sequence_output",
    "slow",
    "strings",
    "two_in_two_out",
    "w1",
    "w1_zipmap",
    "w2",
    "w3_path",
    "w3_rows",
    "zero_free",
]
