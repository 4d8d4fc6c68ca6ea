"""Building a profile from a reference: no store, no model, nothing but arrays."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.declaration import STREAMS_MAX, Declaration, Scale
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.joint import (
    COVARIANCE_FEATURES_MAX,
    MAHALANOBIS,
    SURPRISE,
    Halves,
    fit_joint,
    row_scores,
)
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.reference import Reference, Table, match, some
from tiltyard.monitor.profile.signature import Signature
from tiltyard.monitor.profile.stream import Group, Stream
from tiltyard.monitor.profile.stream_making import Made, make_joint_stream, make_stream
from tiltyard.monitor.profile.surprise import reference_surprise
from tiltyard.monitor.profile.watch import Watch, choose
from tiltyard.monitor.profile.weakness import weaknesses
from tiltyard.store.manifest import TensorSpec

Array = npt.NDArray[Any]

NAME_CHARACTERS_MAX = 256


def build_profile(
    reference: Reference,
    signature: Signature,
    declaration: Declaration = Declaration(),  # noqa: B008 - frozen
    *,
    model: str = "",
    version: int = 0,
    created: str = "",
    source: Mapping[str, str] | None = None,
) -> Profile:
    """The profile of a version from rows of its inputs and, where known, outputs.

    `created` is the time of now without one; `source` says where the rows come from. The digest and
    the number come with the file (codec.py). Raises ReferenceRefused where the declaration does not
    fit, and for more than STREAMS_MAX streams.
    """
    choice = choose(reference, signature, declaration)
    watches = _with_own_names(choice.watches, choice.notes)
    if len(watches) > STREAMS_MAX:
        raise ReferenceRefused(
            f"expected at most {STREAMS_MAX:,} features and outputs, got {len(watches):,}: watch"
            ' wide inputs by summaries (tensors.NAME = "summaries" in the file of --streams)'
        )
    made = [
        make_stream(
            watch, declaration.cells, declaration.scales.get(_plain_name(watch), Scale(1.0))
        )
        for watch in watches
    ]
    joint, joint_streams, warnings = _joint(made, watches, reference.rows, declaration.cells)
    streams = (*(one.stream for one in made), *joint_streams)
    warnings += weaknesses(
        streams,
        watches,
        rows=reference.rows,
        cells=declaration.cells,
        delta=declaration.delta,
    )
    return Profile(
        model=model,
        version=version,
        number=0,
        created=created or datetime.now(UTC).isoformat(timespec="seconds"),
        rows=reference.rows,
        streams=streams,
        joint=joint,
        source={**(source or {}), **_told(declaration, choice.notes)},
        warnings=tuple(warnings),
    )


def profile_of_columns(
    columns: Mapping[str, Array],
    outputs: Mapping[str, Array] | None = None,
    declaration: Declaration = Declaration(),  # noqa: B008 - frozen
    **named: Any,
) -> Profile:
    """A profile of float32 columns [rows] by name, as of a model with one tensor FP32 [N, columns].

    `outputs` are columns of numbers, FP32 each. What build_profile() takes by name, it takes too.
    """
    tensor = TensorSpec("x", "FP32", (None, len(columns)))
    told = tuple(TensorSpec(name, "FP32", (None,)) for name in outputs or {})
    signature = Signature((tensor,), told)
    table = Table({**columns, **(outputs or {})})
    return build_profile(match(table, signature, declaration), signature, declaration, **named)


def _joint(
    made: Sequence[Made], watches: Sequence[Watch], rows: int, cells_max: int
) -> tuple[JointScores, list[Stream], list[str]]:
    features = [i for i, watch in enumerate(watches) if watch.group is Group.feature]
    cells = [made[index].stream.cells for index in features]
    indices: Ints = np.stack([made[index].indices for index in features], axis=1)
    values = np.stack([watches[index].words.view(np.float32) for index in features], axis=1)
    halves = Halves.of(rows)
    warnings = []
    ordered = sum(one.kind.is_ordered for one in cells)
    has_covariance = len(features) <= COVARIANCE_FEATURES_MAX
    if not has_covariance:
        warnings.append(
            f"{len(features):,} features have no Mahalanobis distance: it takes at most"
            f" {COVARIANCE_FEATURES_MAX}"
        )
    elif ordered >= len(halves.fit):
        has_covariance = False
        warnings.append(
            f"no Mahalanobis distance: {len(halves.fit):,} rows, half of the reference, do not"
            f" tell how {ordered:,} features go together"
        )
    joint = fit_joint(cells, indices, values, fit=halves.fit, has_covariance=has_covariance)
    sizes = [one.size for one in cells]
    surprise = reference_surprise(cells, [watches[index].words for index in features], indices)
    _, distance = row_scores(joint, sizes, indices[halves.scored], values[halves.scored])
    streams = [make_joint_stream(SURPRISE, surprise, cells_max)]
    if len(joint.features):
        streams.append(make_joint_stream(MAHALANOBIS, distance, cells_max))
    return joint, streams, warnings


def _with_own_names(watches: Sequence[Watch], notes: list[str]) -> list[Watch]:
    """No two streams have one name: an output that is called as a feature says what it is."""
    used = {SURPRISE, MAHALANOBIS}
    found = []
    for watch in watches:
        name = watch.name
        if name in used:
            name = f"{watch.name} ({watch.slot.side})"
            notes.append(f"{watch.slot.side} {watch.name!r} is called {name!r} here")
        if name in used:
            raise ReferenceRefused(
                f"expected different names of streams, got two of {some([name])}"
            )
        if len(name) > NAME_CHARACTERS_MAX:
            raise ReferenceRefused(
                f"{watch.slot.side} {watch.name[:40]!r}..: expected a name of at most"
                f" {NAME_CHARACTERS_MAX} characters, got {len(name)}"
            )
        used.add(name)
        found.append(replace(watch, name=name))
    return found


def _plain_name(watch: Watch) -> str:
    return watch.name.removesuffix(f" ({watch.slot.side})")


def _told(declaration: Declaration, notes: Sequence[str]) -> dict[str, str]:
    """What was declared and chosen, for `source`."""
    declared = {
        "categorical": sorted(declaration.categorical),
        "groups": {name: list(block) for name, block in declaration.groups.items()},
        "kinds": {name: str(kind) for name, kind in declaration.kinds.items()},
        "tensors": dict(declaration.tensors),
        "ignored": sorted(declaration.ignored),
        "time_column": declaration.time_column or "",
    }
    said = {name: value for name, value in declared.items() if value}
    told = {"cells": str(declaration.cells), "delta": f"{declaration.delta:g}"}
    if said:
        told["declared"] = json.dumps(said, sort_keys=True, ensure_ascii=False)
    if notes:
        told["chosen"] = "\n".join(notes)
    return told
