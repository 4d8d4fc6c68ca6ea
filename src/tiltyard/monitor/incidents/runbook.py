"""The link to what to do about an alarm: a template that the operator configures."""

import string
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from tiltyard.errors import ConfigError
from tiltyard.monitor.snapshot import Alarm

NAMES: Final = ("model", "version", "role", "segment", "stream", "kind", "alarm")


@dataclass(frozen=True, slots=True)
class Runbook:
    """`template` is a link with names in braces, e.g. https://wiki/drift?m={model}&f={stream}.

    "" is none. Values are quoted for links; {stream} is the leading stream. Raises ConfigError for
    a name that there is not.
    """

    template: str = ""

    def __post_init__(self) -> None:
        try:
            parts = list(string.Formatter().parse(self.template))
        except ValueError as error:
            raise ConfigError(f"runbook {self.template!r} is no template: {error}") from error
        for _, name, format_spec, conversion in parts:
            if name is not None and (name not in NAMES or format_spec or conversion):
                expected = ", ".join(f"{{{one}}}" for one in NAMES)
                raise ConfigError(
                    f"runbook {self.template!r}: there is no {{{name}}}; expected {expected}"
                )

    def link(self, alarm: Alarm) -> str:
        """The link for this alarm; "" without a template."""
        values = {
            "model": alarm.key.model,
            "version": str(alarm.key.version),
            "role": alarm.key.role,
            "segment": alarm.key.segment,
            "stream": alarm.streams[0].stream if alarm.streams else "",
            "kind": alarm.kind,
            "alarm": alarm.id,
        }
        return self.template.format(**{name: quote(one, safe="") for name, one in values.items()})
