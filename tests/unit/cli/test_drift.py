"""`tiltyard drift` as a group: what is no command is a model to be shown."""

import subprocess
import sys

import click
import pytest

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient
from tiltyard.cli import drift
from tiltyard.cli.drift_places import NothingWatchedError


@pytest.mark.parametrize(
    "words", [("fraud",), ("show", "fraud"), ("--window", "10m", "fraud"), ("fraud", "--all")]
)
def test_a_name_is_shown(client: FakeClient, invoke: Invoke, words: tuple[str, ...]) -> None:
    done = invoke("drift", *words)
    assert done.exception is None
    assert done.output.startswith("fraud  version 3 champion")
    assert client.methods() == ["get_drift", "get_drift"]


def test_without_a_name_every_model_is_shown(client: FakeClient, invoke: Invoke) -> None:
    assert invoke("drift").output.startswith("1 model watched")
    assert client.calls[0][1][0].model is None


@pytest.mark.parametrize("name", drift.COMMANDS)
def test_a_model_that_is_called_like_a_command(
    client: FakeClient, invoke: Invoke, name: str
) -> None:
    done = invoke("drift", "show", name)
    assert isinstance(done.exception, NothingWatchedError)
    assert client.calls[0][1][0].model == name


def test_help_is_that_of_the_group(invoke: Invoke) -> None:
    for option in ("-h", "--help"):
        told = invoke("drift", option).output
        assert told.startswith("Usage: cli drift [OPTIONS] [NAME] [OPTIONS]...")
        for name, sentence in drift.COMMANDS.items():
            assert f"  {name} " in told
            assert sentence.split(";")[0] in " ".join(told.split())
    assert "--feature" in invoke("drift", "fraud", "--help").output


@pytest.mark.parametrize("name", drift.COMMANDS)
def test_every_command_has_help(name: str) -> None:
    text = drift.find_command(name).get_help(click.Context(drift.find_command(name)))
    assert text.startswith("Usage:")
    assert len(text.splitlines()) > 5


def test_the_help_of_the_group_imports_nothing_slow() -> None:
    code = (
        "import sys\nfrom tiltyard.cli.main import main\ntry:\n    main(['drift', '--help'])\n"
        "except SystemExit:\n    pass\nprint(sorted({'numpy', 'grpc', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
