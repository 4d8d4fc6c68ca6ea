"""Triton's load and unload, by what operators can do."""

from typing import Any

import pytest

from tiltyard.control.errors import PreconditionError, Reason, UnknownNameError
from tiltyard.control.views import ModelView, VersionView
from tiltyard.protocol import messages
from tiltyard.protocol.model_control import ModelControl
from tiltyard.protocol.slow_path import CallRefused

LOAD = messages.method_path("RepositoryModelLoad")
UNLOAD = messages.method_path("RepositoryModelUnload")


class Control:
    """Three versions of `fraud`: the champion, one that is idle, one that is unloaded."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def get_model(self, name: str) -> ModelView:
        if name != "fraud":
            raise UnknownNameError(f"there is no model {name!r}", Reason.MODEL_NOT_FOUND)
        versions = (
            VersionView("fraud", 1, "ready", wanted=True, roles=("champion",)),
            VersionView("fraud", 2, "ready", wanted=True),
            VersionView("fraud", 3, "stored"),
        )
        return ModelView("fraud", 4, 1, versions=versions)

    def load_version(self, name: str, version: int, **terms: Any) -> None:
        assert (name, terms) == ("fraud", {"actor": "a client of the data port"})
        if version == 9:
            raise PreconditionError("version 9 cannot be loaded", Reason.VERSION_FAILED)
        self.calls.append(("load", version))

    def unload_version(self, name: str, version: int, **terms: Any) -> None:
        assert (name, terms) == ("fraud", {"actor": "a client of the data port"})
        self.calls.append(("unload", version))


def request(name: str, **parameters: Any) -> bytes:
    made = messages.RepositoryModelLoadRequest(model_name=name)
    for key, value in parameters.items():
        field = {bool: "bool_param", int: "int64_param", str: "string_param"}[type(value)]
        setattr(made.parameters[key], field, value)
    data: bytes = made.SerializeToString()
    return data


def test_load_is_of_the_newest_or_of_the_version_named() -> None:
    control: Any = Control()
    model_control = ModelControl(control)
    assert model_control.answer(LOAD, request("fraud")) == b""
    assert model_control.answer(LOAD, request("fraud", version=2)) == b""
    assert control.calls == [("load", 3), ("load", 2)]


def test_unload_is_of_all_or_of_the_version_named() -> None:
    control: Any = Control()
    model_control = ModelControl(control)
    assert model_control.answer(UNLOAD, request("fraud", version=2)) == b""
    with pytest.raises(
        CallRefused, match=r"versions are in a slot: 1 \(champion\); nothing was unloaded"
    ) as caught:
        model_control.answer(UNLOAD, request("fraud", unload_dependents=True))
    assert caught.value.code == 9
    assert control.calls == [("unload", 2)]


@pytest.mark.parametrize(
    ("asked", "code", "sentence"),
    [
        (request("nobody"), 5, "there is no model 'nobody'"),
        (request("fraud", version=9), 9, "version 9 cannot be loaded"),
        (request("fraud", version="3"), 3, "parameter 'version': expected int64_param"),
        (request("fraud", version=0), 3, "of at least 1"),
        (request("fraud", config="{}"), 3, "parameter 'config' is not taken here"),
    ],
)
def test_what_is_refused_has_its_code_and_sentence(asked: bytes, code: int, sentence: str) -> None:
    control: Any = Control()
    with pytest.raises(CallRefused, match=sentence) as caught:
        ModelControl(control).answer(LOAD, asked)
    assert caught.value.code == code
    assert control.calls == []
