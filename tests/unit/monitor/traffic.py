"""Blocks of records as a reader gives them, of a model with two float features and a score."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.build import profile_of_columns
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.profile.recount import count_rows

HEAD_WORDS = 8
Columns = dict[str, npt.NDArray[np.float32]]


class Block(bytearray):
    """Has the buffer protocol, as a RecordBlock has."""

    plane = 0
    words = 0
    records = 0


def columns(seed: int, count: int, shift: float = 0.0) -> Columns:
    """An age is whole, for segments, and odd: a test gives those of its own segment an even one."""
    drawn = np.random.default_rng(seed).standard_normal((2, count)).astype(np.float32)
    return {"amount": drawn[0] + np.float32(shift), "age": 2 * np.rint(12 * drawn[1]) + 41}


def scores(rows: Columns) -> Columns:
    return {"score": np.float32(1) / (np.float32(1) + np.exp(-rows["amount"]))}


def reference_profile(model: str = "fraud", version: int = 2, rows: int = 4_000) -> Profile:
    found = columns(0, rows)
    return profile_of_columns(found, scores(found), model=model, version=version)


def words_of(rows: Columns, time_ns: int = 1, request_rows: int = 1) -> npt.NDArray[np.uint32]:
    """uint32[n, W], each request with so many rows."""
    values = np.stack([*rows.values(), *scores(rows).values()], axis=1)
    count, slots = values.shape
    words = np.zeros((count, HEAD_WORDS + slots + slots % 2), np.uint32)
    words[:, 0:2] = np.array([time_ns], "<u8").view(np.uint32)
    words[:, 4] = request_rows
    words[:, 5] = np.arange(count) % request_rows
    words[:, HEAD_WORDS : HEAD_WORDS + slots] = values.view(np.uint32)
    return words


def block_of(plane: int, words: npt.NDArray[np.uint32]) -> Block:
    block = Block(words.tobytes())
    block.plane, block.records, block.words = plane, *words.shape
    return block


def recount(profile: Profile, parts: Sequence[npt.NDArray[np.uint32]]) -> Ints:
    """What was counted, by the other implementation."""
    words = np.concatenate(parts)
    return count_rows(profile, words[:, HEAD_WORDS:], words[:, 4], words[:, 5])
