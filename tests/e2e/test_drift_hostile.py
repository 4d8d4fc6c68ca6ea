"""Hostile values through the real gateway: each is counted in its cell, or refused with a reason.

Every count is held against a recount of the same rows in numpy, outputs and joint streams included.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import TensorProto

from tests import models
from tests.e2e.watching import (
    cells_of,
    plane_of,
    publish_watched,
    run,
    scoring,
    wait_counted,
    wait_watched,
)
from tiltyard.client import AdminClient, InferenceClient
from tiltyard.client.admin_errors import AdminCallError
from tiltyard.client.inference_messages import CallError
from tiltyard.monitor.counting.layout import REQUESTS, ROWS, ROWS_SQUARED
from tiltyard.monitor.profile.codec import decode, encode
from tiltyard.monitor.profile.recount import count_rows
from tiltyard.monitor.profile.words import slot_words
from tiltyard.monitor.snapshot import Snapshot
from tiltyard.ops.gateway_process import GatewayProcess

Array = npt.NDArray[Any]

REFERENCE_ROWS = 2_000
WIDTH = 600
NAN, INFINITY = float("nan"), float("inf")
REFUSED = 6  # the exit code
TINY = 1e-40  # a denormal of float32
COLOURS = np.array([b"red", b"green", b"blue"], object)
ONE_HOT = ("--names", "amount,red,green,blue", "--group", "colour=red,green,blue")


def numbers() -> Array:
    """x[0] numeric, x[1] discrete, x[2] numeric around 0, x[3] always 7."""
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(REFERENCE_ROWS, 4)).astype(np.float32)
    rows[:, 1] = chance.integers(0, 4, REFERENCE_ROWS) * 2
    rows[:, 3] = 7
    return rows


def words() -> Array:
    chance = np.random.default_rng(2)
    texts = [f"order {number}".encode() for number in chance.permutation(REFERENCE_ROWS)]
    return np.stack([chance.choice(COLOURS, REFERENCE_ROWS), np.array(texts, object)], axis=1)


def one_hot() -> Array:
    chance = np.random.default_rng(3)
    rows = np.zeros((REFERENCE_ROWS, 4), np.float32)
    rows[:, 0] = chance.normal(size=REFERENCE_ROWS)
    rows[np.arange(REFERENCE_ROWS), chance.integers(1, 4, REFERENCE_ROWS)] = 1
    return rows


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("hostile") / "store"
    chance = np.random.default_rng(4)
    wide = chance.normal(size=(REFERENCE_ROWS, WIDTH)).astype(np.float32)
    index = chance.integers(0, 5, REFERENCE_ROWS)
    publish_watched(made, "numbers", models.adds(1), {"x": numbers()})
    publish_watched(made, "words", models.strings(), {"x": words()})
    publish_watched(
        made, "index", models.embedding(), {"index": index}, "--categorical", "index",
        "--samples", str(_samples(made, index)),
    )  # fmt: skip
    publish_watched(made, "one_hot", models.adds(1), {"x": one_hot()}, *ONE_HOT)
    doubles = models.identity(TensorProto.DOUBLE)
    publish_watched(made, "doubles", doubles, {"x": numbers().astype(np.float64)})
    publish_watched(made, "wide", scoring(np.full(WIDTH, 0.1)), {"x": wide})
    return made


def _samples(store: Path, index: Array) -> Path:
    path = store.parent / "samples.npy"
    np.save(path, index[:16])
    return path


@pytest.fixture(scope="module")
def gateway(
    store: Path, gateway_env: dict[str, str], gateway_prefix: tuple[str, ...]
) -> Iterator[GatewayProcess]:
    arguments = ["--store", str(store)]
    with GatewayProcess(arguments, env=gateway_env, prefix=gateway_prefix) as found:
        yield found
        assert found.stop() == 0, found.log()


@dataclass
class Asked:
    """Requests of a model, in order, and how they are counted."""

    name: str
    gateway: GatewayProcess

    def count(self, requests: Sequence[Mapping[str, Array]]) -> Snapshot:
        """Send them; the plane when all is counted, which is what a recount comes to."""
        with AdminClient(self.gateway.admin_address) as admin:
            wait_watched(admin, self.name)
            before = plane_of(admin, self.name)
            with InferenceClient(self.gateway.address) as client:
                answers = [client.infer(self.name, one).outputs for one in requests]
            rows = [len(next(iter(one.values()))) for one in requests]
            expected = np.zeros_like(before.current.counts)
            for request, answer, many in zip(requests, answers, rows, strict=True):
                if many:
                    expected += _recount(before, request, answer, many)
            counted = int(before.current.counts[ROWS]) + sum(rows)
            after = wait_counted(admin, self.name, counted)
        found = after.current.counts - before.current.counts
        np.testing.assert_array_equal(found, expected)
        assert found[REQUESTS] == sum(many > 0 for many in rows)
        assert found[ROWS_SQUARED] == sum(many * many for many in rows)
        return after


def _recount(
    snapshot: Snapshot, request: Mapping[str, Array], answer: Mapping[str, Array], rows: int
) -> Array:
    sides = {"input": request, "output": answer}
    slots = snapshot.profile.slots
    found = np.stack([slot_words(slot, sides[slot.side][slot.tensor]) for slot in slots], axis=1)
    return count_rows(snapshot.profile, found, rows, np.arange(rows))


def test_numbers_that_are_none_have_their_cells(gateway: GatewayProcess) -> None:
    rows = numbers()[:12].copy()
    rows[0] = NAN
    rows[1] = INFINITY
    rows[2] = -INFINITY
    rows[3] = TINY
    rows[4] = -0.0
    rows[5] = np.finfo(np.float32).max
    rows[6] = np.finfo(np.float32).min
    rows[7] = [numbers()[:, 0].min(), 0, 0, 7]
    rows[8] = [numbers()[:, 0].max(), 6, 0, 7]
    rows[9] = [0, 3, -TINY, np.nextafter(np.float32(7), np.float32(8))]
    requests = [{"x": rows[:5]}, {"x": rows[:0]}, *({"x": rows[at : at + 1]} for at in range(12))]
    after = Asked("numbers", gateway).count(requests)
    constant, discrete = cells_of(after, "x[3]"), cells_of(after, "x[1]")
    assert (constant["MISSING"], constant["> 7"], constant["7"]) == (2, 4, 4)
    assert constant["< 7"] == 7  # minus infinity twice, denormals and -0.0 twice, the least float
    assert (discrete["MISSING"], discrete["> 6"], discrete["< 0"]) == (2, 3, 3)
    assert discrete["UNSEEN"] == 3  # 3, and the denormal twice: it lies between 0 and 2
    assert sum(cells_of(after, "surprise").values()) == 17


def test_strings_are_categories_or_lengths(gateway: GatewayProcess) -> None:
    rows = np.array(
        [
            [b"red", b"order 5"],
            [b"violet", b""],
            [b"", b"x" * 5_000],
            [b"\xff\xfe\x00red", b"\x00\x00"],
            [b"red ", b"order 12"],
        ],
        object,
    )
    after = Asked("words", gateway).count([{"x": rows}, {"x": rows[:1]}, {"x": rows[:0]}])
    assert cells_of(after, "x[0]") == {"red": 2, "UNSEEN": 3, "MISSING": 1}
    text = cells_of(after, "x[1]")
    # The empty string's length is 0, and so is not missing.
    assert text == {"< 7": 2, "[7, 8]": 3, "> 10": 1}


def test_numbers_can_be_categories(gateway: GatewayProcess) -> None:
    after = Asked("index", gateway).count(
        [{"index": np.array([0, 4, 4, 7])}, {"index": np.array([99])}]
    )
    assert cells_of(after, "index") == {"0": 1, "4": 2, "UNSEEN": 2}
    # The table has 100 rows: this one fails, and what failed is counted nowhere.
    with InferenceClient(gateway.address) as client, pytest.raises(CallError):
        client.infer("index", {"index": np.array([100])})
    Asked("index", gateway).count([{"index": np.array([2])}])


def test_a_block_of_columns_is_one_feature(gateway: GatewayProcess) -> None:
    rows = np.array(
        [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 0], [0, 0, NAN, 0], [0, 0, 5, 0]],
        np.float32,
    )
    after = Asked("one_hot", gateway).count([{"x": rows}])
    assert cells_of(after, "colour") == {
        "red": 1,
        "green": 1,
        "blue": 1,
        "MISSING": 1,
        "INVALID": 2,
    }


def test_doubles_beyond_float32_are_infinite(gateway: GatewayProcess) -> None:
    rows = numbers()[:5].astype(np.float64)
    rows[0, 0], rows[1, 0], rows[2, 0], rows[3, 0] = 1e300, -1e300, NAN, 1e-310
    after = Asked("doubles", gateway).count([{"x": rows}])
    found = cells_of(after, "x[0]")
    assert found["MISSING"] == 1
    assert sum(found[name] for name in found if name[0] in "<>") == 2


def test_wide_inputs_are_watched_by_summaries(gateway: GatewayProcess) -> None:
    chance = np.random.default_rng(6)
    rows = chance.normal(size=(4, WIDTH)).astype(np.float32)
    rows[1, 5], rows[2, 7] = NAN, INFINITY
    after = Asked("wide", gateway).count([{"x": rows}, {"x": rows[:1] * 1e30}])
    assert [one.name for one in after.profile.streams[:5]] == [
        "x.mean", "x.spread", "x.min", "x.max", "x.norm",
    ]  # fmt: skip
    assert cells_of(after, "x.mean")["MISSING"] == 1


def test_what_does_not_fit_is_refused_and_not_counted(
    gateway: GatewayProcess, store: Path, tmp_path: Path
) -> None:
    with (
        AdminClient(gateway.admin_address) as admin,
        InferenceClient(gateway.address) as client,
    ):
        wait_watched(admin, "numbers", "wide")
        before = int(plane_of(admin, "numbers").current.counts[ROWS])
        texts = np.array([[b"a", b"b", b"c", b"d"]], object)
        with pytest.raises(CallError, match=r"FP32.*BYTES"):
            client.infer("numbers", {"x": texts})
        with pytest.raises(CallError, match="5"):
            client.infer("numbers", {"x": np.zeros((1, 5), np.float32)})
        data = (store / "wide" / "1" / "profiles" / "1.npz").read_bytes()
        with pytest.raises(AdminCallError, match="expected a profile of numbers version 1"):
            admin.add_profile("numbers", 1, data)
        # One that only says that it is of this model.
        forged = encode(replace(decode(data, "wide"), model="numbers"))
        with pytest.raises(AdminCallError, match="rows of input 'x' have 4 elements"):
            admin.add_profile("numbers", 1, forged)
        with pytest.raises(AdminCallError, match="profile"):
            admin.add_profile("numbers", 1, data[:1000])
        client.infer("numbers", {"x": numbers()[:1]})
        wait_counted(admin, "numbers", before + 1)
    narrow = tmp_path / "narrow.npz"
    np.savez(narrow, x=numbers()[:, :3])
    text = tmp_path / "text.npz"
    np.savez(text, x=np.full((100, 4), "seven"))
    for path, said in (
        (narrow, "column 'x': expected shape [rows, 4], got [2000, 3]"),
        (text, "column 'x': expected FP32 values, got <U5"),
    ):
        asked = ("profile", "numbers", "1", "--store", str(store), "--reference", str(path))
        assert said in run(*asked, code=REFUSED)
