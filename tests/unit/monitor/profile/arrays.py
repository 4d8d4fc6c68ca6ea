"""Arrays of one dtype, for tests."""

from typing import Any

import numpy as np


def f32(values: Any) -> Any:
    return np.asarray(values, np.float32)


def f64(values: Any) -> Any:
    return np.asarray(values, np.float64)


def i64(values: Any) -> Any:
    return np.asarray(values, np.int64)


def u32(values: Any) -> Any:
    return np.asarray(values, np.uint32)
