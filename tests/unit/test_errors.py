"""What commands and servers rely on: one code a kind, and kinds that stand for one another."""

import pytest

from tiltyard import errors

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.TiltyardError)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_its_sentence_and_ends_with_a_code(
    kind: type[errors.TiltyardError],
) -> None:
    assert str(kind("what was wrong")) == "what was wrong"
    assert 1 <= kind.exit_code < 64  # above are those of sysexits.h and of signals


@pytest.mark.parametrize(
    "kind", [errors.NotFoundError, errors.AlreadyExistsError, errors.IntegrityError]
)
def test_whoever_catches_store_errors_catches_these(kind: type[errors.TiltyardError]) -> None:
    assert issubclass(kind, errors.StoreError)


def test_a_refused_model_is_not_a_broken_store() -> None:
    assert not issubclass(errors.PublishRefused, errors.StoreError)
