"""The binding of the data plane: what it refuses, and that Python may come late to its end."""

import threading
from collections.abc import Iterator

import grpc
import numpy as np
import pytest

from tests.models.build import model, node, serialised, tensor
from tiltyard._core import Engine, LoadedVersion, Replies
from tiltyard.app import _ort_library
from tiltyard.client import InferenceClient
from tiltyard.config import Config
from tiltyard.control.histogram import quantile
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
        ({"record_bytes_max": 65_535}, "record_bytes_max must be at least 65536; got 65535"),
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
    names = {"io-0", "worker-0", "shadow-0", "acceptor", "reclaimer"}
    while not names <= set(engine.counters()["starved_ns"]):  # they come up one by one
        pass


def scores(engine: Engine, version: int, factor: float) -> LoadedVersion:
    """Two scores a row, of which the last one is `factor` times its input."""
    made = model(
        [node("Mul", "x factors", "y")],
        [tensor("x", ["N", 2])],
        [tensor("y", ["N", 2])],
        {"factors": [1.0, factor]},
    )
    return engine.load_version("m", version, serialised(made), {}, rowwise_proved=True)


def test_a_shadow_is_compared_row_by_row_and_every_offer_is_counted(engine: Engine) -> None:
    champion, challenger = scores(engine, 1, 1.0), scores(engine, 2, 4.0)
    rollout = engine.make_rollout(champion, 5, shadows=[(challenger, 1_000_000, 0, ())])
    engine.publish([champion], [], Replies({}), ready=True, rollouts=[rollout])
    address = f"127.0.0.1:{engine.listen('127.0.0.1', 0)}"
    with InferenceClient(address) as client:
        for _ in range(3):
            rows = np.array([[2, 1], [1, 2], [9, 1]], np.float32)
            np.testing.assert_array_equal(rows, client.infer("m", {"x": rows}).outputs["y"])
    engine.stop()
    (shadow,) = rollout.counters()["shadows"]
    assert (shadow["version"], shadow["source"], shadow["sample_ppm"]) == (2, 1, 1_000_000)
    assert shadow["offered"] == shadow["queued"] == 3
    assert shadow["ok"] + shadow["expired"] == 3  # the stop leaves unrun what still waits
    assert set(shadow["dropped"].values()) == {0}
    (y,) = shadow["outputs"]
    assert (y["name"], y["mode"], y["compared"]) == ("y", "argmax", shadow["ok"])
    assert y["disagreed"] == pytest.approx(shadow["ok"] / 3, abs=1e-6)
    assert sum(y["score_diff_buckets"].values()) == 3 * shadow["ok"]
    assert y["non_finite_shadow"] == 0
    # Who merges histograms computes the quantiles that the engine does.
    for name in ("latency", "champion_latency", "run"):
        buckets = shadow[f"{name}_buckets"]
        quantiles = shadow[f"{name}_ns"]
        assert quantiles["p99"] == quantile(buckets, 0.99)
        assert quantiles["max"] == quantile(buckets, 1.0)
    assert sum(shadow["champion_latency_buckets"].values()) == shadow["ok"]


@pytest.mark.parametrize(
    ("sample_ppm", "source_arm", "sentence"),
    [
        (1_000_001, 0, "samples at most 1000000 of a million requests; got 1000001"),
        (1, 1, "source arm 1 is none of the 1 arms"),
    ],
)
def test_a_shadow_that_cannot_be_is_refused(
    engine: Engine, sample_ppm: int, source_arm: int, sentence: str
) -> None:
    champion = scores(engine, 1, 1.0)
    with pytest.raises(ValueError, match=sentence):
        engine.make_rollout(champion, 1, shadows=[(champion, sample_ppm, source_arm, ())])


def test_an_output_is_compared_as_a_shadow_says(engine: Engine) -> None:
    champion, challenger = scores(engine, 1, 1.0), scores(engine, 2, 4.0)
    rules = [("y", "tolerance", 6.0, 0.5)]
    shadows = [(challenger, 1_000_000, 0, rules), (challenger, 1_000_000, 0, ())]
    rollout = engine.make_rollout(champion, 5, shadows=shadows)
    within, plain = (shadow["outputs"][0] for shadow in rollout.counters()["shadows"])
    assert (within["mode"], within["atol"], within["rtol"]) == ("tolerance", 6.0, 0.5)
    assert (plain["mode"], plain["atol"], plain["rtol"]) == ("argmax", 0.0, 0.0)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (("z", "label", 0.0, 0.0), "version 1 has no output 'z' to compare; it has y"),
        (("y", "equal", 0.0, 0.0), "'y' is compared as label, argmax or tolerance; got 'equal'"),
        (("y", "tolerance", -1.0, 0.0), "'y' is a finite number of 0 or more; got -1.0"),
        (("y", "tolerance", 0.0, float("nan")), "'y' is a finite number of 0 or more; got nan"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    engine: Engine, rule: tuple[str, str, float, float], sentence: str
) -> None:
    champion = scores(engine, 1, 1.0)
    with pytest.raises(ValueError, match=sentence):
        engine.make_rollout(champion, 1, shadows=[(champion, 1, 0, [rule])])
