"""The words of the views are those of the protocol, and the other way round."""

from typing import Any, get_args

import pytest

from tiltyard.control import views
from tiltyard.control.interface import RollbackTo
from tiltyard.protocol import messages
from tiltyard.protocol.admin_words import admin_message, admin_path, number_of, word_of

ENUMS = {
    "Mode": views.Mode,
    "Split": views.Split,
    "Role": views.Role,
    "VersionState": views.VersionState,
    "CompareMode": views.CompareMode,
    "RollbackRequest.To": RollbackTo,
}


@pytest.mark.parametrize("enum", ENUMS)
def test_each_word_has_its_number(enum: str) -> None:
    kind: Any = ENUMS[enum]
    values = messages.pool().FindEnumTypeByName(f"{messages.ADMIN_PACKAGE}.{enum}").values
    assert {word_of(enum, value.number) for value in values} == {"", *get_args(kind)}
    for word in get_args(kind):
        assert word_of(enum, number_of(enum, word)) == word


def test_nothing_and_the_unknown() -> None:
    assert (number_of("Role", ""), word_of("Role", 0), word_of("Role", 99)) == (0, "", "99")
    with pytest.raises(KeyError):
        number_of("Role", "jester")


def test_names() -> None:
    assert admin_path("Promote") == "/tiltyard.admin.v1.Admin/Promote"
    assert admin_message("PromoteRequest") is admin_message("PromoteRequest")
    with pytest.raises(KeyError):
        admin_message("Nothing")
