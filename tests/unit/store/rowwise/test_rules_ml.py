from typing import Any

import pytest
from onnx import TensorProto

from tests.models.build import node
from tests.unit.store.rowwise.cases import PROVED, floats, ints, verdict

ML = "ai.onnx.ml"


@pytest.mark.parametrize("operator", ["Scaler", "Normalizer", "Imputer", "LinearRegressor"])
def test_tables_are_rows_by_features(operator: str) -> None:
    nodes = [node(operator, "x", "y", domain=ML)]
    assert verdict(nodes, ["N", 4]) == PROVED
    assert "is not rows by features" in verdict(nodes, ["N"])


@pytest.mark.parametrize(
    "operator", ["LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"]
)
def test_classifiers(operator: str) -> None:
    assert verdict([node(operator, "x", "label y", domain=ML)], ["N", 4]) == PROVED
    assert verdict([node(operator, "x", "y p", domain=ML)], ["N", 4]) == PROVED


def test_elementwise_encoders() -> None:
    for operator in ("LabelEncoder", "Binarizer", "OneHotEncoder"):
        assert verdict([node(operator, "x", "y", domain=ML)], ["N", 4]) == PROVED


def test_feature_vectorizer() -> None:
    nodes = [node("FeatureVectorizer", "x x1", "y", domain=ML)]
    assert verdict(nodes, ["N", 4], ["N", 2]) == PROVED


def test_array_feature_extractor_takes_columns() -> None:
    nodes = [node("ArrayFeatureExtractor", "x places", "y", domain=ML)]
    assert verdict(nodes, ["N", 4], places=ints(2, 0)) == PROVED
    assert "picks among the rows" in verdict(nodes, ["N"], places=ints(2, 0))


def test_array_feature_extractor_looks_up_classes() -> None:
    nodes = [
        node("ArrayFeatureExtractor", "classes x", "picked", domain=ML),
        node("Reshape", "picked flat", "y"),
    ]
    constants: dict[str, Any] = {"classes": ints(7, 8, 9), "flat": ints(-1)}
    assert verdict(nodes, ["N"], kind=TensorProto.INT64, **constants) == PROVED
    two: dict[str, Any] = {**constants, "classes": floats(2, 3)}
    assert "more than one list" in verdict(nodes, ["N"], kind=TensorProto.INT64, **two)


def test_dictionaries_are_not_followed() -> None:
    nodes = [node("DictVectorizer", "x", "y", domain=ML)]
    assert "ai.onnx.ml.DictVectorizer is not on the list" in verdict(nodes, ["N", 4])
