"""Profiles of every kind of stream, records for them, and a recount that shares no code."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.compilation import compile_kernel
from tiltyard.monitor.counting.counter import Kernel
from tiltyard.monitor.counting.record import HEAD_WORDS, Words
from tiltyard.monitor.profile.cells import Cells, Ints, Kind, category_cells, ordered_cells
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Group, Slot, Stream

F32 = np.float32
MAX = np.finfo(F32).max
DENORMAL = F32(1e-42)
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, DENORMAL, -DENORMAL, MAX, -MAX], F32)


@cache
def kernel() -> Kernel:
    return compile_kernel().kernel


def numeric(edges: int = 32, seed: int = 0) -> Cells:
    values = np.sort(np.random.default_rng(seed).standard_normal(edges)).astype(F32)
    return ordered_cells(Kind.numeric, np.unique(values), float(values[0]) - 0.25)


def discrete(values: Sequence[float]) -> Cells:
    return ordered_cells(Kind.discrete, np.array(values, F32), float(F32(values[0])))


def categorical(codes: int, categories: int, seed: int = 0) -> Cells:
    """The first codes have cells of their own; the others are in OTHER."""
    chance = np.random.default_rng(seed)
    found = np.sort(chance.choice(0xFFFFFF00, codes, replace=False)).astype(np.uint32)
    cells = np.minimum(chance.permutation(codes), categories).astype(np.int64)
    return category_cells(found, cells, tuple(f"c{n}" for n in range(categories)))


def feature(name: str, cells: Cells, mean: float = 0.1, sigma: float = 1.3) -> Stream:
    ones = np.ones(cells.size, np.int64)
    return Stream(name, Group.feature, Slot("input", "x", 0, 1, "number"), cells, ones, mean, sigma)


def output(name: str, cells: Cells) -> Stream:
    ones = np.ones(cells.size, np.int64)
    return Stream(name, Group.output, Slot("output", "y", 0, 1, "number"), cells, ones, -0.2, 0.7)


def profile_of(
    recorded: Sequence[Stream], *, distances: Sequence[int] = (), seed: int = 0
) -> Profile:
    """`distances` are the features that the Mahalanobis distance is of."""
    chance = np.random.default_rng(seed)
    features = [stream for stream in recorded if stream.group is Group.feature]
    d = len(distances)
    joint = JointScores(
        chance.uniform(0.1, 12, sum(stream.cells.size for stream in features)),
        np.array(distances, np.int64),
        chance.standard_normal(d),
        chance.uniform(0.2, 3, d),
        np.tril(chance.standard_normal((d, d))),
    )
    names = ["surprise", "mahalanobis"] if d else ["surprise"]
    scores = [ordered_cells(Kind.numeric, np.arange(10, 90, 5, dtype=F32), 4.0) for _ in names]
    streams = [
        Stream(name, Group.joint, None, cells, np.ones(cells.size, np.int64), 40.0, 9.0)
        for name, cells in zip(names, scores, strict=True)
    ]
    return Profile("m", 1, 1, "", 100, (*recorded, *streams), joint)


def mixed_profile() -> Profile:
    """Every kind of cells, edge counts around the kernels' blocks of eight, and d = 5."""
    recorded = [
        feature("n1", numeric(1)),
        feature("n7", numeric(7, 1), 1e-30, 1e-38),
        feature("n8", numeric(8, 2), -3.5, 0.001),
        feature("n33", numeric(33, 3)),
        feature("n100", numeric(100, 4)),
        feature("d1", discrete([3.0])),
        feature("d9", discrete([-2, -1, 0, 0.5, 1, 2, 3, 5, 8])),
        feature("c0", categorical(0, 0)),
        feature("c3", categorical(3, 3)),
        feature("c64", categorical(64, 20)),
        feature("c65", categorical(65, 65)),
        feature("c5000", categorical(5000, 30)),
        output("score", numeric(32, 5)),
        output("label", discrete([0, 1])),
    ]
    return profile_of(recorded, distances=(0, 2, 3, 4, 6))


def wide_profile(features: int = 30, *, has_distances: bool = True) -> Profile:
    """Numeric features of 32 cells, and three outputs."""
    recorded = [feature(f"x{n}", numeric(32, n)) for n in range(features)]
    recorded += [output(f"y{n}", numeric(32, 100 + n)) for n in range(3)]
    return profile_of(recorded, distances=range(features) if has_distances else ())


