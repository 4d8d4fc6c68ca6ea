"""The demo's classifiers: trained, exported, and published as any other model."""

import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from tiltyard.demo.classifiers import Classifier, publish_classifier, train_classifiers
from tiltyard.errors import ConfigError
from tiltyard.store import open_store


@pytest.fixture(scope="module")
def classifiers() -> list[Classifier]:
    return train_classifiers()


def test_both_are_good_on_rows_they_have_not_seen(classifiers: list[Classifier]) -> None:
    assert [classifier.name for classifier in classifiers] == ["logistic", "boosting"]
    for classifier in classifiers:
        assert classifier.rows.shape == (143, 30)
        assert np.mean(classifier.predictions == classifier.labels) > 0.9
        seen = {row.tobytes() for row in classifier.trained_on}
        assert not seen & {row.tobytes() for row in classifier.rows}


def test_what_is_exported_says_what_was_trained(classifiers: list[Classifier]) -> None:
    for classifier in classifiers:
        session = ort.InferenceSession(classifier.onnx)
        labels, maps = session.run(None, {"X": classifier.rows})
        np.testing.assert_array_equal(classifier.predictions, labels)
        scores = [entry[1] for entry in maps]  # the converter's default: a dictionary a row
        np.testing.assert_allclose(scores, classifier.scores, atol=1e-5)


def test_publishing_takes_the_zipmap_out(classifiers: list[Classifier], tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store"), create=True)
    manifest, profile = publish_classifier(store, classifiers[0])
    assert (manifest.model, manifest.version) == ("logistic", 1)
    assert manifest.description.golden.source == "given"
    assert manifest.description.rowwise.proved
    assert len(manifest.description.changes) == 1
    assert store.models() == {"logistic": [1]}
    assert (profile.rows, profile.number) == (426, 1)
    assert profile.streams[3].name == "mean area"


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ConfigError, match=r"pip install 'tiltyard\[demo\]'"):
        train_classifiers()
