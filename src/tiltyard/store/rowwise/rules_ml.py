"""Rules for ai.onnx.ml: the models and transformers of scikit-learn and its like."""

from collections.abc import Sequence

from tiltyard.store.rowwise.dim import ONE, product
from tiltyard.store.rowwise.rules_elementwise import elementwise
from tiltyard.store.rowwise.step import Rule, Step, opaque
from tiltyard.store.rowwise.value import NotProved, Rows, Value, demoted


def _table(step: Step) -> Rows:
    """The input as rows by features. With rank 1 these operators take it for a single row."""
    data = step.rows()
    if len(data.dims) != 2 or data.axis != 0:
        raise NotProved("its input is not rows by features")
    return data


def classifier(step: Step) -> Sequence[Value]:
    data = _table(step)
    return [Rows((data.size,), 0), Rows((data.size, opaque()), 0)][: len(step.node.output)]


def regressor(step: Step) -> list[Value]:
    return [Rows((_table(step).size, opaque()), 0)]


def feature_wise(step: Step) -> list[Value]:
    return [_table(step)]


def one_hot_encoder(step: Step) -> list[Value]:
    data = step.rows()
    return [Rows((*data.dims, opaque()), data.axis)]


def feature_vectorizer(step: Step) -> list[Value]:
    parts = [step.rows(index) for index in range(len(step.inputs))]
    for part in parts:
        if len(part.dims) != 2 or part.axis != 0 or part.size != parts[0].size:
            raise NotProved("its inputs are not all rows by features")
    return [Rows((parts[0].size, opaque()), 0)]


def array_feature_extractor(step: Step) -> list[Value]:
    """Takes constant places of the last axis, or looks up a constant list by rows."""
    data, places = demoted(step.value(0)), demoted(step.value(1))
    if isinstance(data, Rows):
        step.require_fixed(1)
        if len(data.dims) < 2 or data.axis == len(data.dims) - 1:
            raise NotProved("it picks among the rows")
        return [Rows((*data.dims[:-1], opaque()), data.axis)]
    assert isinstance(places, Rows)
    one_list = data.dims is not None and all(dim == ONE for dim in data.dims[:-1])
    if not one_list or len(data.dims or ()) > 2:
        raise NotProved("it looks up more than one list")
    # The places are read flat; the result is [1, places].
    if product(places.dims[: places.axis]) != ONE:
        raise NotProved("flattening its indices mixes the rows")
    return [Rows((ONE, product(places.dims)), 1)]


def tfidf(step: Step) -> list[Value]:
    data = step.rows()
    if len(data.dims) != 2 or data.axis != 0:
        raise NotProved("its input is not rows by words")
    return [Rows((data.size, opaque()), 0)]


RULES: dict[str, Rule] = {
    "LinearClassifier": classifier,
    "SVMClassifier": classifier,
    "TreeEnsembleClassifier": classifier,
    "LinearRegressor": regressor,
    "SVMRegressor": regressor,
    "TreeEnsembleRegressor": regressor,
    "TreeEnsemble": regressor,
    "Scaler": feature_wise,
    "Normalizer": feature_wise,
    "Imputer": feature_wise,
    "Binarizer": elementwise,
    "LabelEncoder": elementwise,
    "CategoryMapper": elementwise,
    "OneHotEncoder": one_hot_encoder,
    "FeatureVectorizer": feature_vectorizer,
    "ArrayFeatureExtractor": array_feature_extractor,
}
MAIN_DOMAIN_RULES: dict[str, Rule] = {"TfIdfVectorizer": tfidf}
