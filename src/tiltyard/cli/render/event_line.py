"""An event as a line of `tiltyard events`."""

from tiltyard.cli.render.formats import one_line, timestamp
from tiltyard.control.views import EventView

SEQ_WIDTH = 5


def event_line(event: EventView) -> str:
    """`    8  2026-11-25 09:48:24  fraud epoch 7: version 4 of fraud promoted ..., by anna`."""
    told = one_line(str(event.data.get("text", ""))) or _of_kind(event)
    by = f", by {one_line(event.actor)}" if event.actor else ""
    when = timestamp(event.at_unix_s)
    return f"{event.seq:>{SEQ_WIDTH}}  {when}  {event.model} epoch {event.epoch}: {told}{by}"


def _of_kind(event: EventView) -> str:
    """For an event of a newer gateway, which has no words that this one would know."""
    version = event.data.get("version")
    about = f" version {version}" if version is not None else ""
    return f"{one_line(event.kind).replace('_', ' ')}{about}"
