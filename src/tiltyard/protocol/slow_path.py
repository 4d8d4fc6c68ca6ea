"""The calls that Python answers: statistics, reflection, and Triton's load and unload.

The data plane hands over bytes and gets bytes back; it goes on serving meanwhile. One thread, one
call at a time, but for loading and unloading, which take long and have threads of their own.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import DecodeError

from tiltyard._core import enter_background_priority
from tiltyard.errors import NotFoundError
from tiltyard.protocol import messages
from tiltyard.protocol.reflection import reflect
from tiltyard.protocol.statistics import model_statistics

if TYPE_CHECKING:
    from tiltyard._core import Engine, SlowCall
    from tiltyard.protocol.model_control import ModelControl

WAIT_MS: Final = 500
INVALID_ARGUMENT: Final = 3
NOT_FOUND: Final = 5
RESOURCE_EXHAUSTED: Final = 8
INTERNAL: Final = 13
UNAVAILABLE: Final = 14
# Loads and unloads under way at once; each has a thread.
CONTROL_CALLS_MAX: Final = 8


class CallRefused(Exception):  # noqa: N818 - an answer, not a failure
    """A handler's answer: this gRPC code, and the sentence."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class SlowPath:
    """Answers an engine's slow calls until it is stopped.

    `on_bug` is told of an exception that no handler should raise; the caller gets INTERNAL and no
    detail.
    """

    def __init__(self, engine: "Engine", on_bug: Callable[[str, Exception], None]) -> None:
        self._engine = engine
        self._on_bug = on_bug
        self._stopping = threading.Event()
        self._handlers: dict[str, Callable[[bytes], bytes]] = {
            messages.method_path("ModelStatistics"): self._model_statistics
        }
        self._control: ModelControl | None = None
        self._control_calls = threading.Semaphore(CONTROL_CALLS_MAX)
        for service in messages.REFLECTION_SERVICES:
            path = messages.method_path("ServerReflectionInfo", service)
            self._handlers[path] = _reflection(service.rpartition(".")[0])

    def run(self) -> None:
        """Answer calls on this thread until stop() is called."""
        while not self._stopping.is_set():
            call = self._engine.next_slow_call(WAIT_MS)
            if call is not None:
                self.answer(call)

    def stop(self) -> None:
        """Let run() return once it has answered the call it is at. Idempotent."""
        self._stopping.set()
        self._engine.end_slow_calls()

    def allow_control(self, control: "ModelControl") -> None:
        """From here on load and unload are answered by `control`."""
        self._control = control

    def answer(self, call: "SlowCall") -> None:
        """Answer one call, with a reply or with a status and a sentence."""
        if call.method in self._handlers:
            return self._answer(call, self._handlers[call.method])
        control = self._control
        if control is None:
            text = "the gateway does not know its registry yet; try again"
            return self._engine.fail_slow_call(call.id, UNAVAILABLE, text)
        if not self._control_calls.acquire(blocking=False):
            text = f"{CONTROL_CALLS_MAX} loads and unloads are under way, and more are not allowed"
            return self._engine.fail_slow_call(call.id, RESOURCE_EXHAUSTED, text)

        def work() -> None:
            enter_background_priority("model-control")
            try:
                self._answer(call, lambda request: control.answer(call.method, request))
            finally:
                self._control_calls.release()

        return threading.Thread(target=work, name="model-control", daemon=True).start()

    def _answer(self, call: "SlowCall", handler: Callable[[bytes], bytes]) -> None:
        try:
            self._engine.finish_slow_call(call.id, handler(call.request))
        except CallRefused as error:
            self._engine.fail_slow_call(call.id, error.code, str(error))
        except NotFoundError as error:
            self._engine.fail_slow_call(call.id, NOT_FOUND, str(error))
        except DecodeError as error:
            text = f"the bytes are not a request of {call.method}: {error}"
            self._engine.fail_slow_call(call.id, INVALID_ARGUMENT, text)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next call must be answered
            self._on_bug(call.method, error)
            text = f"{call.method} failed inside the gateway; its log says why"
            self._engine.fail_slow_call(call.id, INTERNAL, text)

    def _model_statistics(self, request_bytes: bytes) -> bytes:
        request = messages.ModelStatisticsRequest.FromString(request_bytes)
        return model_statistics(self._engine.statistics(), request.name, request.version)


def _reflection(package: str) -> Callable[[bytes], bytes]:
    def handle(request_bytes: bytes) -> bytes:
        request_class: Any = messages.message_class(f"{package}.ServerReflectionRequest")
        reply: bytes = reflect(request_class.FromString(request_bytes), package).SerializeToString()
        return reply

    return handle
