from dataclasses import replace

from tests.unit.cli.sample_views import EVENT
from tiltyard.cli.render.event_line import event_line


def test_an_event_says_when_what_and_who() -> None:
    assert event_line(EVENT) == (
        "    8  2026-11-25 09:59:57  fraud epoch 7: version 3 of fraud promoted from canary to"
        " champion (was 2), by anna@box"
    )


def test_an_event_without_words_has_its_kind() -> None:
    odd = replace(EVENT, kind="gate_passed", actor="", data={"version": 3})
    assert event_line(odd).endswith("fraud epoch 7: gate passed version 3")
    assert event_line(replace(odd, data={})).endswith("fraud epoch 7: gate passed")


def test_nobody_can_write_a_second_line() -> None:
    odd = replace(EVENT, actor="eve\n    9  2026", data={"text": "a\x1b[2Jb"})
    assert event_line(odd).endswith("fraud epoch 7: a?[2Jb, by eve 9 2026")
