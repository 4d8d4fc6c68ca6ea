"""The slow path with an engine that hands out what a test puts in."""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from tiltyard.protocol import messages
from tiltyard.protocol.slow_path import CONTROL_CALLS_MAX, CallRefused, SlowPath

if TYPE_CHECKING:
    from tiltyard._core import Engine, SlowCall
    from tiltyard.protocol.model_control import ModelControl


@dataclass
class Call:
    id: int
    method: str
    request: bytes


@dataclass
class HandEngine:
    """Gives the calls it was made with, then tells `empty`, and keeps every answer."""

    calls: deque[Call] = field(default_factory=deque)
    rows: list[dict[str, Any]] | None = field(default_factory=list)
    replies: dict[int, bytes] = field(default_factory=dict)
    failures: dict[int, tuple[int, str]] = field(default_factory=dict)
    empty: threading.Event = field(default_factory=threading.Event)
    ended: bool = False

    def next_slow_call(self, timeout_ms: int) -> Call | None:
        if self.calls:
            return self.calls.popleft()
        self.empty.set()
        threading.Event().wait(timeout_ms / 1e6)
        return None

    def end_slow_calls(self) -> None:
        self.ended = True

    def finish_slow_call(self, call_id: int, reply: bytes) -> None:
        self.replies[call_id] = reply

    def fail_slow_call(self, call_id: int, code: int, message: str) -> None:
        self.failures[call_id] = (code, message)

    def statistics(self) -> list[dict[str, Any]]:
        if self.rows is None:
            raise RuntimeError("secret detail")
        return self.rows


STATISTICS = messages.method_path("ModelStatistics")


def answer(engine: HandEngine, *calls: Call) -> list[tuple[str, Exception]]:
    """Runs a slow path on its thread until every call is answered; what it told of bugs."""
    bugs: list[tuple[str, Exception]] = []
    slow_path = SlowPath(cast("Engine", engine), lambda *bug: bugs.append(bug))
    engine.calls.extend(calls)
    thread = threading.Thread(target=slow_path.run)
    thread.start()
    assert engine.empty.wait(30)
    slow_path.stop()
    thread.join(30)
    assert not thread.is_alive()
    assert engine.ended
    return bugs


def test_answers_each_method() -> None:
    engine = HandEngine()
    calls = [Call(1, STATISTICS, b"")]
    for number, service in enumerate(messages.REFLECTION_SERVICES, start=2):
        package = service.rpartition(".")[0]
        request = messages.message_class(f"{package}.ServerReflectionRequest")(list_services="*")
        path = messages.method_path("ServerReflectionInfo", service)
        calls.append(Call(number, path, request.SerializeToString()))
    assert answer(engine, *calls) == []
    assert engine.failures == {}
    assert set(engine.replies) == {1, 2, 3}
    reply_class = messages.message_class("grpc.reflection.v1.ServerReflectionResponse")
    reply = reply_class.FromString(engine.replies[2])
    assert len(reply.list_services_response.service) == len(messages.SERVICES)


def test_an_unknown_model_is_not_found() -> None:
    engine = HandEngine()
    request = messages.ModelStatisticsRequest(name="nobody").SerializeToString()
    assert answer(engine, Call(1, STATISTICS, request)) == []
    code, sentence = engine.failures[1]
    assert code == 5
    assert "'nobody'" in sentence


def test_bytes_that_are_no_request_are_an_invalid_argument() -> None:
    engine = HandEngine()
    assert answer(engine, Call(1, STATISTICS, b"\xff\xff\xff")) == []
    assert engine.failures[1][0] == 3


def test_a_bug_is_told_once_and_hides_its_detail_from_the_caller() -> None:
    engine = HandEngine(rows=None)
    good = messages.message_class("grpc.reflection.v1.ServerReflectionRequest")(list_services="*")
    path = messages.method_path("ServerReflectionInfo", messages.REFLECTION_SERVICES[0])
    bugs = answer(engine, Call(1, STATISTICS, b""), Call(2, path, good.SerializeToString()))
    assert [(method, str(error)) for method, error in bugs] == [(STATISTICS, "secret detail")]
    code, sentence = engine.failures[1]
    assert code == 13
    assert "secret" not in sentence
    assert 2 in engine.replies


LOAD = messages.method_path("RepositoryModelLoad")


class Control:
    """Stands for a ModelControl: refuses what is asked with b"no", waits for `release` else."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def answer(self, path: str, request_bytes: bytes) -> bytes:
        assert path == LOAD
        if request_bytes == b"no":
            raise CallRefused(9, "it is in a slot")
        assert self.release.wait(60)
        return b"loaded"


def test_load_and_unload_wait_for_the_registry_and_then_have_threads_of_their_own() -> None:
    engine = HandEngine()
    path = SlowPath(cast("Engine", engine), lambda _method, _error: None)
    path.answer(cast("SlowCall", Call(1, LOAD, b"")))
    assert engine.failures[1][0] == 14
    control: Any = Control()
    path.allow_control(control)
    for number in range(2, 2 + CONTROL_CALLS_MAX):
        path.answer(cast("SlowCall", Call(number, LOAD, b"")))
    path.answer(cast("SlowCall", Call(100, LOAD, b"")))
    assert engine.failures[100][0] == 8
    path.answer(cast("SlowCall", Call(101, STATISTICS, b"")))
    assert 101 in engine.replies
    control.release.set()
    for thread in threading.enumerate():
        if thread.name == "model-control":
            thread.join(60)
    assert all(engine.replies[number] == b"loaded" for number in range(2, 2 + CONTROL_CALLS_MAX))


def test_what_control_refuses_has_its_code_and_sentence() -> None:
    engine = HandEngine()
    path = SlowPath(cast("Engine", engine), lambda _method, _error: None)
    path.allow_control(cast("ModelControl", Control()))
    path.answer(cast("SlowCall", Call(1, LOAD, b"no")))
    for thread in threading.enumerate():
        if thread.name == "model-control":
            thread.join(60)
    assert engine.failures[1] == (9, "it is in a slot")