def words_of(profile: Profile, rows: int, seed: int = 0) -> Words:
    """Records with heads; values on edges, between them, outside, and special ones."""
    chance = np.random.default_rng(seed)
    slots = len(profile.slots)
    words = np.zeros((rows, HEAD_WORDS + slots + slots % 2), np.uint32)
    words[:, 0] = np.arange(rows)  # ns
    words[:, 2] = chance.integers(0, 2**32, rows)
    words[:, 4] = chance.integers(1, 5, rows)
    words[:, 5] = chance.integers(0, 3, rows)
    for slot, stream in enumerate(profile.streams[:slots]):
        words[:, HEAD_WORDS + slot] = _slot_words(stream.cells, rows, chance)
    return words


def _slot_words(cells: Cells, rows: int, chance: np.random.Generator) -> Words:
    if cells.kind.is_ordered:
        some = [
            cells.edges,
            np.nextafter(cells.edges, F32(-np.inf)),
            np.nextafter(cells.edges, F32(np.inf)),
            np.array([cells.minimum, np.nextafter(F32(cells.minimum), F32(-np.inf))], F32),
            SPECIAL,
            chance.standard_normal(40).astype(F32),
        ]
        return chance.choice(np.concatenate(some), rows).view(np.uint32)
    near = [cells.codes, cells.codes + np.uint32(1), chance.integers(0, 2**32, 20)]
    special = np.array([0, 1, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD], np.uint32)
    return chance.choice(np.concatenate([*near, special]).astype(np.uint32), rows)


def cell_of(cells: Cells, word: int) -> int:
    """Of one word, by the sentences of Cells, one value at a time."""
    roles = [str(role) for role in cells.roles]
    if not cells.kind.is_ordered:
        for sentinel, role in ((0xFFFFFFFF, "missing"), (0xFFFFFFFE, "invalid")):
            if word == sentinel:
                return roles.index(role)
        known: dict[int, int] = dict(
            zip(cells.codes.tolist(), cells.code_cells.tolist(), strict=True)
        )
        return known.get(word, roles.index("unseen"))
    value = float(np.array([word], np.uint32).view(F32)[0])
    edges = [float(edge) for edge in cells.edges]
    if value != value:
        return roles.index("missing")
    if value in (np.inf, -np.inf):
        return roles.index("+inf" if value > 0 else "-inf")
    if value < float(F32(cells.minimum)):
        return roles.index("below")
    if value > edges[-1]:
        return roles.index("above")
    if cells.kind is Kind.discrete and value not in edges:
        return roles.index("unseen")
    return roles.index("finite") + sum(edge < value for edge in edges)


def scores_of(profile: Profile, row: Sequence[int]) -> tuple[F32, F32]:
    """Surprise and squared distance of one record's slots, in Python's own floats."""
    bits, surprise = profile.joint.bits.tolist(), 0.0
    at = 0
    for stream, word in zip(profile.streams, row, strict=False):
        if stream.group is Group.feature:
            surprise += bits[at + cell_of(stream.cells, word)]
            at += stream.cells.size
    joint, z = profile.joint, []
    for index, mean, sigma in zip(joint.features, joint.mean, joint.sigma, strict=True):
        value = float(np.array([row[index]], np.uint32).view(F32)[0])
        z.append((value - float(mean)) / float(sigma) if np.isfinite(value) else 0.0)
    distance = 0.0
    for i, weights in enumerate(joint.whitening.tolist()):
        y = 0.0
        for j in range(i + 1):
            y += weights[j] * z[j]
        distance += y * y
    with np.errstate(over="ignore"):
        return F32(surprise), F32(distance)


def recount(profile: Profile, words: Words) -> Ints:
    """The vector of these records, one row and one stream at a time."""
    layout = profile.layout
    counts = layout.zeros()
    slots = len(profile.slots)
    for record in words.tolist():
        row = record[HEAD_WORDS : HEAD_WORDS + slots]
        counts[:3] += (1, int(record[5] == 0), record[4])
        joint = np.array(scores_of(profile, row), F32).view(np.uint32).tolist()
        for index, stream in enumerate(profile.streams):
            word = row[index] if index < slots else joint[index - slots]
            layout.cells(counts, index)[cell_of(stream.cells, word)] += 1
            value = float(np.array([word], np.uint32).view(F32)[0])
            if stream.cells.kind.is_ordered and np.isfinite(value):
                z = min(max((value - stream.mean) / stream.sigma, -1024.0), 1024.0)
                q = round(z * 65536)
                counts[3 + 2 * index : 5 + 2 * index] += (q, (q * q) >> 16)
    return counts


def same_floats(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> bool:
    """Bit for bit; every NaN is as good as another."""
    return bool(np.array_equal(left, right, equal_nan=True))
