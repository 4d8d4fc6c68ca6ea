import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from tests.unit.monitor.profile.references import mixed_profile
from tiltyard.cli.render.profile_page import profile_page
from tiltyard.monitor.profile.build import profile_of_columns
from tiltyard.monitor.profile.declaration import Declaration, Scale
from tiltyard.monitor.profile.profile import Profile

PROFILE = replace(mixed_profile(), number=1, digest="d" * 64)


def shown(profile: Profile, numbers: tuple[int, ...] = (1,), width: int = 80) -> str:
    console = Console(width=width, color_system=None, force_terminal=False, record=True)
    with console.capture() as written:
        console.print(profile_page(profile, numbers))
    return "\n".join(line.rstrip() for line in written.get().splitlines())


def line_of(text: str, name: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.startswith(f"{name} "))


def test_a_line_tells_of_each_stream() -> None:
    text = shown(PROFILE, width=120)
    amount = PROFILE.streams[0]
    low, high = amount.cells.minimum, float(amount.cells.edges[-1])
    found = line_of(text, "amount")
    assert found[:4] == ["amount", "32", "numeric", "2"]
    assert (found[5], found[-1]) == (f"{low:.3g}", f"{high:.3g}")
    assert line_of(text, "city")[1:3] == ["4", "categorical"]
    assert re.search(r"rome: [\d.]+ %, oslo: [\d.]+ %, bern: [\d.]+ %, 1 more", text)
    assert line_of(text, "hue")[1:4] == ["3", "categorical", "-"]
    assert text.index("feature") < text.index("output") < text.index("whole row")


def test_the_head_says_what_it_is_of() -> None:
    told = replace(
        PROFILE,
        source={"file": "r.csv", "sha256": "e" * 64, "outputs": "o", "chosen": "x is wide"},
        warnings=("few rows",),
    )
    text = shown(told)
    for part in (
        "profile      1\n",
        "reference    600 rows of r.csv",
        "  sha256     " + "e" * 64,
        "chosen       x is wide",
        "weak         few rows",
        "digest       dddd",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("number", "numbers", "words"),
    [(3, (1, 2, 3), "3, the newest of 3"), (1, (1, 2), "1, not the newest of 2")],
)
def test_it_says_which_of_several_it_is(number: int, numbers: tuple[int, ...], words: str) -> None:
    assert words in shown(replace(PROFILE, number=number), numbers)


def test_values_are_shown_in_their_unit() -> None:
    declaration = Declaration(scales={"cents": Scale(0.01, "EUR")})
    values = np.linspace(100, 300, 401)
    profile = profile_of_columns({"cents": values, "same": np.ones(401)}, None, declaration)
    text = shown(profile)
    assert "1 .. 2 .. 3 EUR" in text
    assert "always 1" in text


def test_ends_that_differ_are_shown_to_differ() -> None:
    values = 1 + np.arange(400) * 1e-6
    text = shown(profile_of_columns({"near": values, "large": 1e9 + 1e6 * values}), width=120)
    assert " ".join(line_of(text, "near")[4:]) == "1 .. 1.0002 .. 1.0004"
    assert "always" not in text


def test_a_column_without_values_says_so() -> None:
    profile = profile_of_columns({"a": np.full(9, np.nan), "b": np.arange(9)})
    assert line_of(shown(profile), "a")[3:] == ["100", "%", "no", "value"]


@pytest.mark.parametrize("features", [5, 30, 200])
@pytest.mark.parametrize("width", [80, 120])
def test_it_is_legible_however_many_features(features: int, width: int) -> None:
    rng = np.random.default_rng(0)
    columns = {f"a rather long name of feature {i}": rng.normal(size=500) for i in range(features)}
    lines = shown(profile_of_columns(columns), width=width).splitlines()
    assert max(map(len, lines)) <= width
    rows = [line for line in lines if line.startswith("a rather long")]
    assert len(rows) == features
    assert all(" .. " in row for row in rows)


def test_what_is_cut_on_a_terminal_is_whole_elsewhere() -> None:
    name = "an exceedingly long name of a feature"
    profile = profile_of_columns({name: np.arange(9)})
    assert name not in shown(profile)
    console = Console(width=1000, color_system=None)
    with console.capture() as written:
        console.print(profile_page(profile, (1,), is_plain=True))
    assert name in written.get()


def test_what_was_declared_is_told_in_short() -> None:
    declaration = Declaration(
        categorical=frozenset(f"c{i}" for i in range(9)), groups={"hue": ("r", "g")}
    )
    columns = {f"c{i}": np.arange(9) % 3 for i in range(9)}
    profile = profile_of_columns(
        {**columns, "r": columns["c0"], "g": columns["c1"]}, None, declaration
    )
    text = shown(profile, width=120)
    assert "declared     categorical: c0, c1, c2, c3, c4, c5, 3 more; groups: hue" in text


def test_markup_and_control_characters_are_text() -> None:
    profile = profile_of_columns({"[red]x[/red]": np.arange(9), "a\x1b[31m": np.arange(9)})
    text = shown(profile)
    assert "[red]x[/red]" in text
    assert "a?[31m" in text
