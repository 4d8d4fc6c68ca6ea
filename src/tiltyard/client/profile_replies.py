"""Messages of the admin API to reference profiles, the reverse of admin/profile_messages.py."""

from typing import Any

import numpy as np

from tiltyard.monitor.profile.cells import Cells, Kind
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Group, Slot, Stream
from tiltyard.protocol.admin_words import word_of


def read_profile(message: Any) -> Profile:
    """Raises ValueError for a kind or a group of streams that this client does not know."""
    return Profile(
        model=message.model,
        version=message.version,
        number=message.number,
        created=message.created,
        rows=message.rows,
        streams=tuple(map(_stream, message.streams)),
        joint=_joint(message.joint),
        source=dict(message.source),
        warnings=tuple(message.warnings),
        digest=message.digest,
    )


def _stream(message: Any) -> Stream:
    return Stream(
        name=message.name,
        group=Group(word_of("StreamGroup", message.group)),
        slot=_slot(message.slot) if message.HasField("slot") else None,
        cells=_cells(message.cells),
        counts=np.array(message.counts, np.int64),
        mean=message.mean,
        sigma=message.sigma,
        scale=message.scale,
        unit=message.unit,
    )


def _slot(message: Any) -> Slot:
    return Slot(message.side, message.tensor, message.column, message.length, message.reads)


def _cells(message: Any) -> Cells:
    return Cells(
        kind=Kind(word_of("StreamKind", message.kind)),
        edges=np.array(message.edges, np.float32),
        minimum=message.minimum,
        codes=np.array(message.codes, np.uint32),
        code_cells=np.array(message.code_cells, np.int64),
        labels=tuple(message.labels),
    )


def _joint(message: Any) -> JointScores:
    d = len(message.features)
    whitening = np.zeros((d, d))
    whitening[np.tril_indices(d)] = np.array(message.whitening, np.float64)
    return JointScores(
        bits=np.array(message.bits, np.float64),
        features=np.array(message.features, np.int64),
        mean=np.array(message.mean, np.float64),
        sigma=np.array(message.sigma, np.float64),
        whitening=whitening,
    )
