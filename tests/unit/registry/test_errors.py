from tiltyard.registry import errors

KINDS: list[type[errors.TransitionError | errors.RegistryUnavailableError]] = [
    errors.TransitionError,
    errors.InvalidChangeError,
    errors.RefusedChangeError,
    errors.NothingToChangeError,
    errors.UnknownVersionError,
    errors.VersionChangedError,
    errors.IdempotencyMismatchError,
    errors.RegistryUnavailableError,
]


def test_every_kind_says_what_and_what_to_do() -> None:
    for kind in KINDS:
        error = kind("this was asked, and cannot be", "do that", "REASON")
        assert str(error) == f"{error.what}: do that"
        assert error.what.endswith("this was asked, and cannot be")
        assert error.remedy == "do that"
        assert error.reason == "REASON"
        assert 1 <= error.exit_code < 64


def test_an_unknown_model_is_named() -> None:
    error = errors.UnknownModelError("w9")
    assert str(error) == "there is no model w9: look at the names, or publish it first"
    assert error.reason == "UNKNOWN_MODEL"


def test_a_registry_that_cannot_be_used_is_no_refusal() -> None:
    assert not issubclass(errors.RegistryUnavailableError, errors.TransitionError)
    error = errors.RegistryUnavailableError("it is full", "make room", "FULL")
    assert error.what == "nothing was changed, because it is full"
    assert error.cause == "it is full"  # for who did something first, and could not record it
