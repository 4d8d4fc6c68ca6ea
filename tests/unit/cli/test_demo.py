"""What the demo makes of the answers; the demo as a whole is in tests/e2e."""

import numpy as np
import pytest
from rich.console import Console

from tests.unit.demo.test_watching import snapshot
from tiltyard.cli import demo
from tiltyard.client.inference_client import InferReply
from tiltyard.demo.classifiers import Classifier
from tiltyard.demo.traffic import Outcome
from tiltyard.demo.watching import most_changed
from tiltyard.errors import ClientError

ROWS = 4


@pytest.fixture
def classifier() -> Classifier:
    labels = np.array([0, 1, 1, 0])
    return Classifier(
        name="logistic",
        title="logistic regression",
        onnx=b"",
        features=("mean radius",),
        trained_on=np.zeros((1, 30), np.float32),
        rows=np.zeros((ROWS, 30), np.float32),
        labels=labels,
        predictions=np.array([0, 1, 0, 0]),
        scores=np.array([0.1, 0.9, 0.4, 0.2]),
    )


def outcome_of(classifier: Classifier, *, flip: int = -1, error: float = 0.0) -> Outcome:
    """Every row answered twice as scikit-learn would, but for row `flip` and for `error`."""
    outcome = Outcome(seconds=2.0)
    for _ in range(2):
        for row in range(ROWS):
            label = int(classifier.predictions[row]) ^ (row == flip)
            score = np.float32(classifier.scores[row] + error)
            outputs = {"label": np.array([label]), "p": np.array([[1 - score, score]])}
            outcome.add(row, InferReply("logistic", "1", "", outputs, {}), 1e-3 * (row + 1))
    return outcome


def measured(outcome: Outcome) -> demo.Measured:
    return {("logistic", demo.ONE_BY_ONE): outcome, ("logistic", demo.PIPELINED): outcome}


def test_right_answers_pass(classifier: Classifier) -> None:
    demo._check([classifier], measured(outcome_of(classifier)))


def test_wrong_answers_are_counted(classifier: Classifier) -> None:
    changing = outcome_of(classifier)
    changing.changed = 3
    for outcome, sentence in (
        (outcome_of(classifier, flip=2), "1 labels differ"),
        (outcome_of(classifier, error=1e-3), r"scores differ by up to 1\.0e-03"),
        (changing, "3 replies changed"),
    ):
        with pytest.raises(ClientError, match=sentence):
            demo._check([classifier], measured(outcome))


def test_the_tables_have_the_numbers(
    classifier: Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    found = measured(outcome_of(classifier))
    console = Console(width=100)
    console.print(demo._accuracy_table([classifier], found))
    console.print(demo._latency_table(found))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["logistic", "4", "75.0%", "100.0%", "2.4e-09"][:4] in [line[:4] for line in lines]
    per_kind = [line for line in lines if line[0] == "logistic" and "8" in line]
    assert len(per_kind) == 2
    assert all(line[-5:-3] == ["4", "2,500"] for line in per_kind)  # per second, and p50 in us


def test_what_changed_is_named_first_or_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    streams = most_changed(snapshot(1_000, shift=2.0))
    Console(width=100).print(demo._changes_table("fraud", streams))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["fraud", "amount", "age"]
    with pytest.raises(ClientError, match="expected mean area to have changed most, found amount"):
        demo._check_changed(streams)
