"""River's Shuttle through the real gateway: normal rows raise no alarm, anomalies do, and soon.

Time is scaled: a tick lasts 0.1 s here, as long as the monitor drains, and not a second. The budget
of false alarms is scaled with it to one in 10^4 ticks of each model, as in alarm.md section 8.
Rows of one request count for less, as they may depend on each other; where many are sent in one
request, the policy says that they do not, which is what one row a request comes to.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from river.datasets import Shuttle

from tests.e2e.watching import (
    FAST_TICKS,
    Caller,
    Ticks,
    alarms_of,
    detector_of,
    plane_of,
    publish_watched,
    scoring,
    wait_watched,
)
from tiltyard.client import AdminClient
from tiltyard.monitor.detection import DRIFT, SKEW
from tiltyard.ops.gateway_process import GatewayProcess

Rows = npt.NDArray[np.float32]

REFERENCE_ROWS = 10_000
TICK_ROWS = 100
WARMUP_TICKS = 300
DRAIN_S = 0.1
# Percent of anomalies, and the ticks within which they are an alarm in all but one of a thousand
# draws. How many it takes in the middle is in tests/simulation/test_drift_shuttle.py.
MIXED = {7: 5, 3: 16, 1: 70}
NULL = ("file_order", "shuffled")
NAMES = (*NULL, *(f"mixed_{share}" for share in MIXED))
# 10^4 ticks of 0.1 s a model: 200 s for five.
BUDGET = f"{round(3600 / (1e4 * DRAIN_S / len(NAMES)))} per hour"
# After the warm-up all rows are bet once more, in larger ticks so that it takes seconds.
LARGE_TICK_ROWS = 500


def read_shuttle() -> tuple[Rows, Rows]:
    """Normal rows and anomalies, each float32[n, 9] in the order of the file."""
    found = [(list(row.values()), label) for row, label in Shuttle()]
    rows = np.array([row for row, _ in found], np.float32)
    is_odd = np.array([label for _, label in found], bool)
    return rows[~is_odd], rows[is_odd]


@pytest.fixture(scope="module")
def shuttle() -> tuple[Rows, Rows]:
    return read_shuttle()


@pytest.fixture(scope="module")
def gateway(
    shuttle: tuple[Rows, Rows],
    tmp_path_factory: pytest.TempPathFactory,
    gateway_env: dict[str, str],
    gateway_prefix: tuple[str, ...],
) -> Iterator[GatewayProcess]:
    store = tmp_path_factory.mktemp("shuttle") / "store"
    reference = shuttle[0][:REFERENCE_ROWS]
    made = scoring(1.0 / reference.std(axis=0))
    for name in NAMES:
        said = publish_watched(store, name, made, {"x": reference})
        assert "profile 1: 9 features (4 numeric, 5 discrete) and 1 output" in said
    arguments = ["--store", str(store), "--false-alarms", BUDGET]
    env = {**gateway_env, **FAST_TICKS}
    with GatewayProcess(arguments, env=env, prefix=gateway_prefix) as found:
        yield found
        assert found.stop() == 0, found.log()


def test_normal_rows_raise_no_alarm_and_anomalies_do(
    gateway: GatewayProcess, shuttle: tuple[Rows, Rows]
) -> None:
    normal, odd = shuttle[0][REFERENCE_ROWS:], shuttle[1]
    chance = np.random.default_rng(5)
    shuffled = normal[chance.permutation(len(normal))]
    with AdminClient(gateway.admin_address) as admin, Caller(gateway.address) as caller:
        wait_watched(admin, *NAMES)
        for name in NAMES:
            admin.set_drift_policy(name, rows_independent=True)
        ticks = Ticks(admin, caller, NAMES)
        warm_up(ticks, normal, shuffled)
        for name in NAMES:
            seen = detector_of(plane_of(admin, name))
            assert seen.state == "ok", (name, seen)
        for share, bound in MIXED.items():
            name = f"mixed_{share}"
            check_found(admin, ticks, name, mixed(chance, shuffled, odd, share), bound)
        for at in range(0, len(normal), LARGE_TICK_ROWS):
            part = slice(at, at + LARGE_TICK_ROWS)
            rows = {NULL[0]: normal[part], NULL[1]: shuffled[part]}
            ticks.send(rows, rows_each=LARGE_TICK_ROWS)
        for name in NULL:
            assert admin.list_alarms(name) == []
            accepted = admin.accept_baseline(name, window_s=3600, actor="ann")
            assert accepted.counts[0] > REFERENCE_ROWS
            assert detector_of(plane_of(admin, name), DRIFT).state == "warming"


def warm_up(ticks: Ticks, normal: Rows, shuffled: Rows) -> None:
    for at in range(0, (WARMUP_TICKS + 10) * TICK_ROWS, TICK_ROWS):
        part = slice(at, at + TICK_ROWS)
        rows = dict.fromkeys(NAMES, shuffled[part]) | {NULL[0]: normal[part]}
        ticks.send(rows, rows_each=TICK_ROWS)


def mixed(chance: np.random.Generator, normal: Rows, odd: Rows, share: int) -> Iterator[Rows]:
    """Ticks of normal rows of which each is an anomaly with a probability of `share` percent."""
    while True:
        rows = normal[chance.integers(len(normal), size=TICK_ROWS)]
        is_odd = chance.random(TICK_ROWS) < share / 100
        rows[is_odd] = odd[chance.integers(len(odd), size=int(is_odd.sum()))]
        yield rows


def check_found(
    admin: AdminClient, ticks: Ticks, name: str, rows: Iterator[Rows], bound: int
) -> None:
    before = detector_of(plane_of(admin, name)).ticks
    passed = 0
    while passed < bound:
        ticks.send({name: next(rows)})
        passed = detector_of(plane_of(admin, name)).ticks - before
        if alarms_of(admin, name, SKEW):
            break
    (alarm,) = alarms_of(admin, name, SKEW)
    leading = {stream.stream for stream in alarm.streams if stream.is_leading}
    print(f"{name}: after {passed} ticks, led by {sorted(leading)}")
    assert passed <= bound
    assert leading <= {"x[0]", "x[4]", "x[8]", "surprise", "mahalanobis", "score"}, alarm
