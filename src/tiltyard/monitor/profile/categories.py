"""The categories of a column: which code stands for which text, and where two share one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import CODE_INVALID, Cells, Ints, category_cells
from tiltyard.monitor.profile.codes import category_code

Array = npt.NDArray[Any]

CODES_MAX = 65_536  # known of a stream; what is beyond them counts as UNSEEN everywhere
LABEL_CHARACTERS_MAX = 128


class Categories(NamedTuple):
    """`labels` by code; `collisions`: the texts of values that have one code together."""

    labels: Mapping[int, str]
    collisions: tuple[tuple[str, ...], ...]


def categories_of(values: Array) -> Categories:
    """Of a column [n] in the dtype of its input; missing and infinite values have no label."""
    unique = set(values.tolist()) if values.dtype.kind == "O" else np.unique(values)
    by_code: dict[int, list[str]] = {}
    for value in sorted(unique) if isinstance(unique, set) else unique:
        code = category_code(value if isinstance(value, bytes) else _number(value))
        if code < CODE_INVALID:
            by_code.setdefault(code, []).append(_text(value))
    labels: dict[int, str] = {}
    used: set[str] = set()
    for code, texts in by_code.items():
        label = " or ".join(texts[:3])
        if len(label) > LABEL_CHARACTERS_MAX:
            label = f"{label[: LABEL_CHARACTERS_MAX - 12]}.. #{code:08x}"
        elif label in used:
            label = f"{label} #{code:08x}"
        used.add(label)
        labels[code] = label
    shared = [texts for texts in by_code.values() if len(texts) > 1]
    return Categories(
        labels, tuple(tuple(text[:LABEL_CHARACTERS_MAX] for text in texts) for texts in shared)
    )


def make_category_cells(
    words: npt.NDArray[np.uint32], labels: Mapping[int, str], own: int
) -> Cells:
    """Cells for the codes in `words`: one each for the `own` most frequent, the rest is OTHER.

    At most CODES_MAX codes are known. Among equally frequent ones the label decides.
    """
    codes, counts = np.unique(words[words < CODE_INVALID], return_counts=True)
    by_rank = sorted(
        zip(codes.tolist(), counts.tolist(), strict=True),
        key=lambda one: (-one[1], labels[one[0]], one[0]),
    )[:CODES_MAX]
    first = [code for code, _ in by_rank[:own]]
    cell_by_code = {code: min(rank, len(first)) for rank, (code, _) in enumerate(by_rank)}
    known = np.array(sorted(cell_by_code), np.uint32)
    code_cells: Ints = np.array([cell_by_code[code] for code in sorted(cell_by_code)], np.int64)
    return category_cells(known, code_cells, tuple(labels[code] for code in first))


def _number(value: Any) -> int | float:
    kind = np.asarray(value).dtype.kind
    return int(value) if kind in "biu" else float(value)


def _text(value: Any) -> str:
    """As a person writes it: `red`, `3`, `0.1`, `true`."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if np.asarray(value).dtype.kind == "b":
        return "true" if value else "false"
    number = _number(value)
    return str(int(number)) if number == int(number) else str(value)
