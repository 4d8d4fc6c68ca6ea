"""The `tiltyard` command: subcommands that are imported when they are called, and the one place
where errors become a line on stderr and an exit code.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

import click

from tiltyard import __version__
from tiltyard.cli.render.formats import one_line
from tiltyard.errors import TiltyardError

TRACEBACK_VARIABLE: Final = "TILTYARD_TRACEBACK"
EXIT_BUG: Final = 70  # EX_SOFTWARE
EXIT_INTERRUPTED: Final = 130

# In the order a person meets them.
SECTIONS: Final = {
    "Commands": {
        "demo": "See it work, from training to measured answers.",
        "publish": "Check an ONNX file and store it as a new version of a model.",
        "serve": "Answer predictions for every model of a store.",
        "infer": "Send one request to a gateway and print the reply.",
        "models": "List the models of a store and their versions.",
        "inspect": "Show what is known of a version.",
        "profile": "Give a version a reference to watch its traffic against.",
    },
    "Commands for a gateway that runs": {
        "status": "Show who serves, how it goes, and what comes next.",
        "challenge": "Put a version beside the champion, as a shadow or a canary.",
        "promote": "Make a challenger the champion.",
        "rollback": "Stop the canaries, or bring the previous champion back.",
        "champion": "Let a version serve.",
        "stop-challenge": "Take a challenger out.",
        "load": "Keep a version in memory.",
        "unload": "No longer keep a version in memory.",
        "route": "Show exactly how requests are routed.",
        "drift": "Show what requests look like now, and what has changed.",
        "events": "List what was changed, by whom, and when.",
        "drain": "Have the gateway finish what it accepted, and end.",
    },
}
COMMANDS: Final = {name: told for section in SECTIONS.values() for name, told in section.items()}
# A command is in the module of its name, but for these.
MODULES: Final = {
    "promote": "champion",
    "rollback": "champion",
    "stop-challenge": "challenge",
    "unload": "load",
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and first lines without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        return find_command(name) if name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        # Descriptions of all sections begin in one column.
        width = max(map(len, COMMANDS))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{width}}", told) for name, told in commands.items()])


def find_command(name: str) -> click.Command:
    """One of COMMANDS, imported."""
    module = import_module(f"tiltyard.cli.{MODULES.get(name, name)}")
    command: click.Command = getattr(module, name.replace("-", "_"))
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tiltyard", message="%(prog)s %(version)s")
def cli() -> None:
    """A model gateway: ONNX models behind the Open Inference Protocol.

    Two commands put a model into production:

    \b
      tiltyard publish fraud fraud.onnx --store ./store
      tiltyard serve --store ./store

    And these put the next version beside it, look, and let it take over:

    \b
      tiltyard challenge fraud 2 --canary 5%
      tiltyard status fraud --watch
      tiltyard promote fraud
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; every error is one line on stderr."""
    try:
        code: Any = cli.main(arguments, prog_name="tiltyard", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else "tiltyard"
        _fail(f"{error.format_message()} (see: {where} --help)", error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except click.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except TiltyardError as error:
        _show_traceback()
        _fail(str(error), error.exit_code)
    except BrokenPipeError:  # the reader of our output has gone, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_BUG)
    except Exception as error:  # noqa: BLE001 - the last door: a person gets a line, not a traceback
        _show_traceback()
        hint = f"this is a bug; {TRACEBACK_VARIABLE}=1 shows where"
        _fail(f"{type(error).__name__}: {error} ({hint})", EXIT_BUG)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"tiltyard: error: {one_line(message)}", err=True)
    sys.exit(code)


def _show_traceback() -> None:
    if os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exc()
