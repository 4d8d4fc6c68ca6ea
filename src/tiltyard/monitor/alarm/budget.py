"""How many false alarms an operator is ready for, and each plane's part of them."""

import re
from typing import Final

from tiltyard.errors import ConfigError
from tiltyard.monitor.policy import DAY_S

_UNITS: Final = {"hour": 3600.0, "day": DAY_S, "week": 7 * DAY_S, "month": 30 * DAY_S}
_BUDGET: Final = re.compile(
    r"\s*(?P<alarms>\d+(?:\.\d+)?)\s+per\s+(?:(?P<many>\d+(?:\.\d+)?)\s+)?"
    r"(?P<unit>hour|day|week|month)s?(?:\s+per\s+gateway)?\s*",
    re.IGNORECASE,
)
# The part of a model's budget that its segments share, when it has any.
SEGMENTS_SHARE: Final = 0.5


def parse_budget(text: str) -> float:
    """Mean seconds between false alarms of a gateway, of "1 per 30 days". Raises ConfigError.

    >>> parse_budget("1 per 30 days per gateway"), parse_budget("2 per week")
    (2592000.0, 302400.0)
    """
    found = _BUDGET.fullmatch(text)
    if found is None:
        raise ConfigError(
            f"a false-alarm budget reads like '1 per 30 days' (hours, days, weeks or months), and "
            f"not '{text}'"
        )
    alarms, many = float(found["alarms"]), float(found["many"] or 1.0)
    if alarms <= 0.0 or many <= 0.0:
        raise ConfigError(f"a false-alarm budget is of numbers above 0, and '{text}' has a 0")
    return many * _UNITS[found["unit"].lower()] / alarms


def plane_false_alarm_s(gateway_s: float, models: int, segments: int = 0) -> tuple[float, float]:
    """Mean seconds between false alarms of a model's own plane, and of each of its segments.

    Rates add: of M models each has 1/M of the gateway's rate, and so M times the time. A model with
    segments gives half of its rate to them, in equal parts; without, the second is infinite.

    >>> plane_false_alarm_s(100.0, 4), plane_false_alarm_s(100.0, 4, segments=3)
    ((400.0, inf), (800.0, 2400.0))
    """
    if models < 1 or segments < 0:
        raise ValueError(
            f"a budget is split over {models} models with {segments} segments; at least 1 and 0 "
            "are expected"
        )
    model_s = gateway_s * models
    if not segments:
        return model_s, float("inf")
    return model_s / (1.0 - SEGMENTS_SHARE), model_s * segments / SEGMENTS_SHARE
