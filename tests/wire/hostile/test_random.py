"""Random bytes, and an honest session that something has happened to on its way.

After each, the client closes its side; whatever came, the gateway must then close too.
"""

from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wire.hostile import wire as h2
from tests.wire.hostile.target import Target
from tests.wire.hostile.test_windows import ask
from tiltyard.client.inference_client import make_request

LIMITS = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def session() -> list[bytes]:
    """The frames of a session with a bit of everything, after the preface."""
    row = np.ones((1, 4), np.float32)
    infer = h2.message(make_request("identity", {"x": row}).SerializeToString())
    stream = h2.request_fields("ModelStreamInfer")
    return [
        h2.settings((4, 1 << 20), (5, 1 << 15)),
        h2.window(0, 1 << 20),
        h2.headers(h2.request_fields("ServerLive"), 1),
        h2.data(h2.message(), 1),
        h2.headers(h2.request_fields("ModelInfer", grpc_timeout="10S"), 3),
        h2.data(infer[:20], 3, 0),
        h2.ping(),
        h2.data(infer[20:], 3),
        h2.headers(stream, 5),
        h2.data(infer, 5, 0),
        h2.headers(h2.block(h2.request_fields("ModelMetadata"))[:40], 7, 0),
        h2.frame(9, h2.END_HEADERS, 7, h2.block(h2.request_fields("ModelMetadata"))[40:]),
        h2.data(h2.message(b"\x0a\x02w1"), 7),
        h2.data(infer, 5, 0),
        h2.headers(h2.request_fields("ModelStatistics"), 9),
        h2.reset(9),
        h2.window(5, 1000),
        h2.data(infer, 5),
        h2.headers([("x-late", "1")], 11),
        ask(13, 500),
        h2.frame(7, 0, 0, bytes(8)),
    ]


SESSION = session()


def send(target: Target, sent: bytes) -> None:
    """A connection of these bytes, to its end."""
    with target.connect(greet=False) as wire:
        wire.send(sent)
        wire.end_input()
        wire.read_until_closed()


@LIMITS
@given(st.binary(max_size=3_000))
def test_bytes(target: Target, sent: bytes) -> None:
    send(target, sent)


@LIMITS
@given(st.binary(max_size=3_000))
def test_bytes_after_the_greeting(target: Target, sent: bytes) -> None:
    send(target, h2.PREFACE + h2.settings() + sent)


FRAMES = st.builds(
    h2.frame,
    st.integers(0, 12),
    st.integers(0, 255),
    st.one_of(st.sampled_from([0, 1, 2, 3, 5, 0x7FFFFFFF]), st.integers(0, 0xFFFFFFFF)),
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from([h2.block(h2.request_fields()), h2.message(), bytes(4), bytes(8)]),
    ),
)


@LIMITS
@given(st.lists(FRAMES, max_size=30))
def test_frames(target: Target, sent: list[bytes]) -> None:
    """Well-formed frames of any kind in any order."""
    send(target, h2.PREFACE + h2.settings() + b"".join(sent))


@LIMITS
@given(st.binary(max_size=400), st.integers(0, 5))
def test_header_blocks(target: Target, sent: bytes, cuts: int) -> None:
    """Bytes where HPACK is expected, over several frames."""
    pieces = [sent[i :: cuts + 1] for i in range(cuts + 1)]
    kinds = [h2.Kind.HEADERS] + [h2.Kind.CONTINUATION] * cuts
    flags = [0] * cuts + [h2.END_HEADERS]
    frames = map(h2.frame, kinds, flags, [1] * len(kinds), pieces)
    send(target, h2.PREFACE + h2.settings() + b"".join(frames))


def flip(sent: bytearray, draw: Callable[..., int]) -> None:
    at = draw(st.integers(0, len(sent) - 1))
    sent[at] ^= draw(st.integers(1, 255))


@LIMITS
@given(st.data())
def test_flipped_bytes(target: Target, data: st.DataObject) -> None:
    sent = bytearray(h2.PREFACE + b"".join(SESSION))
    for _ in range(data.draw(st.integers(1, 6))):
        flip(sent, data.draw)
    send(target, bytes(sent))


@LIMITS
@given(st.data())
def test_cut_anywhere(target: Target, data: st.DataObject) -> None:
    whole = h2.PREFACE + b"".join(SESSION)
    send(target, whole[: data.draw(st.integers(0, len(whole)))])


@LIMITS
@given(st.permutations(SESSION), st.integers(0, len(SESSION)))
def test_frames_in_another_order(target: Target, frames: list[bytes], kept: int) -> None:
    send(target, h2.PREFACE + h2.settings() + b"".join(frames[:kept]))


@LIMITS
@given(st.lists(st.sampled_from(SESSION), max_size=40))
def test_frames_left_out_and_repeated(target: Target, frames: list[bytes]) -> None:
    send(target, h2.PREFACE + h2.settings() + b"".join(frames))


def test_the_session_itself_is_honest(target: Target) -> None:
    """What the others mutate: each of its calls but the reset one is answered."""
    with target.connect(greet=False) as wire:
        wire.send(h2.PREFACE, *SESSION[:18], SESSION[19])
        for stream in (1, 3, 5, 7, 13):
            assert wire.reply(stream).headers["grpc-status"] == "0", stream
