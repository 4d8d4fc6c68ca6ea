import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tiltyard.report.charts.picture import box, path, picture, staircase


def points(steps: str) -> list[tuple[int, int]]:
    """The corners of a path of M, h and v steps."""
    x = y = 0
    found = []
    text = steps.replace("h", " h").replace("v", " v").replace("M", " M").replace("z", "")
    parts = iter(text.split())
    for part in parts:
        if part[0] == "M":
            x, y = int(part[1:]), int(next(parts))
        elif part[0] == "h":
            x += int(part[1:])
        else:
            y += int(part[1:])
        found.append((x, y))
    return found


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 100)), min_size=1, max_size=40))
def test_a_staircase_has_each_height_over_its_width(steps: list[tuple[int, int]]) -> None:
    xs, ys = [7], []
    for width, height in steps:
        xs.append(xs[-1] + width)
        ys.append(height)
    corners = points(staircase(xs, ys, 100))
    assert corners[0] == (7, 100)
    assert corners[-1] == (xs[-1], 100)
    for left, right, y in zip(xs, xs[1:], ys, strict=False):
        assert (left, y) in corners
        assert (right, y) in corners


def test_a_box_is_closed() -> None:
    assert box(1, 2, 3, 4) == "M1 2h3v4h-3z"


def test_labels_are_escaped_and_decorations_hidden() -> None:
    spoken = picture("a", 'x" onload="alert(1)', [path("b", "M0 0h1")])
    assert 'onload="' not in spoken
    assert "role=img" in spoken
    assert "aria-hidden=true" in picture("a", "", [])


def test_a_path_without_steps_is_nothing() -> None:
    assert path("a", "") == ""


def test_it_is_well_formed_once_attributes_are_quoted() -> None:
    text = str(picture("a", "one", [path("b", "M0 0h1")]))
    for bare in ("class=a", "class=b", "role=img", "preserveAspectRatio=none"):
        key, value = bare.split("=")
        text = text.replace(bare, f'{key}="{value}"')
    root = ET.fromstring(text)
    assert root.attrib["viewBox"] == "0 0 600 100"
    assert root[0].attrib["d"] == "M0 0h1"
