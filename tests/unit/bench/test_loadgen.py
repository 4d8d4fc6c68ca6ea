"""The load generator against servers that are right, wrong, failing, stalling or absent."""

import itertools
import json
import os
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from tritonclient.grpc.service_pb2 import ModelInferResponse as Reply

from bench.load import (
    ONE,
    LoadError,
    Report,
    Shape,
    Target,
    finish_load,
    read_report,
    start_load,
    wait_for_answer,
)
from bench.paths import LOADGEN
from bench.scenarios.tls import make_certificate

Serve = Callable[..., Target]


def run(target: Target, shape: Shape = ONE, requests: int = 50) -> Report:
    return finish_load(start_load(target, shape, 0, warm_up_s=0.0, requests=requests))


def with_values(reply: Reply, *values: float) -> bytes:
    reply.raw_output_contents[0] = struct.pack(f"<{len(values)}f", *values)
    return bytes(reply.SerializeToString())


def test_every_right_reply_is_counted(serve: Serve, right: bytes) -> None:
    report = run(serve(lambda _request, _context: right), Shape(3, 4), 200)
    assert report.faults == []
    assert report.completed >= 200
    assert 0 < report.p50_us <= report.p99_us <= report.max_us


def test_requests_of_the_corpus_are_sent_in_turn(serve: Serve, right: bytes) -> None:
    seen: list[bytes] = []

    def answer(request: bytes, _context: grpc.ServicerContext) -> bytes:
        seen.append(request)
        return right

    run(serve(answer), requests=4)
    assert len(set(seen)) == 2
    assert seen[0] == seen[2] != seen[1]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ([1.0, 2.0000002], "the values differ"),
        ([1.0], "the values differ"),
        ([], "the values differ"),
    ],
)
def test_a_wrong_value_is_told(serve: Serve, reply: Reply, values: list[float], fault: str) -> None:
    sent = with_values(reply, *values)
    report = run(serve(lambda _request, _context: sent))
    assert len(report.faults) == 1
    assert fault in report.faults[0]


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (b"", "expected 1 outputs, got 0"),
        (b"\xff", "the reply is not a ModelInferResponse"),
    ],
)
def test_a_reply_that_is_none_is_told(serve: Serve, sent: bytes, fault: str) -> None:
    report = run(serve(lambda _request, _context: sent))
    assert fault in report.faults[0]


def test_one_wrong_reply_among_many_right_ones_is_told(
    serve: Serve, right: bytes, reply: Reply
) -> None:
    count = itertools.count()
    wrong = with_values(reply, 0.0, 0.0)
    report = run(serve(lambda _request, _context: wrong if next(count) == 30 else right))
    assert [fault.split(",")[0] for fault in report.faults] == ["1 wrong replies"]


def test_tolerance_admits_close_floats_only(serve: Serve, reply: Reply) -> None:
    close = with_values(reply, 1.0, 2.0000002)
    target = serve(lambda _request, _context: close)
    assert run(replace(target, tolerance=1e-6)).faults == []
    assert run(replace(target, tolerance=1e-8)).faults != []


def test_nan_is_within_no_tolerance(serve: Serve, reply: Reply) -> None:
    nan = with_values(reply, 1.0, float("nan"))
    assert run(replace(serve(lambda _request, _context: nan), tolerance=1e9)).faults != []


def test_dimensions_of_one_are_overlooked_only_when_asked(serve: Serve, reply: Reply) -> None:
    reply.outputs[0].shape[:] = [2]
    target = serve(lambda _request, _context: reply.SerializeToString())
    assert "the shape differs" in run(target).faults[0]
    assert run(replace(target, any_rank=True)).faults == []


def test_outputs_are_matched_by_name(serve: Serve, reply: Reply) -> None:
    reply.outputs[0].name = "Z"
    report = run(serve(lambda _request, _context: reply.SerializeToString()))
    assert "output 'Y' is missing" in report.faults[0]


