"""The command line's face: help, errors as one line, exit codes."""

import subprocess
import sys
from collections.abc import Callable

import click
import pytest

from tiltyard import __version__, errors
from tiltyard.cli import main as cli_main


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tiltyard", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )


def test_help_names_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    for name, sentence in cli_main.COMMANDS.items():
        assert f"{name} " in done.stdout
        assert sentence in done.stdout


def test_help_imports_nothing_slow() -> None:
    code = (
        "import sys\nfrom tiltyard.cli.main import main\ntry:\n    main(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "slow = {'numpy', 'grpc', 'onnx', 'onnxruntime', 'rich', 'structlog', 'pydantic'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", cli_main.COMMANDS)
def test_every_command_has_help(name: str) -> None:
    command = cli_main.find_command(name)
    context = click.Context(command, info_name=name)
    text = command.get_help(context)
    assert text.startswith(f"Usage: {name}")
    assert len(text.splitlines()) > 5


def commands_of(name: str) -> list[click.Command]:
    """A command, or those of a group."""
    found = cli_main.find_command(name)
    if not isinstance(found, click.Group):
        return [found]
    context = click.Context(found)
    commands = [found.get_command(context, entry) for entry in found.list_commands(context)]
    return [command for command in commands if command is not None]


@pytest.mark.parametrize("name", cli_main.SECTIONS["Commands for a gateway that runs"])
def test_every_command_of_operators_has_what_they_share(name: str) -> None:
    for command in commands_of(name):
        options = {option for param in command.params for option in param.opts}
        assert {"--admin", "--json", "--timeout-s"} <= options
        if name != "drift":
            is_change = name not in ("status", "route", "events", "drain")
            assert ("--expected-epoch" in options) == is_change


def test_version() -> None:
    assert run("--version").stdout == f"tiltyard {__version__}\n"


def test_usage_mistakes_end_with_2() -> None:
    done = run("serv")
    assert done.returncode == 2
    assert done.stderr == "tiltyard: error: No such command 'serv'. (see: tiltyard --help)\n"
    done = run("publish", "fraud")
    assert done.returncode == 2
    assert done.stderr == (
        "tiltyard: error: Missing argument 'FILE'. (see: tiltyard publish --help)\n"
    )


def test_without_a_command_it_helps() -> None:
    done = run()
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: tiltyard")


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (errors.NotFoundError("no model 'x'"), 4, "tiltyard: error: no model 'x'"),
        (errors.ConfigError("two\n  lines"), 2, "tiltyard: error: two lines"),
        (errors.ClientError("a \x1b[2Jscreen"), 9, "tiltyard: error: a ?[2Jscreen"),
        (
            KeyError("x"),
            70,
            "tiltyard: error: KeyError: 'x' (this is a bug; TILTYARD_TRACEBACK=1 shows where)",
        ),
        (click.Abort(), 130, ""),
    ],
)
def test_every_error_is_one_line_and_a_code(
    error: Exception,
    code: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv(cli_main.TRACEBACK_VARIABLE, raising=False)
    monkeypatch.setattr(cli_main.cli, "main", failing(error))
    with pytest.raises(SystemExit) as caught:
        cli_main.main([])
    assert caught.value.code == code
    assert capsys.readouterr().err.strip() == line


def test_the_traceback_is_shown_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(cli_main.TRACEBACK_VARIABLE, "1")
    monkeypatch.setattr(cli_main.cli, "main", failing(errors.StoreError("broken")))
    with pytest.raises(SystemExit):
        cli_main.main([])
    written = capsys.readouterr().err
    assert "Traceback" in written
    assert "tiltyard: error: broken" in written


def test_exit_codes_are_told_apart() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TiltyardError)
    ]
    codes = [kind.exit_code for kind in kinds]
    assert len(set(codes)) == len(codes)
