"""One row of a conformance table: what is sent, and what the RFC allows in answer."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.wire.hostile.target import Target
from tests.wire.hostile.wire import Code, Wire, ping

LAST_WORD = b"the end?"  # of a PING behind the attack


@dataclass(frozen=True)
class Over:
    """A step: read until the stream is over, before the rest is sent."""

    stream: int = 1


Step = bytes | Over


class Expected(ABC):
    """What may come. `check` raises AssertionError that says what came instead."""

    @abstractmethod
    def check(self, wire: Wire) -> None: ...


@dataclass(frozen=True)
class Gone(Expected):
    """GOAWAY with one of the codes, and the connection is closed."""

    codes: tuple[Code, ...]

    def check(self, wire: Wire) -> None:
        wire.read_until_closed()
        assert wire.goaway in self.codes, f"expected GOAWAY {self.codes}, got {wire.goaway}"


@dataclass(frozen=True)
class Closed(Expected):
    """The connection is closed, with or without a word (RFC 9113 3.4)."""

    def check(self, wire: Wire) -> None:
        wire.read_until_closed()


@dataclass(frozen=True)
class Reset(Expected):
    """RST_STREAM with one of the codes and the connection lives, or GOAWAY with one (5.4.2)."""

    codes: tuple[Code, ...]
    stream: int = 1

    def check(self, wire: Wire) -> None:
        reply = wire.reply(self.stream)
        if wire.closed:
            assert wire.goaway in self.codes, f"expected {self.codes}, got GOAWAY {wire.goaway}"
            return
        assert reply.reset in self.codes, f"expected RST_STREAM {self.codes}, got {reply}"
        assert wire.is_alive()


@dataclass(frozen=True)
class Answered(Expected):
    """A whole reply with this grpc-status, and the connection lives unless the client said bye."""

    grpc_status: int = 0
    stream: int = 1
    status: int = 200
    lives: bool = True

    def check(self, wire: Wire) -> None:
        reply = wire.reply(self.stream)
        assert reply.ended, f"expected a reply, got {reply}, GOAWAY {wire.goaway}"
        assert reply.headers.get(":status") == str(self.status), reply
        assert reply.headers.get("grpc-status") == str(self.grpc_status), reply
        assert wire.is_alive() or not self.lives


@dataclass(frozen=True)
class Ignored(Expected):
    """Nothing at all: the PING behind it is answered, and no stream was reset."""

    def check(self, wire: Wire) -> None:
        while LAST_WORD not in wire.pongs:
            assert wire.read() is not None, f"the connection was closed, GOAWAY {wire.goaway}"
        assert wire.is_alive()
        assert all(reply.reset is None for reply in wire.replies.values()), wire.replies


@dataclass(frozen=True)
class Tolerated(Expected):
    """Nothing, or an error with one of the codes: where the RFC leaves a choice."""

    codes: tuple[Code, ...]

    def check(self, wire: Wire) -> None:
        while LAST_WORD not in wire.pongs and wire.read() is not None:
            pass
        if wire.closed or not wire.is_alive():
            assert wire.goaway in self.codes, f"tolerable {self.codes}, got GOAWAY {wire.goaway}"
            return
        resets = {reply.reset for reply in wire.replies.values()} - {None}
        assert resets <= set(self.codes), f"tolerable {self.codes}, got RST_STREAM {resets}"


@dataclass(frozen=True)
class Case:
    """A row. `steps` follow the connection's greeting; a PING goes behind them."""

    name: str
    steps: Step | Sequence[Step]
    expected: Expected
    first_settings: tuple[tuple[int, int], ...] = ()
    greet: bool = True
    ping: bool = True

    def run(self, target: Target) -> None:
        """Send it and check what comes."""
        with target.connect(*self.first_settings, greet=self.greet) as wire:
            steps = [self.steps] if isinstance(self.steps, bytes | Over) else self.steps
            pending = b""
            for step in steps:
                if isinstance(step, bytes):
                    pending += step
                    continue
                wire.send(pending)
                pending = b""
                assert wire.reply(step.stream).is_over, f"no reply before {self.name}"
            wire.send(pending + (ping(LAST_WORD) if self.ping else b""))
            self.expected.check(wire)


def gone(*codes: Code) -> Gone:
    """A connection error."""
    return Gone(codes)


def stream_error(*codes: Code, stream: int = 1) -> Reset:
    """A stream error."""
    return Reset(codes, stream)


def tolerated(*codes: Code) -> Tolerated:
    """An error that need not come."""
    return Tolerated(codes)


def table(rows: Sequence[Case]) -> pytest.MarkDecorator:
    """The rows as a test's parameter `case`; each name once."""
    names = [row.name for row in rows]
    assert len(set(names)) == len(names), "two rows of a table have the same name"
    return pytest.mark.parametrize("case", rows, ids=names)
