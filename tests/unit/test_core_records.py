"""Records as Python gets them: what a row's words say, who is recorded where, what is refused."""

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
import xxhash
from hypothesis import example, given
from hypothesis import strategies as st
from onnx import TensorProto

from tests.models.build import model, node, serialised, tensor
from tiltyard._core import (
    Engine,
    LoadedVersion,
    RecordPlan,
    RecordReader,
    Replies,
    Rollout,
    SlotSpec,
    category_code,
)
from tiltyard.app import _ort_library
from tiltyard.client import InferenceClient
from tiltyard.config import Config

MISSING, INVALID = 0xFFFFFFFF, 0xFFFFFFFE
PLANES = (11, 12, 13, 14)
HEAD_WORDS = 8

HEAD = np.dtype(
    [
        ("time_ns", "<u8"),
        ("request_hash", "<u8"),
        ("request_rows", "<u4"),
        ("row", "<u4"),
        ("latency_ns", "<u4"),
        ("flags", "<u4"),
    ]
)


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine without models."""
    made = Engine(str(_ort_library()), Config(worker_threads=1).engine_options())
    yield made
    made.stop()


def scores(engine: Engine, version: int, factor: float) -> LoadedVersion:
    """Two scores a row, of which the last one is `factor` times its input."""
    made = model(
        [node("Mul", "x factors", "y")],
        [tensor("x", ["N", 2])],
        [tensor("y", ["N", 2])],
        {"factors": [1.0, factor]},
    )
    return engine.load_version("m", version, serialised(made), {}, rowwise_proved=True)


def mixed(engine: Engine, version: int = 1) -> LoadedVersion:
    """Three numbers, a class and a text a row; answers with the numbers and the class."""
    made = model(
        [node("Identity", "x", "y"), node("Identity", "k", "class"), node("Identity", "t", "text")],
        [
            tensor("x", ["N", 3]),
            tensor("k", ["N"], TensorProto.INT64),
            tensor("t", ["N", 1], TensorProto.STRING),
        ],
        [
            tensor("y", ["N", 3]),
            tensor("class", ["N"], TensorProto.INT64),
            tensor("text", ["N", 1], TensorProto.STRING),
        ],
    )
    samples = [("FP32", (1, 3), bytes(12)), ("INT64", (1,), bytes(8)), ("BYTES", (1, 1), bytes(4))]
    return engine.load_version(
        "m", version, serialised(made), {}, rowwise_proved=True, samples=samples
    )


def serve(engine: Engine, version: LoadedVersion, rollout: Rollout | None = None) -> str:
    """The version as champion of its model, at an address."""
    rollouts = [rollout or engine.make_rollout(version, 1)]
    engine.publish([version], [], Replies({}), ready=True, rollouts=rollouts)
    return f"127.0.0.1:{engine.listen('127.0.0.1', 0)}"


def take(reader: RecordReader) -> dict[int, npt.NDArray[np.uint32]]:
    """The records that were written since the last time, by plane, as words."""
    found: dict[int, list[npt.NDArray[np.uint32]]] = {}
    for block in reader.take():
        words = np.frombuffer(memoryview(block), np.uint32).reshape(block.records, block.words)
        found.setdefault(block.plane, []).append(words.copy())
    reader.release()
    return {plane: np.concatenate(blocks) for plane, blocks in found.items()}


def heads(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.void]:
    return np.ascontiguousarray(words[:, :HEAD_WORDS]).view(HEAD)[:, 0]


def numbers(words: npt.NDArray[np.uint32], slot: int) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(words[:, HEAD_WORDS + slot]).view(np.float32)


def test_every_row_is_a_record_of_what_was_asked_and_answered(engine: Engine) -> None:
    version = mixed(engine)
    slots: list[SlotSpec] = [("input", "x", i, 1, "number") for i in range(3)]
    slots += [("input", "k", 0, 1, "category"), ("input", "t", 0, 1, "category")]
    slots += [("input", "t", 0, 1, "length"), ("output", "y", 0, 3, "argmax")]
    slots += [("output", "y", 0, 0, "spread"), ("output", "class", 0, 1, "number")]
    plan = engine.record(version, slots, PLANES)
    assert plan.words == HEAD_WORDS + 10  # nine slots, and a padding
    reader = engine.open_records()
    random = np.random.default_rng(5)
    x = random.normal(size=(50, 3)).astype(np.float32)
    k = random.integers(-5, 5, size=50)
    t = random.choice(np.array([b"de", b"fr", b""], object), size=(50, 1))
    x[3, 1], x[4, 2] = np.nan, np.inf
    with InferenceClient(serve(engine, version)) as client:
        for start, end in ((0, 1), (1, 30), (30, 50)):
            part = {"x": x[start:end], "k": k[start:end], "t": t[start:end]}
            client.infer("m", part, request_id=f"id-{start}")
        asked_for_y = {"x": x[:1], "k": k[:1], "t": t[:1]}
        client.infer("m", asked_for_y, outputs=["y"])
    (words,) = take(reader).values()
    head = heads(words)
    expected = [f"id-{start}" for start, n in ((0, 1), (1, 29), (30, 20)) for _ in range(n)]
    hashes = [xxhash.xxh3_64_intdigest(name.encode()) for name in expected]
    assert head["request_hash"].tolist() == [*hashes, 0]
    assert head["request_rows"].tolist() == [1] + [29] * 29 + [20] * 20 + [1]
    assert head["row"].tolist() == [0, *range(29), *range(20), 0]
    assert set(head["flags"]) == {0}
    assert np.all(np.diff(head["time_ns"].astype(np.int64)) >= 0)
    assert np.all(head["latency_ns"] > 0)
    rows, last = words[:-1], words[-1:]
    for column in range(3):
        np.testing.assert_array_equal(numbers(rows, column), x[:, column])
    assert rows[:, HEAD_WORDS + 3].tolist() == [category_code(int(value)) for value in k]
    assert rows[:, HEAD_WORDS + 4].tolist() == [category_code(value) for value in t[:, 0]]
    assert numbers(rows, 5).tolist() == [len(value) for value in t[:, 0]]
    finite = np.isfinite(x).all(axis=1)
    np.testing.assert_array_equal(numbers(rows, 6)[finite], x[finite].argmax(axis=1))
    assert np.isnan(numbers(rows, 6)[3])
    assert numbers(rows, 6)[4] == 2
    spread = x[finite].astype(np.float64).std(axis=1)
    np.testing.assert_allclose(numbers(rows, 7)[finite], spread, rtol=1e-6)
    np.testing.assert_array_equal(numbers(rows, 8), k)
    assert np.isnan(numbers(last, 8)[0])  # that output was not asked for
    assert set(words[:, -1]) == {0}
    assert plan.counters()["champion"] == {"offered": 51, "dropped": 0}


def test_a_request_is_recorded_by_who_answers_it(engine: Engine) -> None:
    champion, canary, shadow = (scores(engine, i, float(i)) for i in (1, 2, 3))
    slots: list[SlotSpec] = [("input", "x", 1, 1, "number"), ("output", "y", 1, 1, "number")]
    plans = [
        engine.record(version, slots, (base, base + 1, base + 2, base + 3))
        for version, base in ((champion, 10), (canary, 20), (shadow, 30))
    ]
    reader = engine.open_records()
    owners = np.zeros(2**16, np.uint8)
    owners[::2] = 1
    rollout = engine.make_rollout(
        champion,
        1,
        canaries=[canary],
        salt=bytes(16),
        owners=owners.tobytes(),
        shadows=[(shadow, 1_000_000, 0, ())],
    )
    with InferenceClient(serve(engine, champion, rollout)) as client:
        for i in range(40):
            row = {"x": np.array([[0, i + 1]], np.float32)}
            client.infer("m", row, request_id=str(i))
            client.infer("m", row, version=1)
            client.infer("m", row, request_id=str(i), parameters={"tiltyard_synthetic": True})
    found = take(reader)
    mine, others = found[10], found[21]
    assert len(mine) + len(others) == 40
    assert min(len(mine), len(others)) > 5
    np.testing.assert_array_equal(numbers(mine, 1), numbers(mine, 0))
    np.testing.assert_array_equal(numbers(others, 1), 2 * numbers(others, 0))
    while plans[2].counters()["shadowed"]["offered"] < len(mine):  # it takes its time
        pass
    engine.stop()
    late = take(reader)
    computed = np.concatenate([records[32] for records in (found, late) if 32 in records])
    replied = np.concatenate([records[33] for records in (found, late) if 33 in records])
    np.testing.assert_array_equal(numbers(computed, 1), 3 * numbers(computed, 0))
    np.testing.assert_array_equal(numbers(replied, 1), numbers(replied, 0))
    assert heads(computed)["request_hash"].tolist() == heads(replied)["request_hash"].tolist()
    assert set(numbers(computed, 0)) == set(numbers(mine, 0))
    assert set(found) | set(late) == {10, 21, 32, 33}


def test_what_is_recorded_can_be_replaced_and_ended_while_it_is_served(engine: Engine) -> None:
    version = scores(engine, 1, 1.0)
    reader = engine.open_records()
    row = {"x": np.ones((1, 2), np.float32)}
    first = engine.record(version, [("input", "x", 0, 1, "number")], (1, 2, 3, 4))
    with InferenceClient(serve(engine, version)) as client:
        client.infer("m", row)
        second = engine.record(version, [], (5, 6, 7, 8))
        assert second.words == HEAD_WORDS
        client.infer("m", row)
        engine.stop_recording(version)
        client.infer("m", row)
    assert {plane: len(words) for plane, words in take(reader).items()} == {1: 1, 5: 1}
    for plan in (first, second):
        assert plan.counters()["champion"] == {"offered": 1, "dropped": 0}
    del version
    assert first.counters()["champion"]["offered"] == 1


def test_rows_that_find_no_block_are_dropped_and_every_one_is_counted() -> None:
    options = {**Config(worker_threads=1).engine_options(), "record_bytes_max": 8 * 65_536}
    engine = Engine(str(_ort_library()), options)
    version = scores(engine, 1, 1.0)
    plan = engine.record(version, [("input", "x", 0, 1, "number")], PLANES)
    rows = {"x": np.ones((100, 2), np.float32)}
    read = 0
    with InferenceClient(serve(engine, version)) as client:
        client.infer("m", rows)  # nobody reads yet: there is no block
        assert plan.counters()["champion"] == {"offered": 100, "dropped": 100}
        reader = engine.open_records()
        for i in range(200):
            client.infer("m", rows)
            if i % 50 == 49:
                read += sum(map(len, take(reader).values()))
    counts = plan.counters()["champion"]
    assert counts["offered"] == 20_100
    assert counts["dropped"] > 100
    assert read + counts["dropped"] == counts["offered"]
    counters = engine.counters()
    assert counters["records_dropped"] == counts["dropped"]
    assert counters["record_bytes"] == 65_536 * counters["record_blocks"] <= 8 * 65_536
    assert counters["record_blocks_free"] <= counters["record_blocks"]
    engine.stop()


def test_a_block_is_read_only_and_its_memory_outlives_engine_and_reader() -> None:
    engine = Engine(str(_ort_library()), Config(worker_threads=1).engine_options())
    version = scores(engine, 1, 1.0)
    engine.record(version, [("input", "x", 1, 1, "number")], PLANES)
    reader = engine.open_records()
    with InferenceClient(serve(engine, version)) as client:
        client.infer("m", {"x": np.array([[0, 7]], np.float32)})
    (block,) = reader.take()
    assert (block.plane, block.records, block.words) == (PLANES[0], 1, HEAD_WORDS + 2)
    words = np.frombuffer(memoryview(block), np.uint32)
    assert not words.flags.writeable
    engine.stop()
    del engine, version, reader, block
    assert words[HEAD_WORDS:].view(np.float32).tolist() == [7, 0]


def test_records_have_one_reader(engine: Engine) -> None:
    reader = engine.open_records()
    with pytest.raises(ValueError, match="records have one reader"):
        engine.open_records()
    assert reader.take() == []


@pytest.mark.parametrize(
    ("slot", "sentence"),
    [
        (("inputs", "x", 0, 1, "number"), "slot 1, tensor 'x': a side is 'input' or 'output'"),
        (("input", "z", 0, 1, "number"), "slot 1, input 'z': the version has no such input; it"),
        (("output", "x", 0, 1, "number"), "slot 1, output 'x': .* no such output; it has y, class"),
        (("input", "x", 3, 1, "number"), "slot 1, input 'x': a row has 3 elements; 'number' asks"),
        (("input", "x", -1, 1, "number"), "numbers from 0 to 2147483647; got -1 and 1"),
        (("input", "x", 0, 2**40, "mean"), "got 0 and 1099511627776"),
        (("input", "x", 0, 1, "median"), "slot 1, input 'x': there is no way to read 'median'"),
        (("input", "t", 0, 1, "number"), "slot 1, input 't': 'number' cannot be read of BYTES"),
        (("input", "x", 0, 3, "category"), "'category' reads one element, so its count is 1"),
    ],
)
def test_a_slot_that_cannot_be_is_refused(engine: Engine, slot: SlotSpec, sentence: str) -> None:
    good: SlotSpec = ("input", "x", 0, 1, "number")
    with pytest.raises(ValueError, match=sentence) as refusal:
        engine.record(mixed(engine), [good, slot, good], PLANES)
    assert str(refusal.value).startswith("records of 'm' version 1: ")


@pytest.mark.parametrize(
    ("planes", "sentence"),
    [
        ((1, 2, 3), "a version has 4 planes; got 3"),
        ((1, 2, 0, 4), "the number of plane 'shadow' is above 0; got 0"),
        ((1, 2, 3, 2), "'shadowed' has that of 'canary', 2"),
    ],
)
def test_planes_that_cannot_be_are_refused(
    engine: Engine, planes: tuple[int, int, int, int], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        engine.record(mixed(engine), [], planes)


def code_of(data: bytes) -> int:
    low = xxhash.xxh3_64_intdigest(data) & 0xFFFFFFFF
    return low - 2 if low >= INVALID else low


@given(st.integers(-(2**63), 2**64 - 1))
@example(1_093_382_471)  # hashes to what is missing
@example(3_816_862_105)  # and to what is invalid
@example(2**63)
@example(-1)
def test_the_code_of_an_integer(value: int) -> None:
    assert category_code(value) == code_of(struct.pack("<Q", value % 2**64))
    assert category_code(value) < INVALID


@given(st.floats())
@example(-0.0)
def test_the_code_of_a_float(value: float) -> None:
    if np.isnan(value):
        assert category_code(value) == MISSING
    elif np.isinf(value):
        assert category_code(value) == INVALID
    else:
        assert category_code(value) == code_of(struct.pack("<d", value + 0.0))


@given(st.binary(max_size=300))
def test_the_code_of_a_text(value: bytes) -> None:
    assert category_code(value) == (code_of(value) if value else MISSING)


def test_what_has_no_code_is_refused() -> None:
    assert category_code(True) == category_code(1)
    for value in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match=f"at most 64 bits; got {value}"):
            category_code(value)
    with pytest.raises(TypeError):
        category_code("text")  # type: ignore[arg-type]  # that is what is tested


def test_plans_and_readers_are_made_by_an_engine() -> None:
    for made in (RecordPlan, RecordReader):
        with pytest.raises(TypeError, match=f"a {made.__name__} is made by Engine"):
            made()
