"""What `tiltyard challenge` was told, and what of it goes together. No I/O."""

from dataclasses import dataclass
from decimal import Decimal

import click

from tiltyard.cli.render.change_report import slot_words
from tiltyard.control.views import Mode, OutputRule, RouteView, SlotView, Split


@dataclass(frozen=True, slots=True)
class WantedChallenge:
    """`share` and `sample` in percent; what was left out is None or empty."""

    name: str
    version: int
    mode: Mode
    share: Decimal | None = None
    sample: Decimal | None = None
    split: Split | None = None
    reverse_shadow: bool | None = None
    compare: tuple[OutputRule, ...] = ()

    def check(self) -> None:
        """Raises UsageError when the options contradict one another."""
        if self.mode == "canary" and self.share is None:
            raise click.UsageError("say how it challenges: --canary SHARE, such as 5%, or --shadow")
        if self.mode == "shadow" and self.share is not None:
            raise click.UsageError("--canary and --shadow exclude each other; give one of them")
        if self.mode == "canary" and self.sample is not None and not self.reverse_shadow:
            raise click.UsageError("--sample is for --shadow or --reverse-shadow")
        if self.mode == "canary" and self.compare and not self.reverse_shadow:
            raise click.UsageError("--compare is for --shadow or --reverse-shadow")
        if self.mode == "shadow" and self.split is not None:
            raise click.UsageError("--split is for --canary: a shadow takes no requests")
        if self.mode == "shadow" and self.reverse_shadow is not None:
            raise click.UsageError("--reverse-shadow is for --canary")


def check_update(wanted: WantedChallenge, route: RouteView, slot: SlotView) -> None:
    """Raises UsageError when the challenge that runs in `slot` cannot become what is wanted."""
    there = f"{slot_words(slot)} challenges {route.model} already"
    stop = f"stop it first: tiltyard stop-challenge {route.model} {slot.version}"
    if wanted.mode == "shadow" and wanted.sample is None and not wanted.compare:
        raise click.UsageError(f"{there}; say what to change: --sample or --compare")
    if wanted.split not in (None, route.split):
        raise click.UsageError(f"{there}, split by {route.split}; {stop}")
