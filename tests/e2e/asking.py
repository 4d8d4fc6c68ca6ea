"""Clients that ask a model without pause, and what each of their requests has come to."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc
import numpy as np
import numpy.typing as npt

from tiltyard.client import InferenceClient, InferReply
from tiltyard.client.inference_messages import call_coding, make_request, read_reply
from tiltyard.errors import ClientError
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.protocol import messages

ROWS = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply: when it was asked for and had, by this process's clock, and who says it served."""

    sent_s: float
    received_s: float
    version: int


class Asking:
    """`clients` of them, each on a connection of its own. A context manager.

    The model adds its version's number to what it gets. A reply of which one value tells of another
    version than it names is a fault, and so is every error.
    """

    def __init__(
        self, address: str, model: str, *, clients: int = 2, pinned: int | None = None
    ) -> None:
        self._address = address
        self._model = model
        self._pinned = pinned
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,)) for number in range(clients)
        ]
        self.answers: list[Answer] = []
        self.faults: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, when all that was asked is answered. Idempotent."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait(self, count: int) -> None:
        """Until so many more have been answered."""
        enough = len(self.answers) + count
        wait_for(lambda: len(self.answers) >= enough or bool(self.faults))

    def since(self, moment_s: float) -> list[Answer]:
        """What was asked after that moment."""
        return [answer for answer in list(self.answers) if answer.sent_s >= moment_s]

    def versions(self, after_s: float = 0.0, until_s: float = float("inf")) -> Counter[int]:
        """Who answered what was asked after one moment and answered before another."""
        return Counter(
            answer.version for answer in self.since(after_s) if answer.received_s <= until_s
        )

    def _ask(self, number: int) -> None:
        chance = np.random.default_rng(number)
        with InferenceClient(self._address) as client:
            while not self._stopping.is_set():
                rows = chance.integers(0, 1000, (ROWS, 4)).astype(np.float32)
                sent_s = time.perf_counter()
                try:
                    reply = client.infer(
                        self._model, {"x": rows}, version=self._pinned, timeout_s=60
                    )
                except ClientError as error:
                    self.faults.append(str(error))
                    continue
                self._take(rows, reply, sent_s)

    def _take(self, rows: npt.NDArray[np.float32], reply: InferReply, sent_s: float) -> None:
        version = int(reply.version)
        if (reply.outputs["y"] != rows + np.float32(version)).any():
            self.faults.append(f"{reply.outputs['y'] - rows} from version {version}")
        self.answers.append(Answer(sent_s, time.perf_counter(), version))


@dataclass(frozen=True, slots=True)
class Explained:
    """What a reply says of how it was routed. `bucket` is None where no key was looked at."""

    version: int
    value: float
    role: str
    epoch: int | None
    bucket: int | None


class Explaining:
    """Asks one request after the other to be explained. A context manager."""

    def __init__(self, address: str, model: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._call = self._channel.unary_unary(
            messages.method_path("ModelInfer"), **call_coding("ModelInfer")
        )
        self._model = model

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.close()

    def ask(
        self,
        *,
        metadata: str = "",
        parameter: str = "",
        request_id: str = "",
        version: int | None = None,
    ) -> Explained:
        """With a key in the metadata, as a parameter, as the request's id, or none."""
        parameters: dict[str, bool | int | float | str] = {"tiltyard_explain": True}
        if parameter:
            parameters["routing_key"] = parameter
        request = make_request(
            self._model,
            {"x": np.zeros((1, 4), np.float32)},
            version=version,
            parameters=parameters,
            request_id=request_id,
        )
        keys = [("tiltyard-key", metadata)] if metadata else []
        reply = read_reply(self._call(request, metadata=keys, timeout=60))
        said = reply.parameters
        return Explained(
            version=int(reply.version),
            value=float(reply.outputs["y"][0, 0]),
            role=str(said.get("tiltyard_role", "")),
            epoch=_number(said.get("tiltyard_epoch")),
            bucket=_number(said.get("tiltyard_bucket")),
        )


def kill(gateway: GatewayProcess) -> None:
    """End it at once: its own end has a low priority, and takes seconds on a busy machine."""
    assert gateway.process is not None
    gateway.process.kill()
    gateway.process.wait()


def wait_for(condition: Callable[[], bool], bound_s: float = 60.0) -> None:
    give_up = time.monotonic() + bound_s
    while not condition():
        assert time.monotonic() < give_up, "the condition did not come true"
        threading.Event().wait(0.005)


def _number(value: object) -> int | None:
    return None if value is None else int(str(value))
