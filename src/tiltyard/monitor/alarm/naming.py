"""Which streams an alarm names, and what changed in each."""

from typing import Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.bet_layout import BetGroup
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.profile.cells import Floats, Ints

LEADING_SHARE: Final = 0.9
# Shape bets learn any change, so they often lead where a bet that has a name for it wins as well.
# A change with a name is told when it has at least this part of the stream's evidence, or enough
# for an alarm of its own.
NAMED_SHARE_MIN: Final = 0.01


def leading(
    log_streams: Floats, is_joint: npt.NDArray[np.bool_], log_threshold: float
) -> list[int]:
    """The smallest set of streams that holds 90 % of the evidence, most first.

    `log_streams` float64[streams]: ln E; `is_joint` bool[streams]; `log_threshold` that of an
    alarm. Empty where nothing was bet.

    Deviates from alarm.md section 4, where it is 90 % of the evidence of all streams: where a
    stream that is not joint has evidence for an alarm if it were the only one, joint streams do not
    count. They are computed from all features, so that one broken feature moves them too, at times
    further than the feature itself, and "surprise" alone would tell nobody where to look. A change
    that no stream has by itself, as of columns that change places, is still theirs to lead.
    """
    if np.any(log_streams[~is_joint] >= log_threshold):
        log_streams = np.where(is_joint, -np.inf, log_streams)
    highest = log_streams.max()
    if not np.isfinite(highest):
        return []
    share = np.exp(log_streams - highest)
    order = np.argsort(-share, kind="stable")
    held = np.cumsum(share[order])
    return [int(i) for i in order[: int(np.searchsorted(held, LEADING_SHARE * held[-1])) + 1]]


def shares(log_streams: Floats) -> Floats:
    """Each stream's part of all evidence, float64[streams]; 0 where nothing was bet."""
    highest = log_streams.max()
    if not np.isfinite(highest):
        return np.zeros(len(log_streams))
    share = np.exp(log_streams - highest)
    parts: Floats = share / share.sum()
    return parts


def leading_bet(tables: BetTables, log_bets: Floats, stream: int, log_threshold: float) -> int:
    """The best bet on what changed most in a stream.

    `log_bets` float64[bets]: ln of weighted capital; `log_threshold` that of an alarm. Bets on the
    same change are added up first, so that a change is not passed over because its evidence is
    spread over several stakes. Shape is told when no change with a name has evidence enough.
    """
    layout = tables.layout
    mine: Ints = np.flatnonzero(layout.stream == stream)
    logs = log_bets[mine]
    weight = np.exp(logs - logs.max())
    change = layout.change[mine]
    held = np.bincount(change, weights=weight)
    shape = change[layout.group[mine] == BetGroup.shape][0]
    alone = float(np.exp(min(log_threshold - logs.max(), 0.0)))
    enough = min(NAMED_SHARE_MIN * held.sum(), alone)
    with_name = np.where(np.arange(len(held)) == shape, 0.0, held)
    won = with_name.argmax() if with_name.max() >= enough else shape
    return int(mine[np.where(change == won, logs, -np.inf).argmax()])
