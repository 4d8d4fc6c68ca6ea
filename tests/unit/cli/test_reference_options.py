from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tiltyard.cli.reference_options import (
    CELLS_MAX,
    RUN_TIMEOUT_S,
    ReferenceOptions,
    declaration_of,
    reference_options,
)
from tiltyard.monitor.profile import declaration
from tiltyard.monitor.profile.cells import Kind
from tiltyard.store import reference_run


def parse(*words: str, required: bool = False) -> ReferenceOptions | None:
    """What a command is given for these words. Raises click's errors."""
    found: list[Any] = []

    @click.command()
    @click.option("--other")
    @reference_options(required=required)
    @click.option("--last")
    def command(reference: ReferenceOptions | None, other: str | None, last: str | None) -> None:
        """Told."""
        found.append(reference)
        assert (other, last) == (None, None)

    assert command.help == "Told."
    done = CliRunner().invoke(command, list(words), standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    one: ReferenceOptions | None = found[0]
    return one


def test_all_of_them() -> None:
    words = "--reference r.csv --categorical a --categorical b --group c=d,e --ignore id"
    more = "--names x,y --time-column t --cells 50 --delta 0.05 --streams s.toml --run-timeout 5"
    assert parse(*words.split(), *more.split()) == ReferenceOptions(
        path=Path("r.csv"),
        streams=Path("s.toml"),
        categorical=("a", "b"),
        groups={"c": ("d", "e")},
        ignored=("id",),
        names=("x", "y"),
        time_column="t",
        cells=50,
        delta=0.05,
        run_timeout_s=5.0,
    )


def test_without_a_reference_there_is_nothing() -> None:
    assert parse() is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--categorical a", "--categorical needs --reference FILE"),
        ("--group a=b,c", "--group needs --reference FILE"),
        ("--time-column t", "--time-column needs --reference FILE"),
        ("--delta 0.1", "--delta needs --reference FILE"),
        ("--reference r --group a", "'a' is no group, expected NAME=COL,COL,.. such as"),
        ("--reference r --group a=b", "'a=b' is no group"),
        ("--reference r --group a=b,,c", "'a=b,,c' is no group"),
        ("--reference r --group a=b,c --group a=d,e", "group 'a' is there twice"),
        ("--reference r --cells 1", "1 is not in the range 2<=x<=100"),
        ("--reference r --delta 0", "0.0 is not in the range 0"),
    ],
)
def test_what_cannot_be_meant(words: str, sentence: str) -> None:
    with pytest.raises(click.UsageError) as raised:
        parse(*words.split())
    assert sentence in raised.value.format_message()


def test_a_command_can_need_one() -> None:
    with pytest.raises(click.MissingParameter):
        parse(required=True)


def options(*words: str) -> ReferenceOptions:
    found = parse("--reference", "r.csv", *words)
    assert found is not None
    return found


def test_options_are_a_declaration() -> None:
    assert declaration_of(options()) == declaration.Declaration()
    found = declaration_of(options("--categorical", "a", "--cells", "40"))
    assert found == declaration.Declaration(categorical=frozenset("a"), cells=40)


def test_options_are_added_to_the_file_and_win(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(
        "categorical = ['a']\ncells = 50\ndelta = 0.2\nkinds.x = 'text'\nignore = ['id']\n"
        "groups.c = ['d', 'e']\n"
    )
    words = ("--streams", str(file), "--categorical", "b", "--cells", "32", "--group", "c=f,g")
    assert declaration_of(options(*words)) == declaration.Declaration(
        categorical=frozenset("ab"),
        cells=32,
        delta=0.2,
        kinds={"x": Kind.text},
        groups={"c": ("f", "g")},
        ignored=frozenset({"id"}),
    )


def test_limits_are_those_of_what_it_is_for() -> None:
    """They stand here again because --help imports no numpy."""
    assert CELLS_MAX == declaration.CELLS_MAX
    assert RUN_TIMEOUT_S == reference_run.RUN_TIMEOUT_S
