from decimal import Decimal

import click
import pytest
from click.testing import CliRunner, Result

from tiltyard.cli.admin_options import Place, as_percent, as_rules, asks, changes
from tiltyard.client.admin_requests import DEFAULT_ADMIN_ADDRESS
from tiltyard.control.views import OutputRule


@click.command()
@asks
def asking(**options: object) -> dict[str, object]:
    return options


@click.command()
@click.option("--share", callback=as_percent)
@changes
def changing(**options: object) -> dict[str, object]:
    return options


def run(command: click.Command, *arguments: str, variable: str | None = None) -> Result:
    env = {"TILTYARD_ADMIN": variable}
    return CliRunner().invoke(command, arguments, env=env, standalone_mode=False)


def test_without_options_it_is_the_gateway_of_this_machine() -> None:
    assert run(asking).return_value == {
        "place": Place(DEFAULT_ADMIN_ADDRESS, is_default=True),
        "as_json": False,
        "timeout_s": 60.0,
    }
    assert run(changing).return_value["expected_epoch"] is None


def test_where_a_command_goes_without_admin_is_known() -> None:
    assert run(asking, variable="there:1").return_value["place"] == Place(
        "there:1", is_default=True
    )
    done = run(asking, "--admin", "here:2", variable="there:1")
    assert done.return_value["place"] == Place("here:2", is_default=False)


@pytest.mark.parametrize("address", ["localhost:8003", "10.0.0.7:65535", "[::1]:1", "a-b.c:80"])
def test_addresses(address: str) -> None:
    assert run(asking, "--admin", address).return_value["place"].address == address


@pytest.mark.parametrize(
    "address", ["localhost", ":8003", "a:0", "a:65536", "a:b", "::1:8003", "http://a:1", "none", ""]
)
def test_what_is_no_address(address: str) -> None:
    done = run(asking, "--admin", address)
    assert isinstance(done.exception, click.BadParameter)
    assert "expected HOST:PORT such as 127.0.0.1:8003" in str(done.exception)


@pytest.mark.parametrize(
    ("text", "percent"),
    [("5%", "5"), ("0.1%", "0.1"), ("100 %", "100"), ("0%", "0"), ("33.333333%", "33.333333")],
)
def test_percentages(text: str, percent: str) -> None:
    assert run(changing, "--share", text).return_value["share"] == Decimal(percent)


@pytest.mark.parametrize("text", ["5", "0.05", "-5%", "101%", "1e1%", "nan%", "%", ".5%", "5%%"])
def test_what_is_no_percentage(text: str) -> None:
    done = run(changing, f"--share={text}")
    assert isinstance(done.exception, click.BadParameter)
    assert "expected one such as 5% or 0.1%" in str(done.exception)


@click.command()
@click.option("--compare", multiple=True, callback=as_rules)
def comparing(compare: tuple[OutputRule, ...]) -> tuple[OutputRule, ...]:
    return compare


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("y=label", OutputRule("y", "label")),
        ("a=b:c=argmax", OutputRule("a=b:c", "argmax")),
        ("y=tolerance:0", OutputRule("y", "tolerance")),
        ("y=tolerance:1e-6:0.01", OutputRule("y", "tolerance", 1e-6, 0.01)),
    ],
)
def test_comparisons(text: str, rule: OutputRule) -> None:
    assert run(comparing, "--compare", text).return_value == (rule,)


def test_comparisons_of_several_outputs() -> None:
    assert run(comparing).return_value == ()
    done = run(comparing, "--compare", "a=label", "--compare", "b=label")
    assert [rule.output for rule in done.return_value] == ["a", "b"]
    done = run(comparing, "--compare", "a=label", "--compare", "a=argmax")
    assert isinstance(done.exception, click.BadParameter)
    assert "output 'a' has more than one rule" in str(done.exception)


@pytest.mark.parametrize(
    "text",
    [
        "y",
        "=label",
        "y=",
        "y=equal",
        "y=label:1",
        "y=tolerance",
        "y=tolerance:",
        "y=tolerance:-1",
        "y=tolerance:1:",
        "y=tolerance:1:2:3",
        "y=tolerance:nan",
        "y=tolerance:1e999",
    ],
)
def test_what_is_no_comparison(text: str) -> None:
    done = run(comparing, "--compare", text)
    assert isinstance(done.exception, click.BadParameter)
    assert f"{text!r} is no comparison, expected OUTPUT=label, OUTPUT=argmax or" in str(
        done.exception
    )


@pytest.mark.parametrize("arguments", [("--expected-epoch", "-1"), ("--timeout-s", "0")])
def test_numbers_that_are_none(arguments: tuple[str, str]) -> None:
    assert isinstance(run(changing, *arguments).exception, click.BadParameter)
