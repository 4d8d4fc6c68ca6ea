"""Reference profiles as messages of the admin API; client/profile_replies.py reads them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tiltyard.monitor.profile.cells import Cells
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Slot, Stream
from tiltyard.protocol.admin_words import admin_message, number_of


def profile_parts(profile: Profile) -> Iterator[bytes]:
    """The bytes of a Profile in parts, to be joined; see admin/drift_messages.py."""
    yield _part(
        model=profile.model,
        version=profile.version,
        number=profile.number,
        created=profile.created,
        rows=profile.rows,
        source=dict(profile.source),
        warnings=profile.warnings,
        digest=profile.digest,
    )
    for stream in profile.streams:
        yield _part(streams=[_stream(stream)])
    yield _part(joint=_joint(profile.joint))


def _part(**fields: Any) -> bytes:
    written: bytes = admin_message("Profile")(**fields).SerializeToString()
    return written


def _stream(stream: Stream) -> Any:
    return admin_message("Stream")(
        name=stream.name,
        group=number_of("StreamGroup", stream.group),
        slot=_slot(stream.slot),
        cells=_cells(stream.cells),
        counts=stream.counts.tolist(),
        mean=stream.mean,
        sigma=stream.sigma,
        scale=stream.scale,
        unit=stream.unit,
    )


def _slot(slot: Slot | None) -> Any:
    if slot is None:
        return None
    return admin_message("RecordSlot")(
        side=slot.side,
        tensor=slot.tensor,
        column=slot.column,
        length=slot.length,
        reads=slot.reads,
    )


def _cells(cells: Cells) -> Any:
    return admin_message("Cells")(
        kind=number_of("StreamKind", cells.kind),
        edges=cells.edges.tolist(),
        minimum=cells.minimum,
        codes=cells.codes.tolist(),
        code_cells=cells.code_cells.tolist(),
        labels=cells.labels,
    )


def _joint(joint: JointScores) -> Any:
    lower = np.tril_indices(len(joint.features))
    return admin_message("JointScores")(
        bits=joint.bits.tolist(),
        features=joint.features.tolist(),
        mean=joint.mean.tolist(),
        sigma=joint.sigma.tolist(),
        whitening=joint.whitening[lower].tolist(),
    )
