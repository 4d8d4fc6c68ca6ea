"""Runbook links: names in braces, and nothing else."""

import pytest

from tests.unit.monitor.incidents.sample_alarms import alarm, stream
from tiltyard.errors import ConfigError
from tiltyard.monitor.incidents.runbook import Runbook


def test_names_are_filled_in_and_quoted() -> None:
    link = Runbook("https://wiki/{model}/{version}?f={stream}&k={kind}&a={alarm}&s={segment}").link(
        alarm("a/1", "card fraud", streams=(stream("amount&x=1"),))
    )
    assert link == "https://wiki/card%20fraud/3?f=amount%26x%3D1&k=drift&a=a%2F1&s="


def test_without_a_template_or_a_stream() -> None:
    assert Runbook("").link(alarm()) == ""
    assert Runbook("https://wiki/{stream}").link(alarm(streams=())) == "https://wiki/"
    assert Runbook("https://wiki/{{x}}").link(alarm()) == "https://wiki/{x}"


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("https://w/{zebra}", "there is no {zebra}; expected {model}, {version}"),
        ("https://w/{}", "there is no {}"),
        ("https://w/{model.key}", "there is no {model.key}"),
        ("https://w/{model!r}", "there is no {model}"),
        ("https://w/{model", "is no template"),
    ],
)
def test_anything_else_is_refused(template: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Runbook(template)
