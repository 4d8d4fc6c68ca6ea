"""Classifiers trained with scikit-learn on its breast-cancer data: W1, W2 and an MLP.

Design section 11 names W1 and W2; every figure refers to them.
"""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

FEATURES = 30


@cache
def breast_cancer() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """569 rows of 30 features, and their labels 0 or 1."""
    features, labels = load_breast_cancer(return_X_y=True)
    return features.astype(np.float32), labels.astype(np.int64)


@cache
def w1() -> bytes:
    """Logistic regression: X FP32 [N,30] to label INT64 [N] and probabilities FP32 [N,2]."""
    return _export(_logistic(), zipmap=False)


@cache
def w1_zipmap() -> bytes:
    """W1 as the converter exports it by default: its probabilities end in a ZipMap."""
    return _export(_logistic(), zipmap=True)


@cache
def w2() -> bytes:
    """Gradient boosting of 100 trees, with W1's signature."""
    classifier = GradientBoostingClassifier(n_estimators=100, random_state=0)
    return _export(_fitted(classifier), zipmap=False)


@cache
def mlp() -> bytes:
    """A multi-layer perceptron of 32 and 16 units, with W1's signature."""
    classifier = MLPClassifier((32, 16), max_iter=30, early_stopping=True, random_state=0)
    return _export(_fitted(classifier), zipmap=False)


@cache
def _logistic() -> Any:
    # This solver converges on the unscaled features, where the default one warns.
    return _fitted(LogisticRegression(solver="liblinear"))


def _fitted(classifier: Any) -> Any:
    features, labels = breast_cancer()
    return classifier.fit(features, labels)


def _export(classifier: Any, *, zipmap: bool) -> bytes:
    features, _ = breast_cancer()
    proto = to_onnx(classifier, features[:1], options={id(classifier): {"zipmap": zipmap}})
    return bytes(proto.SerializeToString())
