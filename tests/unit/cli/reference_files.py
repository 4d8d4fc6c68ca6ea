"""References for the model W1, in files."""

from pathlib import Path
from typing import Any

import numpy as np

NAMES = [f"f{index}" for index in range(30)]


def w1_rows(rows: int = 200) -> Any:
    return np.random.default_rng(0).normal(size=(rows, 30))


def w1_reference(folder: Path, *, rows: int = 200) -> Path:
    """A csv file of 30 named columns."""
    path = folder / "reference.csv"
    lines = [",".join(f"{value:.6g}" for value in row) for row in w1_rows(rows)]
    path.write_text("\n".join([",".join(NAMES), *lines]) + "\n")
    return path