def test_error_codes_are_counted_with_the_first_message(serve: Serve) -> None:
    def refuse(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode.UNAVAILABLE, "the queue is full")
        raise AssertionError("abort raises")

    report = run(serve(refuse))
    assert "errors by code {'14': " in report.faults[0]
    assert "the queue is full" in report.faults[0]


def test_an_open_loop_counts_a_stall_for_all_it_delays(serve: Serve, right: bytes) -> None:
    stall_s = 0.5
    count = itertools.count()

    def answer(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        if next(count) == 10:
            threading.Event().wait(stall_s)
        return right

    # 300 requests take a second; those meant for the half second of the stall all wait for it.
    shape = Shape(1, 1, rate=300.0)
    report = run(serve(answer), shape, 300)
    assert report.faults == []
    assert stall_s * 1e6 <= report.max_us
    assert stall_s / 4 * 1e6 <= report.p90_us


def test_the_cpu_time_of_watched_processes_is_told(serve: Serve, right: bytes) -> None:
    target = serve(lambda _request, _context: right)
    before = time.process_time()
    report = run(replace(target, watched_pids=(os.getpid(),)))
    used_us = (time.process_time() - before) * 1e6
    assert 0 < report.server_cpu_us * report.completed <= used_us


def test_tls_is_spoken_to_a_server_that_is_trusted(serve: Serve, right: bytes) -> None:
    certificate, key = make_certificate()
    pair = (key.read_bytes(), certificate.read_bytes())
    credentials = grpc.ssl_server_credentials([pair])
    target = serve(lambda _request, _context: right, credentials)
    assert run(replace(target, tls_ca=certificate), Shape(2, 2)).faults == []
    make_certificate()  # another one, of another key
    with pytest.raises(LoadError, match="TLS handshake failed: certificate verify failed"):
        run(replace(target, tls_ca=certificate))


def test_a_connection_the_server_retires_is_replaced(serve: Serve, right: bytes) -> None:
    retire_soon = [("grpc.max_connection_age_ms", 100)]
    target = serve(lambda _request, _context: right, options=retire_soon)
    process = start_load(target, Shape(2, 2), 0, warm_up_s=0.0, duration_s=0.6)
    out, _ = process.communicate()
    assert read_report(out).faults == []
    assert json.loads(out)["connections_opened"] > 2


def test_nobody_listening_is_one_clear_line(closed_port: int, corpus: Path) -> None:
    with pytest.raises(LoadError, match=r"^loadgen: connect failed: Connection refused$"):
        run(Target(f"127.0.0.1:{closed_port}", corpus))


def test_the_first_answer_is_waited_for(serve: Serve, right: bytes) -> None:
    count = itertools.count()

    def not_yet(_request: bytes, context: grpc.ServicerContext) -> bytes:
        if next(count) < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "loading")
        return right

    before = time.monotonic_ns()
    first = wait_for_answer(serve(not_yet), 30.0)
    assert before <= first <= time.monotonic_ns()
    assert next(count) == 4


def test_no_first_answer_says_what_came_last(serve: Serve) -> None:
    def never(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
        raise AssertionError("abort raises")

    with pytest.raises(LoadError, match="no such model"):
        wait_for_answer(serve(never), 0.2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--address", "nowhere"], "--address cannot be 'nowhere'"),
        (["--address", "127.0.0.1:1"], "--corpus FILE is needed"),
        (["--speed", "9"], "unknown or incomplete option --speed"),
        (["--address", "127.0.0.1:1", "--corpus", "/nowhere"], "cannot be opened"),
        (["--streams", "0"], "--streams cannot be '0'"),
    ],
)
def test_a_wrong_command_line_is_one_clear_line(arguments: list[str], said: str) -> None:
    done = subprocess.run([LOADGEN, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2)
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert done.stdout == ""


def test_a_torn_corpus_is_refused(closed_port: int, corpus: Path) -> None:
    corpus.write_bytes(corpus.read_bytes()[:-1])
    with pytest.raises(LoadError, match="cut short in entry 1"):
        run(Target(f"127.0.0.1:{closed_port}", corpus))
