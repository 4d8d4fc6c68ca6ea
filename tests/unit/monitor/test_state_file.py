import itertools
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.counting.panes import Panes
from tiltyard.monitor.counting.saved import PlaneId, SavedState
from tiltyard.monitor.snapshot import PlaneKey
from tiltyard.monitor.state_file import StateFile, StateFileError, StateFileInUseError

LAYOUT = CountLayout.of([3, 4])
T0 = 1_700_000_040
PLANES = [PlaneId(PlaneKey("m", v, "champion"), f"{v:064}") for v in (1, 2, 3)]
KILLS = 12

# Counts one more row in each plane, bets once more, and saves, for ever; says how often.
PROGRAM = """
import itertools, os, sys
from pathlib import Path
import numpy as np
from tests.unit.monitor.test_state_file import LAYOUT, PLANES, T0
from tiltyard.monitor.counting.panes import Panes
from tiltyard.monitor.state_file import StateFile

file = StateFile(Path(sys.argv[1]))
saved = file.load(T0 + 10**6)
done = saved.documents.get("alarms", [0])[0]
panes = {
    plane: Panes.restored(LAYOUT, saved.planes[plane], T0 + done)
    if plane in saved.planes else Panes(LAYOUT, T0) for plane in PLANES
}
for turn in itertools.count(done + 1):
    for one in panes.values():
        one.add(T0 + turn, np.ones(LAYOUT.size, np.int64), turn, turn)
    file.save(
        float(turn),
        {plane: one.state(file.newest(plane)) for plane, one in panes.items()},
        {"detector": {"evidence": np.full(5000, turn)}},
        {"alarms": [turn]},
    )
    os.write(1, b"%d\\n" % turn)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor" / "state.db"


@pytest.fixture
def file(path: Path) -> Iterator[StateFile]:
    made = StateFile(path, busy_timeout_s=0)
    yield made
    made.close()


def panes_of(seconds: int) -> Panes:
    panes = Panes(LAYOUT, T0)
    for second in range(seconds):
        panes.add(T0 + second, np.full(LAYOUT.size, second), second, second)
    return panes


def same(found: SavedState, panes: Panes, plane: PlaneId = PLANES[0]) -> bool:
    return found.planes[plane] == panes.state()


def test_an_empty_file_has_no_state(file: StateFile) -> None:
    assert file.load(5.0) == SavedState()


def test_a_clean_restart_loses_nothing(path: Path, file: StateFile) -> None:
    panes = panes_of(200)
    arrays = {"m v1 drift": {"evidence": np.arange(5.0), "ticks": np.array(3)}}
    documents: dict[str, Any] = {"alarms": [{"id": "a", "size": None}], "seq": 7}
    file.save(T0 + 200.0, {PLANES[0]: panes.state()}, arrays, documents)
    file.close()
    again = StateFile(path)
    found = again.load(T0 + 230.5)
    again.close()
    assert same(found, panes)
    assert found.documents == documents
    assert found.arrays["m v1 drift"]["evidence"].tolist() == [0, 1, 2, 3, 4]
    assert (found.saved_at, found.gap_s, found.problems) == (T0 + 200.0, 30.5, ())


def test_later_saves_have_only_what_is_new(file: StateFile) -> None:
    panes = panes_of(100)
    written = []
    for second in range(100, 200, 10):
        for step in range(10):
            panes.add(T0 + second + step, np.ones(LAYOUT.size, np.int64), 0, 0)
        state = panes.state(file.newest(PLANES[0]))
        written.append(len(state.sealed[1]))
        file.save(T0 + second, {PLANES[0]: state}, {}, {})
    assert written == [109] + [10] * 9
    assert same(file.load(T0 + 300), panes)
    assert file.newest(PLANES[0])[1] == T0 + 198


def test_what_is_not_mentioned_stays_and_what_is_forgotten_goes(file: StateFile) -> None:
    states = {plane: panes_of(5).state() for plane in PLANES}
    file.save(1.0, states, {"a": {}, "b": {}}, {"c": 1, "d": 2})
    file.save(2.0, {}, {}, {"c": 3}, forget=[PLANES[1], "a", "d", "never was"])
    found = file.load(T0 + 10)
    assert set(found.planes) == {PLANES[0], PLANES[2]}
    assert (set(found.arrays), found.documents) == ({"b"}, {"c": 3})
    assert file.newest(PLANES[1]) == {}


def test_a_plane_can_come_back_after_it_was_forgotten(file: StateFile) -> None:
    file.save(1.0, {PLANES[0]: panes_of(50).state()}, {}, {})
    file.save(2.0, {PLANES[0]: panes_of(5).state()}, {}, {}, forget=[PLANES[0]])
    assert same(file.load(T0 + 100), panes_of(5))


def test_profiles_of_one_plane_are_kept_apart(file: StateFile) -> None:
    other = PlaneId(PLANES[0].key, "other")
    file.save(1.0, {PLANES[0]: panes_of(5).state(), other: panes_of(9).state()}, {}, {})
    found = file.load(T0 + 10)
    assert same(found, panes_of(5))
    assert same(found, panes_of(9), other)


def test_the_second_gateway_is_refused(path: Path, file: StateFile) -> None:
    file.save(1.0, {}, {}, {"x": 1})
    with pytest.raises(StateFileInUseError, match="another gateway's, which holds it open"):
        StateFile(path, busy_timeout_s=0)
    program = (
        "import sys; from pathlib import Path; from tiltyard.monitor.state_file import *\n"
        "try: StateFile(Path(sys.argv[1]), busy_timeout_s=0)\n"
        "except StateFileInUseError: print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, check=True
    )
    assert done.stdout == b"refused\n"
    assert file.load(2.0).documents == {"x": 1}
    file.close()
    StateFile(path, busy_timeout_s=0).close()


def test_a_save_that_fails_changes_nothing(file: StateFile) -> None:
    file.save(1.0, {PLANES[0]: panes_of(5).state()}, {}, {"x": 1})
    file._connection.execute("PRAGMA max_page_count = 1")  # SQLite takes as many as there are
    panes = panes_of(600)
    state = panes.state(file.newest(PLANES[0]))
    with pytest.raises(StateFileError, match=r"cannot be used now .*: look at its disk"):
        file.save(
            2.0, {PLANES[0]: state}, {"big": {"x": np.random.default_rng(0).random(9000)}}, {}
        )
    found = file.load(T0 + 10)
    assert (found.saved_at, found.documents) == (1.0, {"x": 1})
    assert same(found, panes_of(5))
    file._connection.execute("PRAGMA max_page_count = 100000")
    file.save(3.0, {PLANES[0]: panes.state(file.newest(PLANES[0]))}, {}, {})
    assert same(file.load(T0 + 1000), panes)


@pytest.mark.parametrize("where", [0, 100, 4096 + 20, 9000, None])
def test_what_is_damaged_is_moved_aside_and_said(path: Path, where: int | None) -> None:
    """60 bytes overwritten, or the last 3,000 cut off."""
    first = StateFile(path)
    first.save(1.0, {PLANES[0]: panes_of(300).state()}, {"a": {"x": np.arange(3)}}, {"x": 1})
    first.close()
    data = path.read_bytes()
    data = data[:-3000] if where is None else data[:where] + b"\xee" * 60 + data[where + 60 :]
    path.write_bytes(data)
    file = StateFile(path)
    found = file.load(T0 + 300.0)
    aside = path.with_name("state.db.aside-1")
    if found.problems:
        assert aside.read_bytes() == data
        assert "cannot be used, because it" in found.problems[0] or "malformed" in found.problems[0]
        assert str(aside) in found.problems[0]
        assert found.planes == {}
    else:  # bytes that nothing was in
        assert same(found, panes_of(300))
    file.save(3.0, {PLANES[1]: panes_of(4).state()}, {}, {})
    assert same(file.load(T0 + 10), panes_of(4), PLANES[1])
    file.close()


@pytest.mark.parametrize(
    ("table", "column"), [("panes", "vector"), ("planes", "totals"), ("arrays", "value")]
)
def test_rows_that_are_malformed_are_moved_aside(path: Path, table: str, column: str) -> None:
    first = StateFile(path)
    first.save(1.0, {PLANES[0]: panes_of(9).state()}, {"a": {"x": np.arange(3)}}, {"x": 1})
    first._connection.execute(f"UPDATE {table} SET {column} = x'0011'")
    (problem,) = first.load(T0 + 9.0).problems
    assert "what is in it is malformed" in problem
    assert path.with_name("state.db.aside-1").exists()
    first.save(3.0, {}, {}, {"y": 1})
    assert first.load(4.0).documents == {"y": 1}
    first.close()


def test_another_format_is_moved_aside(path: Path) -> None:
    for number in (1, 2):
        StateFile(path).close()
        with sqlite3.connect(path) as other:
            other.execute("PRAGMA user_version = 99")
        other.close()
        file = StateFile(path)
        (problem,) = file.load(1.0).problems
        file.close()
        assert "because it has format 99, and this Tiltyard knows 1" in problem
        assert path.with_name(f"state.db.aside-{number}").exists()


def test_panes_of_the_future_are_dropped_and_said(file: StateFile) -> None:
    file.save(T0 + 100.0, {PLANES[0]: panes_of(100).state()}, {}, {})
    found = file.load(T0 + 50.0)
    assert found.gap_s == 0
    assert "50 panes are of a time that is yet to come" in found.problems[0]
    assert file.newest(PLANES[0])[1] == T0 + 50


def test_a_place_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_bytes(b"")
    with pytest.raises(StateFileError, match=r"state file .*occupied/state\.db"):
        StateFile(tmp_path / "occupied" / "state.db")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StateFileError, match="look at its disk and at who may write there"):
        StateFile(tmp_path / "folder")


def check_whole(found: SavedState) -> int:
    """Every plane, the detector and the alarms are of one save; which."""
    (turn,) = found.documents["alarms"]
    assert found.saved_at == turn
    assert (found.arrays["detector"]["evidence"] == turn).all()
    for plane in PLANES:
        panes = Panes.restored(LAYOUT, found.planes[plane], T0 + turn + 1)
        assert (panes.totals() == turn).all()
        assert (panes.window(T0 - 1, T0 + turn + 1).counts == turn).all()
        assert (panes.window(T0 + turn - 5, T0 + turn + 1).counts == min(turn, 6)).all()
    return int(turn)


def test_killed_at_any_moment_it_has_one_of_the_saves_whole(path: Path) -> None:
    chance = random.Random(4)
    before = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(path)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            lines = list(itertools.islice(process.stdout, chance.randrange(1, 40)))
            process.kill()
            lines += process.stdout.readlines()
        said = int([line for line in lines if line.endswith(b"\n")][-1])
        file = StateFile(path)
        found = file.load(T0 + 10.0**6)
        file.close()
        assert found.problems == ()
        turn = check_whole(found)
        assert before < said <= turn <= said + 1
        before = turn
