"""The held-out rows, sent one a request: first one at a time, then many on their way at once."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tiltyard.client import InferenceClient, InferReply
from tiltyard.client.inference_client import make_request
from tiltyard.demo.classifiers import Classifier
from tiltyard.errors import ClientError

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
LABEL, SCORES = 0, 1  # the outputs of a classifier that skl2onnx exports, by position


@dataclass
class Outcome:
    """What came of one kind of traffic. `labels` and `scores` are by held-out row."""

    latencies_s: list[float] = field(default_factory=list)
    seconds: float = 0.0
    labels: dict[int, int] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)
    changed: int = 0  # replies that were not what the same row got before

    @property
    def requests(self) -> int:
        return len(self.latencies_s)

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def quantile_us(self, quantile: float) -> float:
        """Latency in microseconds that this share of the requests stayed below."""
        return float(np.quantile(self.latencies_s, quantile)) * 1e6

    def add(self, row: int, reply: InferReply, latency_s: float) -> None:
        """Take a reply in, and hold it against what this row got before."""
        label_values, score_values = (list(reply.outputs.values())[i] for i in (LABEL, SCORES))
        if label_values.shape != (1,) or score_values.shape != (1, 2):
            raise ClientError(
                f"{reply.model}: expected a label [1] and scores [1, 2] for one row, got"
                f" {list(label_values.shape)} and {list(score_values.shape)}"
            )
        label, score = int(label_values[0]), float(score_values[0, 1])
        self.latencies_s.append(latency_s)
        self.changed += (label, score) != (
            self.labels.setdefault(row, label),
            self.scores.setdefault(row, score),
        )


def requests_of(classifier: Classifier) -> list[Any]:
    """One request for each held-out row."""
    return [
        make_request(classifier.name, {"X": classifier.rows[i : i + 1]})
        for i in range(len(classifier.rows))
    ]


def send_one_by_one(client: InferenceClient, requests: list[Any], seconds: float) -> Outcome:
    """All rows again and again for this long, at least once; each waits for the one before."""
    outcome = Outcome()
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        for row, request in enumerate(requests):
            sent = time.perf_counter()
            reply = client.send(request, timeout_s=30.0).result()
            outcome.add(row, reply, time.perf_counter() - sent)
    outcome.seconds = time.perf_counter() - started
    return outcome


def send_pipelined(
    client: InferenceClient, requests: list[Any], seconds: float, window: int
) -> Outcome:
    """As above with up to `window` requests on their way; latency counts from the sending."""
    outcome = Outcome()
    waiting: deque[tuple[int, float, Any]] = deque()

    def take() -> None:
        row, sent, pending = waiting.popleft()
        reply = pending.result()
        outcome.add(row, reply, time.perf_counter() - sent)

    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        for row, request in enumerate(requests):
            if len(waiting) == window:
                take()
            waiting.append((row, time.perf_counter(), client.send(request, timeout_s=30.0)))
    while waiting:
        take()
    outcome.seconds = time.perf_counter() - started
    return outcome
