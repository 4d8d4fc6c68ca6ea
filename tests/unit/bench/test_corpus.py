import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tritonclient.grpc import service_pb2

from bench import corpus
from bench.models import FloatArray, workload
from bench.variants import variant


def read_blocks(file: Path) -> list[bytes]:
    content = file.read_bytes()
    assert content.startswith(corpus.MAGIC)
    return split_blocks(content[len(corpus.MAGIC) :])


def split_blocks(content: bytes) -> list[bytes]:
    at = 0
    blocks = []
    while at < len(content):
        (length,) = struct.unpack_from("<I", content, at)
        blocks.append(content[at + 4 : at + 4 + length])
        at += 4 + length
    return blocks


def test_every_row_is_a_request_with_its_answer() -> None:
    work = workload("W1")
    blocks = read_blocks(corpus.write_corpus(work))
    assert 2 * len(work.rows) == len(blocks)
    request = service_pb2.ModelInferRequest.FromString(blocks[2])
    reply = service_pb2.ModelInferResponse.FromString(blocks[3])
    assert work.rows[1].tobytes() == request.raw_input_contents[0]
    assert [output.name for output in reply.outputs] == ["label", "probabilities"]
    assert [list(output.shape) for output in reply.outputs] == [[1], [1, 2]]


def test_no_answer_comes_from_a_lone_row() -> None:
    session = corpus.open_session(workload("W1").model_file)
    sizes: list[int] = []

    class Recorder:
        get_inputs = session.get_inputs
        get_outputs = session.get_outputs

        def run(self, names: list[str], feed: dict[str, FloatArray]) -> Any:
            sizes.extend(len(rows) for rows in feed.values())
            return session.run(names, feed)

    rows = workload("W1").rows[: corpus.ORACLE_ROWS + 1]
    assert len(rows) == len(list(corpus.answers(Recorder(), rows)))
    assert sizes == [corpus.ORACLE_ROWS, corpus.ORACLE_ROWS]


def test_answers_that_are_all_the_same_are_refused() -> None:
    work = workload("W1")
    same = replace(work, name="same", rows=np.repeat(work.rows[:1], 10, axis=0))
    with pytest.raises(ValueError, match="expected different answers to 10 requests, got 1"):
        corpus.write_corpus(same)


def test_requests_go_to_the_named_models_in_turn() -> None:
    blocks = read_blocks(corpus.write_corpus(workload("W1"), model_names=["a", "b", "c"]))
    sent = [service_pb2.ModelInferRequest.FromString(request) for request in blocks[::2]]
    assert [request.model_name for request in sent[:4]] == ["a", "b", "c", "a"]
    assert len(sent) == len(workload("W1").rows)


def test_every_named_model_is_asked() -> None:
    work = replace(workload("W1"), name="few", rows=workload("W1").rows[:9])
    blocks = read_blocks(corpus.write_corpus(work, model_names=[f"m{i}" for i in range(20)]))
    assert len(set(blocks[::2])) == 20
    assert blocks[1] == blocks[1 + 2 * 9]


def test_a_version_corpus_has_the_answers_of_each_version() -> None:
    work = workload("W1")
    content = corpus.write_version_corpus({1: work, 2: variant(work, 2)}).read_bytes()
    names = struct.pack("<I", 2) + corpus.block(b"1") + corpus.block(b"2")
    assert content.startswith(corpus.VERSIONS_MAGIC + names)
    rest = content[len(corpus.VERSIONS_MAGIC + names) :]
    blocks = split_blocks(rest)
    assert len(blocks) % 3 == 0
    assert 0.8 * len(work.rows) < len(blocks) / 3 <= len(work.rows)
    assert all(first != second for first, second in zip(blocks[1::3], blocks[2::3], strict=True))


def test_versions_that_answer_alike_are_refused() -> None:
    work = workload("W1")
    with pytest.raises(ValueError, match=r"569 of 569 requests have the same answer"):
        corpus.write_version_corpus({1: work, 2: work})


def test_answers_within_the_tolerance_do_not_differ() -> None:
    work = replace(workload("W1"), name="loose", tolerance=0.5)
    with pytest.raises(ValueError, match=r"requests have the same answer"):
        corpus.write_version_corpus({1: work, 2: replace(variant(work, 2), tolerance=0.5)})
