"""How many rows of a version were offered to be counted, and how many of them dropped."""

from typing import Final, Protocol

Rows = tuple[int, int]  # offered, dropped

PLANS_READ: Final = 2  # the one in force, and the one before


class Plan(Protocol):
    """What is asked of a RecordPlan."""

    def counters(self) -> dict[str, dict[str, int]]: ...


class Recorded:
    """Over all recordings of a version since it is watched. Not thread-safe.

    A version that is loaded again is recorded by another plan, while the last rows of the one
    before may still be under way: its counters are read for as long as they can grow.
    """

    def __init__(self) -> None:
        self._ended: dict[str, Rows] = {}  # by role
        self._plans: list[Plan] = []

    def begin(self, plan: Plan) -> None:
        """Count what this plan records, too."""
        if len(self._plans) == PLANS_READ:
            for role, rows in self._plans.pop(0).counters().items():
                self._ended[role] = _sum(self._ended.get(role, (0, 0)), _rows(rows))
        self._plans.append(plan)

    def rows(self, role: str) -> Rows:
        """Offered and dropped rows of a role; (0, 0) of one that is not recorded by itself."""
        total = self._ended.get(role, (0, 0))
        for plan in self._plans:
            total = _sum(total, _rows(plan.counters().get(role, {})))
        return total


def _rows(counted: dict[str, int]) -> Rows:
    return counted.get("offered", 0), counted.get("dropped", 0)


def _sum(a: Rows, b: Rows) -> Rows:
    return a[0] + b[0], a[1] + b[1]
