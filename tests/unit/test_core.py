"""The binding of the data plane: what it refuses, and that Python may come late to its end."""

import threading
from collections.abc import Iterator

import grpc
import pytest

from tiltyard._core import Engine, Replies
from tiltyard.app import _ort_library
from tiltyard.config import Config
from tiltyard.protocol import messages

STATISTICS = messages.method_path("ModelStatistics")


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine without models, and nobody on its slow path."""
    made = Engine(str(_ort_library()), Config(worker_threads=1).engine_options())
    made.publish([], [], Replies({}), ready=True)
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"zebra": 1}, "no such option"),
        ({"calls_max": 2**32}, "does not fit 32 bits"),
        ({"io_threads": 0}, "io_threads must be at least 1"),
        ({"io_threads": 60, "worker_threads": 5}, "at most 64; got 60, 5 and 1"),
        ({"read_bytes_per_connection_max": 4095}, "must be at least 4096; got 4095"),
        ({"read_arena_bytes": 100}, "read_arena_bytes must be at least 4096; got 100"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Engine(str(_ort_library()), {**Config().engine_options(), **options})


def test_a_slow_call_is_answered_once(engine: Engine) -> None:
    address = f"127.0.0.1:{engine.listen('127.0.0.1', 0)}"
    with grpc.insecure_channel(address) as channel:
        future = channel.unary_unary(STATISTICS).future(b"\x0a\x01m", timeout=60)
        call = engine.next_slow_call(60_000)
        assert call is not None
        assert (call.method, call.request) == (STATISTICS, b"\x0a\x01m")
        engine.finish_slow_call(call.id, b"reply")
        assert future.result() == b"reply"
    with pytest.raises(ValueError, match=f"slow call {call.id} is not with Python"):
        engine.finish_slow_call(call.id, b"again")
    with pytest.raises(ValueError, match="slow call 99 is not with Python"):
        engine.fail_slow_call(99, 13, "never was")


def test_an_answer_after_the_stop_finds_nobody_and_says_nothing(engine: Engine) -> None:
    address = f"127.0.0.1:{engine.listen('127.0.0.1', 0)}"
    with grpc.insecure_channel(address) as channel:
        future = channel.unary_unary(STATISTICS).future(b"asked before", timeout=60)
        call = engine.next_slow_call(60_000)
        assert call is not None
        waiting = threading.Thread(target=engine.next_slow_call, args=(600_000,))
        waiting.start()
        engine.stop()
        waiting.join(60)
        assert not waiting.is_alive()
        assert call.request == b"asked before"
        engine.finish_slow_call(call.id, b"too late")
        engine.fail_slow_call(call.id, 13, "later still")
        assert engine.next_slow_call(600_000) is None
        assert future.code() == grpc.StatusCode.UNAVAILABLE


def test_threads_of_every_class_are_watched_for_starving(engine: Engine) -> None:
    engine.listen("127.0.0.1", 0)
    names = {"io-0", "worker-0", "acceptor", "reclaimer"}
    while not names <= set(engine.counters()["starved_ns"]):  # they come up one by one
        pass
