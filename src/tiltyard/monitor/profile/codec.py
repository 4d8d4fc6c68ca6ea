"""Profiles as files: encode, decode with every value checked, and as JSON for a reader.

A file may have been uploaded by anybody: decode() takes only what a profile can be, within bounds,
so that whoever counts by it needs to check nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.archive import (
    Archive,
    decode_archive,
    encode_archive,
    take_array,
)
from tiltyard.monitor.profile.cells import Cells, Ints, Kind
from tiltyard.monitor.profile.codec_checks import (
    check_cells,
    check_joint,
    check_profile,
    check_stream,
    read_header,
)
from tiltyard.monitor.profile.profile import JointScores, Profile
from tiltyard.monitor.profile.stream import Group, Slot, Stream

FORMAT = 1


def encode(profile: Profile) -> bytes:
    """The bytes of the profile's file; its number and digest are not in them.

    Raises MalformedProfileError for a profile that decode() would refuse.
    """
    streams = profile.streams
    header = {
        "format": FORMAT,
        "model": profile.model,
        "version": profile.version,
        "created": profile.created,
        "rows": profile.rows,
        "source": dict(profile.source),
        "warnings": list(profile.warnings),
        "streams": [_stream_header(stream) for stream in streams],
        "covariance_features": len(profile.joint.features),
    }
    joint = profile.joint
    arrays = {
        "edges": _joined([stream.cells.edges for stream in streams], np.float32),
        "minimum": np.array([stream.cells.minimum for stream in streams], np.float64),
        "codes": _joined([stream.cells.codes for stream in streams], np.uint32),
        "code_cells": _joined([stream.cells.code_cells for stream in streams], np.uint16),
        "counts": _joined([stream.counts for stream in streams], np.int64),
        "mean": np.array([stream.mean for stream in streams], np.float64),
        "sigma": np.array([stream.sigma for stream in streams], np.float64),
        "scale": np.array([stream.scale for stream in streams], np.float64),
        "joint_bits": joint.bits,
        "joint_features": joint.features,
        "joint_mean": joint.mean,
        "joint_sigma": joint.sigma,
        "joint_whitening": joint.whitening,
    }
    data = encode_archive(Archive(header, arrays))
    decode(data, f"profile of {profile.model} version {profile.version}")
    return data


def decode(data: bytes | memoryview, where: str, number: int = 0) -> Profile:
    """The profile in a file, with the sha256 of the file as its digest.

    `where` names the file in errors, `number` is the profile's. Raises MalformedProfileError that
    says what was expected and what came.
    """
    archive = decode_archive(data, where)
    header = read_header(archive.header, where, FORMAT)
    streams = _streams(archive, where, header["streams"])
    joint = _joint(archive, where, header["covariance_features"], streams)
    profile = Profile(
        model=header["model"],
        version=header["version"],
        number=number,
        created=header["created"],
        rows=header["rows"],
        streams=streams,
        joint=joint,
        source=header["source"],
        warnings=tuple(header["warnings"]),
    )
    check_profile(profile, where)
    return replace(profile, digest=hashlib.sha256(data).hexdigest())


def to_json(profile: Profile) -> dict[str, Any]:
    """All of the profile in JSON's types: every edge, label, count and moment.

    Edges and minima are the shortest decimals that are the float32 again.
    """
    joint = profile.joint
    names = [stream.name for stream in profile.streams]
    return {
        "model": profile.model,
        "version": profile.version,
        "number": profile.number,
        "digest": profile.digest,
        "created": profile.created,
        "rows": profile.rows,
        "source": dict(profile.source),
        "warnings": list(profile.warnings),
        "streams": [_stream_json(stream) for stream in profile.streams],
        "joint": {
            "bits": joint.bits.tolist(),
            "features": [names[index] for index in joint.features.tolist()],
            "mean": joint.mean.tolist(),
            "sigma": joint.sigma.tolist(),
            "whitening": joint.whitening.tolist(),
        },
    }


def _stream_header(stream: Stream) -> dict[str, Any]:
    rare = {} if stream.other_rare is None else {"other_rare": list(stream.other_rare)}
    return {
        **rare,
        "name": stream.name,
        "group": str(stream.group),
        "kind": str(stream.cells.kind),
        "slot": None if stream.slot is None else list(stream.slot),
        "unit": stream.unit,
        "edges": len(stream.cells.edges),
        "codes": len(stream.cells.codes),
        "labels": list(stream.cells.labels),
    }


def _stream_json(stream: Stream) -> dict[str, Any]:
    cells = stream.cells
    told: dict[str, Any] = {
        "name": stream.name,
        "group": str(stream.group),
        "kind": str(cells.kind),
        "slot": None if stream.slot is None else stream.slot._asdict(),
        "rows": stream.rows,
        "mean": stream.mean,
        "sigma": stream.sigma,
        "scale": stream.scale,
        "unit": stream.unit,
        "cells": [str(role) for role in cells.roles],
        "counts": stream.counts.tolist(),
    }
    if cells.kind.is_ordered:
        return {**told, "minimum": _short(cells.minimum), "edges": _shorts(cells.edges)}
    return {
        **told,
        "labels": list(cells.labels),
        "codes": cells.codes.tolist(),
        "code_cells": cells.code_cells.tolist(),
        "other_rare": stream.other_rare,
    }


def _streams(
    archive: Archive, where: str, headers: Sequence[Mapping[str, Any]]
) -> tuple[Stream, ...]:
    count = len(headers)
    edges_total = sum(header["edges"] for header in headers)
    codes_total = sum(header["codes"] for header in headers)
    edges = take_array(archive, where, "edges", np.float32, (edges_total,))
    codes = take_array(archive, where, "codes", np.uint32, (codes_total,))
    code_cells = take_array(archive, where, "code_cells", np.uint16, (codes_total,))
    numbers = {
        name: take_array(archive, where, name, np.float64, (count,)).tolist()
        for name in ("minimum", "mean", "sigma", "scale")
    }
    all_cells: list[Cells] = []
    edge, code = 0, 0
    for index, header in enumerate(headers):
        next_edge, next_code = edge + header["edges"], code + header["codes"]
        cells = Cells(
            Kind(header["kind"]),
            edges[edge:next_edge],
            numbers["minimum"][index],
            codes[code:next_code],
            code_cells[code:next_code].astype(np.int64),
            tuple(header["labels"]),
        )
        check_cells(cells, f"{where}: stream {header['name']!r}")
        all_cells.append(cells)
        edge, code = next_edge, next_code
    sizes = [cells.size for cells in all_cells]
    counts = take_array(archive, where, "counts", np.int64, (sum(sizes),))
    ends = np.cumsum(sizes).tolist()
    streams = []
    for index, header in enumerate(headers):
        stream = Stream(
            header["name"],
            Group(header["group"]),
            None if header["slot"] is None else Slot(*header["slot"]),
            all_cells[index],
            counts[ends[index] - sizes[index] : ends[index]],
            numbers["mean"][index],
            numbers["sigma"][index],
            numbers["scale"][index],
            header["unit"],
            tuple(header["other_rare"]) if "other_rare" in header else None,
        )
        check_stream(stream, f"{where}: stream {stream.name!r}")
        streams.append(stream)
    return tuple(streams)


def _joint(archive: Archive, where: str, d: int, streams: Sequence[Stream]) -> JointScores:
    features = [stream for stream in streams if stream.group is Group.feature]
    size = sum(stream.cells.size for stream in features)
    joint = JointScores(
        bits=take_array(archive, where, "joint_bits", np.float64, (size,)),
        features=take_array(archive, where, "joint_features", np.int64, (d,)),
        mean=take_array(archive, where, "joint_mean", np.float64, (d,)),
        sigma=take_array(archive, where, "joint_sigma", np.float64, (d,)),
        whitening=take_array(archive, where, "joint_whitening", np.float64, (d, d)),
    )
    check_joint(joint, features, where)
    return joint


def _joined(arrays: Sequence[npt.NDArray[Any] | Ints], dtype: Any) -> npt.NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype), *arrays]).astype(dtype)


def _short(value: float) -> float:
    return float(str(np.float32(value)))


def _shorts(values: npt.NDArray[np.float32]) -> list[float]:
    return [_short(value) for value in values.tolist()]
