"""`tiltyard drift`: what requests look like now, and whether that has changed.

`tiltyard drift NAME` is short for `tiltyard drift show NAME`: whatever does not begin with the name
of a command is shown. A model that is called like a command is shown with `show`.
"""

from importlib import import_module
from typing import Final

import click

DEFAULT: Final = "show"
COMMANDS: Final = {
    "show": "Show a model's features, the most changed first; the default.",
    "report": "Write the whole of it as one HTML page.",
    "alarms": "List the alarms, or follow what they do.",
    "ack": "Say that somebody has seen to an alarm.",
    "accept": "Accept recent traffic as what drift is held against.",
    "policy": "Show or change what counts as drift.",
}
# A command is in the module of its name, but for these.
MODULES: Final = {"ack": "alarms"}


class DriftGroup(click.Group):
    """Knows its commands without importing them; what is no command is something to show."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        return find_command(name) if name in COMMANDS else None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_asking = bool(args) and args[0] in ctx.help_option_names
        if not is_asking and not (args and args[0] in COMMANDS):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def find_command(name: str) -> click.Command:
    """One of COMMANDS, imported."""
    module = import_module(f"tiltyard.cli.drift_{MODULES.get(name, name)}")
    command: click.Command = getattr(module, name)
    return command


@click.group(cls=DriftGroup, subcommand_metavar="[NAME] [OPTIONS]...")
def drift() -> None:
    """Show what the requests of model NAME, or of all, look like, and whether that has changed.

    \b
      tiltyard drift fraud                     the most changed features first
      tiltyard drift fraud --watch             the same, every other second
      tiltyard drift fraud --feature=amount    one of them, before and now
      tiltyard drift accept fraud --window 24h

    Drift is what differs from accepted traffic, and pages; skew is what differs from the data that
    the model was trained on, and does not. Options: tiltyard drift show --help. A model that is
    called like one of these commands is shown with: tiltyard drift show NAME.
    """
