"""Two real classifiers on scikit-learn's breast-cancer data, exported to ONNX.

Needs the extra `demo` (scikit-learn and skl2onnx).
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.errors import ConfigError
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.profile import Profile
from tiltyard.store import Manifest, Store
from tiltyard.store.profiles import add_profile
from tiltyard.store.profiling import profile_version
from tiltyard.store.publish import publish_model
from tiltyard.store.reference_run import RunLimits

HELD_OUT = 0.25
SEED = 0
SAMPLES = 64


@dataclass(frozen=True)
class Classifier:
    """A trained model. `rows` FP32 [n,30] were held out, `labels` INT64 [n] are the truth, and
    `predictions` INT64 [n] and `scores` FP64 [n] are what scikit-learn itself says of them.
    `trained_on` FP32 [m,30] are the other rows, `features` the names of their columns."""

    name: str
    title: str
    onnx: bytes
    features: tuple[str, ...]
    trained_on: npt.NDArray[np.float32]
    rows: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    predictions: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]


def train_classifiers() -> list[Classifier]:
    """Train and export both. Raises ConfigError when the extra is not installed."""
    try:
        from sklearn.datasets import load_breast_cancer
        from sklearn.ensemble import GradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import train_test_split
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError as error:
        raise ConfigError(
            f"the demo trains its models with a package that is missing ({error.name});"
            " install it with: pip install 'tiltyard[demo]'"
        ) from error
    data = load_breast_cancer()
    names = tuple(str(name) for name in data.feature_names)
    rows, labels = data.data.astype(np.float32), data.target
    split = train_test_split(rows, labels, test_size=HELD_OUT, random_state=SEED, stratify=labels)
    models = {
        "logistic": ("logistic regression", make_pipeline(StandardScaler(), LogisticRegression())),
        "boosting": ("gradient boosting", GradientBoostingClassifier(random_state=SEED)),
    }
    return [_fitted(name, title, model, names, *split) for name, (title, model) in models.items()]


def _fitted(
    name: str,
    title: str,
    model: Any,
    features: tuple[str, ...],
    train_rows: npt.NDArray[np.float32],
    rows: npt.NDArray[np.float32],
    train_labels: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
) -> Classifier:
    from skl2onnx import to_onnx

    model.fit(train_rows, train_labels)
    # The converter's defaults: its output ends in a ZipMap, which publishing removes.
    onnx = to_onnx(model, train_rows[:1]).SerializeToString()
    return Classifier(
        name=name,
        title=title,
        onnx=onnx,
        features=features,
        trained_on=train_rows,
        rows=rows,
        labels=labels.astype(np.int64),
        predictions=model.predict(rows).astype(np.int64),
        scores=model.predict_proba(rows)[:, 1].astype(np.float64),
    )


def publish_classifier(store: Store, classifier: Classifier) -> tuple[Manifest, Profile]:
    """Publish through the same doors as `tiltyard publish --reference`. Raises TiltyardError."""
    with tempfile.TemporaryDirectory(prefix="tiltyard-demo-") as folder:
        path = Path(folder) / f"{classifier.name}.onnx"
        path.write_bytes(classifier.onnx)
        samples, reference = path.with_suffix(".npy"), Path(folder) / "trained_on.npz"
        np.save(samples, classifier.trained_on[:SAMPLES])
        columns = zip(classifier.features, classifier.trained_on.T, strict=True)
        np.savez(reference, **dict(columns))
        manifest = publish_model(store, classifier.name, path, samples=samples)
        profile = profile_version(
            store, manifest.model, manifest.version, reference, Declaration(), RunLimits()
        )
        return manifest, add_profile(store, profile)
