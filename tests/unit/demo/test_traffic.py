"""The demo's traffic against a gateway, and what it keeps of the answers."""

import numpy as np
import pytest

from tests import models
from tiltyard.client import InferenceClient, InferReply
from tiltyard.client.tensors import Array
from tiltyard.demo.classifiers import Classifier
from tiltyard.demo.traffic import Outcome, requests_of, send_one_by_one, send_pipelined
from tiltyard.errors import ClientError


def reply(label: Array, scores: Array) -> InferReply:
    return InferReply("w1", "1", "", {"label": label, "probabilities": scores}, {})


def one(label: int, score: float) -> InferReply:
    return reply(np.array([label]), np.array([[1 - score, score]]))


@pytest.fixture
def classifier() -> Classifier:
    """W1 as the tests' gateway serves it."""
    rows, labels = models.breast_cancer()
    zeros = np.zeros(20)
    return Classifier("w1", "", b"", (), rows[:1], rows[:20], labels[:20], labels[:20], zeros)


def test_an_answer_that_changes_is_counted() -> None:
    outcome = Outcome()
    for label, score in ((1, 0.75), (1, 0.75), (0, 0.75), (1, 0.5)):
        outcome.add(7, one(label, score), 0.001)
    assert (outcome.labels, outcome.scores) == ({7: 1}, {7: 0.75})
    assert (outcome.requests, outcome.changed) == (4, 2)


@pytest.mark.parametrize(("label", "scores"), [((2,), (1, 2)), ((1,), (1, 3)), ((1,), (2,))])
def test_an_answer_of_another_shape_is_refused(
    label: tuple[int, ...], scores: tuple[int, ...]
) -> None:
    with pytest.raises(ClientError, match=r"expected a label \[1\] and scores \[1, 2\]"):
        Outcome().add(0, reply(np.zeros(label), np.zeros(scores)), 0.001)


def test_quantiles_and_rates() -> None:
    outcome = Outcome(latencies_s=[i / 1e6 for i in range(1, 102)], seconds=2.0)
    assert outcome.quantile_us(0.5) == pytest.approx(51)
    assert outcome.per_second == 50.5


def test_both_kinds_of_traffic_ask_every_row_and_get_the_same(
    client: InferenceClient, classifier: Classifier
) -> None:
    requests = requests_of(classifier)
    alone = send_one_by_one(client, requests, seconds=0.01)
    together = send_pipelined(client, requests, seconds=0.01, window=8)
    for outcome in (alone, together):
        assert sorted(outcome.labels) == list(range(20))
        assert outcome.requests % 20 == 0
        assert outcome.requests > 0
        assert outcome.changed == 0
        assert outcome.seconds >= 0.01
    assert (alone.labels, alone.scores) == (together.labels, together.scores)
