"""A dimension as a product: a whole number times named unknowns, one of which may be the rows.

That is enough to follow reshapes: [rows, seq, 768] to [rows*seq, 12, 64] and back.
"""

from collections.abc import Iterable
from dataclasses import dataclass

BATCH = "<rows>"


@dataclass(frozen=True, slots=True)
class Dim:
    """`coefficient` times the product of `symbols`, which are sorted."""

    coefficient: int
    symbols: tuple[str, ...] = ()

    @property
    def has_batch(self) -> bool:
        return BATCH in self.symbols

    @property
    def is_int(self) -> bool:
        return not self.symbols

    def times(self, other: "Dim") -> "Dim":
        symbols = tuple(sorted(self.symbols + other.symbols))
        return Dim(self.coefficient * other.coefficient, symbols)

    def divided_by(self, other: "Dim") -> "Dim | None":
        """The quotient, if it is whole whatever the unknowns are."""
        if other.coefficient == 0 or self.coefficient % other.coefficient:
            return None
        left = list(self.symbols)
        for symbol in other.symbols:
            if symbol not in left:
                return None
            left.remove(symbol)
        return Dim(self.coefficient // other.coefficient, tuple(left))

    def __str__(self) -> str:
        if not self.symbols:
            return str(self.coefficient)
        parts = ["rows" if symbol == BATCH else symbol for symbol in self.symbols]
        return "*".join(parts if self.coefficient == 1 else [str(self.coefficient), *parts])


ONE = Dim(1)
ROWS = Dim(1, (BATCH,))


def product(dims: Iterable[Dim]) -> Dim:
    result = ONE
    for dim in dims:
        result = result.times(dim)
    return result


def text(dims: Iterable[Dim]) -> str:
    return "[" + ",".join(map(str, dims)) + "]"
