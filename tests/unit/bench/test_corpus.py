import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tritonclient.grpc import service_pb2

from bench import corpus
from bench.models import FloatArray, workload


def read_blocks(file: Path) -> list[bytes]:
    content = file.read_bytes()
    assert content.startswith(corpus.MAGIC)
    at = len(corpus.MAGIC)
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
