"""Traffic whose every row is known, so that it can be counted again without the gateway.

The load generator walks its corpus in order, so how many requests it sent says which ones.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bench.corpus import MAGIC, answers, block, expected_message, open_session, request_message
from bench.load import Report, Shape, Target, finish_load, start_load
from bench.models import Workload
from tests import models
from tiltyard.client import AdminClient
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.recount import count_rows
from tiltyard.monitor.profile.words import slot_words
from tiltyard.monitor.snapshot import Snapshot
from tiltyard.ops.gateway_process import GatewayProcess

MODEL: Final = "w1"
WATCHED_S_MAX: Final = 120.0  # kernels are compiled the first time
COUNTED_S_MAX: Final = 30.0
POLL_S: Final = 0.1

Floats = npt.NDArray[np.float32]
Sizes = npt.NDArray[np.int64]


def rows_of_w1(rows: int, seed: int) -> Floats:
    """float32[rows, 30] like the data of the model, with values of every reserved cell among them.

    One value in a hundred is missing, infinite, denormal, 0 or far outside.
    """
    chance = np.random.default_rng(seed)
    data = models.breast_cancer()[0]
    found = data[chance.integers(len(data), size=rows)]
    found *= chance.lognormal(0.0, 0.05, found.shape).astype(np.float32)
    odd = np.array([np.nan, np.inf, -np.inf, 1e-42, -0.0, 0.0, 3e38, -1e5], np.float32)
    places = chance.random(found.shape) < 0.01
    found[places] = chance.choice(odd, int(places.sum()))
    return found


@dataclass(frozen=True)
class Traffic:
    """Requests of one model in the order in which they are sent, over and over.

    `rows` float32[n, ...] of all requests one after another, `outputs` of the rows, and `sizes`
    int64[requests], how many rows each request has.
    """

    corpus: Path
    rows: Floats
    outputs: dict[str, npt.NDArray[Any]]
    sizes: Sizes

    def recount(self, profile: Profile, requests: int) -> Ints:
        """What so many requests come to in a profile's cells: int64[layout.size]."""
        rounds, rest = divmod(requests, len(self.sizes))
        counts = rounds * self._count(profile, len(self.sizes))
        return np.asarray(counts + self._count(profile, rest))

    def rows_in(self, requests: int) -> int:
        """How many rows so many requests have."""
        rounds, rest = divmod(requests, len(self.sizes))
        return rounds * int(self.sizes.sum()) + int(self.sizes[:rest].sum())

    def _count(self, profile: Profile, requests: int) -> Ints:
        """Of the first requests, once."""
        sizes = self.sizes[:requests]
        rows = int(sizes.sum())
        tensors = {"X": self.rows, **self.outputs}
        words = [slot_words(slot, tensors[slot.tensor][:rows]) for slot in profile.slots]
        starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
        places = np.arange(rows) - starts
        return count_rows(profile, np.stack(words, axis=1), np.repeat(sizes, sizes), places)


def make_traffic(folder: Path, rows: Floats, sizes: Sequence[int]) -> Traffic:
    """Requests of these sizes to W1, which together have the rows; its files go to the folder.

    The right answers are ONNX Runtime's. Raises ValueError when sizes and rows do not agree.
    """
    if sum(sizes) != len(rows):
        raise ValueError(f"expected requests of {len(rows)} rows together, got {sum(sizes)}")
    model = folder / "w1.onnx"
    model.write_bytes(models.w1())
    work = Workload("W1", "logistic regression", model, rows, 0.0)
    by_row = list(answers(open_session(model), rows))
    outputs = {name: np.concatenate([one[name] for one in by_row]) for name in by_row[0]}
    blocks = [MAGIC]
    begin = 0
    for size in sizes:
        part = slice(begin, begin + size)
        begin += size
        request = request_message(work, "X", rows[part])
        expected = expected_message({name: values[part] for name, values in outputs.items()})
        blocks += [block(request.SerializeToString()), block(expected.SerializeToString())]
    corpus = folder / "traffic.corpus"
    corpus.write_bytes(b"".join(blocks))
    return Traffic(corpus, rows, outputs, np.array(sizes, np.int64))


def send(gateway: GatewayProcess, traffic: Traffic, shape: Shape, requests: int) -> Report:
    """Send so many requests, or some more: the report's `replies` says how many it were."""
    target = Target(gateway.address, traffic.corpus)
    return finish_load(start_load(target, shape, None, warm_up_s=0.0, requests=requests))


def champion(admin: AdminClient) -> Snapshot:
    """The plane of W1's champion."""
    (found,) = admin.get_drift(DriftQuery(model=MODEL, role="champion", segment=""))
    return found


def wait_until_watched(admin: AdminClient) -> Profile:
    """Wait until every request is recorded; the profile by which it is."""
    _wait_for(lambda: bool(admin.get_drift()), WATCHED_S_MAX, "W1 to be watched")
    return champion(admin).profile


def wait_until_counted(admin: AdminClient, rows: int) -> Snapshot:
    """Wait until so many rows were counted or dropped, and look."""

    def is_counted() -> bool:
        found = champion(admin)
        return int(found.current.counts[ROWS]) + found.dropped >= rows

    _wait_for(is_counted, COUNTED_S_MAX, f"{rows} rows to be counted")
    return champion(admin)


def _wait_for(condition: Callable[[], bool], seconds_max: float, what: str) -> None:
    give_up = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError(f"waited {seconds_max:g} s for {what}, in vain")
        time.sleep(POLL_S)
