"""The load generator where several versions of a model may answer, each in its own way."""

import itertools
import struct
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from tritonclient.grpc import service_pb2

from bench.corpus import VERSIONS_MAGIC, block
from bench.load import ONE, LoadError, Report, Shape, Target, finish_load, start_load

Serve = Callable[..., Target]


def answer(version: str, *values: float) -> bytes:
    message = service_pb2.ModelInferResponse(model_version=version)
    message.outputs.add(name="Y", datatype="FP32", shape=[1, len(values)])
    message.raw_output_contents.append(struct.pack(f"<{len(values)}f", *values))
    return bytes(message.SerializeToString())


FIRST, SECOND = answer("1", 1.0, 2.0), answer("2", 1.0, 2.5)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two requests; the answers to both are the same, and each version's are its own."""
    file = tmp_path / "versions.corpus"
    content = VERSIONS_MAGIC + struct.pack("<I", 2) + block(b"1") + block(b"2")
    for model in ("a", "b"):
        request = service_pb2.ModelInferRequest(model_name=model).SerializeToString()
        content += block(request) + block(FIRST) + block(SECOND)
    file.write_bytes(content)
    return file


def run(target: Target, shape: Shape = ONE, requests: int = 50) -> Report:
    return finish_load(start_load(target, shape, 0, warm_up_s=0.0, requests=requests))


class InTurn:
    """Gives these replies in turn and remembers which."""

    def __init__(self, *replies: bytes) -> None:
        self._source = itertools.cycle(replies)
        self.given: list[bytes] = []

    def __call__(self, _request: bytes, _context: grpc.ServicerContext) -> bytes:
        self.given.append(next(self._source))
        return self.given[-1]

    def counts(self) -> dict[str, int]:
        return {"1": self.given.count(FIRST), "2": self.given.count(SECOND)}


def counts_of(report: Report) -> dict[str, int]:
    return {name: found.replies for name, found in report.versions.items()}


def test_each_version_is_right_in_its_own_way_and_counted(serve: Serve) -> None:
    handler = InTurn(FIRST, FIRST, SECOND)
    report = run(serve(handler), requests=30)
    assert report.faults == []
    assert counts_of(report) == handler.counts()
    assert report.replies == len(handler.given) >= 30


def test_the_last_reply_of_a_version_is_told_on_the_monotonic_clock(serve: Serve) -> None:
    count = itertools.count()
    swapped: list[int] = []

    def swap(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        if next(count) < 20:
            return FIRST
        if not swapped:
            swapped.append(time.monotonic_ns())
        return SECOND

    before = time.monotonic_ns()
    found = run(serve(swap)).versions
    assert before < found["1"].first_ns < found["1"].last_ns
    assert found["1"].last_ns <= swapped[0] <= found["2"].first_ns


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (answer("1", 1.0, 2.5), "version 1: output 'Y': the values differ"),
        (answer("2", 1.0, 2.0), "version 2: output 'Y': the values differ"),
        (answer("3", 1.0, 2.0), "expected model_version to be one of 1, 2, got '3'"),
        (answer("", 1.0, 2.0), "expected model_version to be one of 1, 2, got ''"),
        (b"\xff", "the reply is not a ModelInferResponse"),
    ],
)
def test_a_reply_of_no_version_or_with_anothers_values_is_told(
    serve: Serve, sent: bytes, fault: str
) -> None:
    handler = InTurn(FIRST, SECOND, sent)
    report = run(serve(handler), requests=30)
    assert fault in report.faults[0]
    assert report.faults[0].startswith(f"{handler.given.count(sent)} wrong replies")
    assert counts_of(report) == handler.counts()


def test_no_versions_are_told_where_the_corpus_knows_none(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "one.corpus"
    file.write_bytes(b"TYLOAD1\n" + block(b"") + block(FIRST))
    target = serve(InTurn(FIRST))
    assert run(Target(target.address, file)).versions == {}


def test_each_request_has_a_key_where_keys_are_asked_for(serve: Serve) -> None:
    seen: list[str] = []

    def note(_request: bytes, context: grpc.ServicerContext) -> bytes:
        seen.extend(value for key, value in context.invocation_metadata() if key == "tiltyard-key")
        return FIRST

    assert run(serve(note), Shape(1, 1, keys=3), 7).faults == []
    assert len(seen) >= 7
    assert seen == [f"key-{number % 3}" for number in range(len(seen))]
    seen.clear()
    run(serve(note))
    assert seen == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (VERSIONS_MAGIC + struct.pack("<I", 0), "names no versions"),
        (VERSIONS_MAGIC + struct.pack("<I", 1) + block(b""), "names no versions"),
        (VERSIONS_MAGIC + struct.pack("<I", 2) + block(b"1"), "names no versions"),
        (
            VERSIONS_MAGIC + struct.pack("<I", 2) + block(b"1") + block(b"2") + 2 * block(b""),
            "cut short in entry 0",
        ),
        (b"TYLOAD3\n", "begins with neither TYLOAD1 nor TYLOAD2"),
    ],
)
def test_a_corpus_that_cannot_be_read_is_refused(
    closed_port: int, corpus: Path, content: bytes, said: str
) -> None:
    corpus.write_bytes(content)
    with pytest.raises(LoadError, match=said):
        run(Target(f"127.0.0.1:{closed_port}", corpus))
