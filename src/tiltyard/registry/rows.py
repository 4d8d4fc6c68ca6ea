"""A model's state, its versions and its events as rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from tiltyard.registry import schema
from tiltyard.registry.compare_rule import CompareRule
from tiltyard.registry.event import Event
from tiltyard.registry.state import Challenger, ModelState

_MODELS, _VERSIONS, _CHALLENGERS = schema.models, schema.versions, schema.challengers
_EVENTS = schema.events


def read_models(connection: Connection, name: str | None = None) -> dict[str, ModelState]:
    """The models by name, or the one that is asked for, if there is one."""
    models = select(_MODELS).order_by(_MODELS.c.name)
    versions = select(_VERSIONS).order_by(_VERSIONS.c.model)
    challengers = select(_CHALLENGERS).order_by(_CHALLENGERS.c.model, _CHALLENGERS.c.position)
    if name is not None:
        models = models.where(_MODELS.c.name == name)
        versions = versions.where(_VERSIONS.c.model == name)
        challengers = challengers.where(_CHALLENGERS.c.model == name)
    of_model = _by_model(connection.execute(versions))
    beside = _by_model(connection.execute(challengers))
    return {
        row.name: _state(row, of_model.get(row.name, []), beside.get(row.name, []))
        for row in connection.execute(models)
    }


def add_model(connection: Connection, name: str) -> ModelState:
    """A model of which nothing is known yet; its epoch is 0 until something is."""
    state = ModelState(name, 0, None)
    connection.execute(insert(_MODELS).values(name=name, **_columns(state)))
    return state


def write_model(connection: Connection, before: ModelState, after: ModelState) -> None:
    """Write what differs. `before` is what was read in the same transaction."""
    written = connection.execute(
        update(_MODELS)
        .where(_MODELS.c.name == before.name, _MODELS.c.epoch == before.epoch)
        .values(_columns(after))
    )
    assert written.rowcount == 1, "a model changed within a transaction that writes"
    for unloaded, differing in (
        (True, after.unloaded - before.unloaded),
        (False, before.unloaded - after.unloaded),
    ):
        if differing:
            connection.execute(
                update(_VERSIONS)
                .where(_VERSIONS.c.model == after.name, _VERSIONS.c.version.in_(differing))
                .values(unloaded=unloaded)
            )
    _write_kept(connection, before, after)
    if before.challengers != after.challengers:
        connection.execute(delete(_CHALLENGERS).where(_CHALLENGERS.c.model == after.name))
        rows = [
            {"model": after.name, "position": position, **asdict(entry)}
            for position, entry in enumerate(after.challengers)
        ]
        if rows:
            connection.execute(insert(_CHALLENGERS), rows)


def keep_longer(connection: Connection, name: str, until: Mapping[int, float]) -> None:
    """Of what is kept until some time: until a later one. No transition, so no new epoch."""
    for version, later in until.items():
        connection.execute(
            update(_VERSIONS)
            .where(
                _VERSIONS.c.model == name,
                _VERSIONS.c.version == version,
                _VERSIONS.c.kept_until < later,
            )
            .values(kept_until=later)
        )


def read_digests(connection: Connection, name: str | None = None) -> dict[str, dict[int, str]]:
    """By model, the digest of each version; empty where it is not known. As read_models()."""
    query = select(_VERSIONS).order_by(_VERSIONS.c.model, _VERSIONS.c.version)
    if name is not None:
        query = query.where(_VERSIONS.c.model == name)
    of_model = _by_model(connection.execute(query))
    return {
        model: {row.version: row.digest for row in versions} for model, versions in of_model.items()
    }


def write_digests(
    connection: Connection, name: str, known: Mapping[int, str], noted: Mapping[int, str]
) -> list[int]:
    """Write the digests of versions that are new, or had none; returns those that are new."""
    for version, digest in noted.items():
        if known.get(version) == "" and digest:
            connection.execute(
                update(_VERSIONS)
                .where(_VERSIONS.c.model == name, _VERSIONS.c.version == version)
                .values(digest=digest)
            )
    added = sorted(noted.keys() - known.keys())
    if added:
        rows = [{"model": name, "version": number, "digest": noted[number]} for number in added]
        connection.execute(insert(_VERSIONS), rows)
    return added


def append_event(connection: Connection, event: Event, ts: float, actor: str) -> Event:
    """The event as it is kept, with its number."""
    values = asdict(replace(event, ts=ts, actor=actor))
    del values["seq"]
    added = connection.execute(insert(_EVENTS).values(values))
    assert added.inserted_primary_key is not None
    return replace(event, seq=added.inserted_primary_key.seq, ts=ts, actor=actor)


def read_events(
    connection: Connection, after_seq: int, limit: int, model: str | None = None
) -> list[Event]:
    """The first `limit` events after a number, in their order."""
    query = select(_EVENTS).where(_EVENTS.c.seq > after_seq).order_by(_EVENTS.c.seq).limit(limit)
    if model is not None:
        query = query.where(_EVENTS.c.model == model)
    return [Event(**row) for row in connection.execute(query).mappings()]


def read_events_since(connection: Connection, model: str, epoch: int, limit: int) -> list[Event]:
    """The last `limit` events of a model that are of a later epoch, in their order."""
    query = (
        select(_EVENTS)
        .where(_EVENTS.c.model == model, _EVENTS.c.epoch > epoch)
        .order_by(_EVENTS.c.seq.desc())
        .limit(limit)
    )
    newest_first = [Event(**row) for row in connection.execute(query).mappings()]
    return newest_first[::-1]


def last_seq(connection: Connection) -> int:
    """The number of the newest event; 0 if there is none."""
    return int(connection.execute(select(func.coalesce(func.max(_EVENTS.c.seq), 0))).scalar_one())


def _by_model(rows: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    return {model: list(group) for model, group in groupby(rows, key=lambda row: str(row.model))}


def _state(row: Row[Any], versions: Sequence[Row[Any]], beside: Iterable[Row[Any]]) -> ModelState:
    return ModelState(
        name=row.name,
        epoch=row.epoch,
        champion=row.champion,
        previous=row.previous,
        rolled_back=row.rolled_back,
        split=row.split,
        salt=row.salt,
        challengers=tuple(_challengers(beside)),
        unloaded=frozenset(entry.version for entry in versions if entry.unloaded),
        versions=frozenset(entry.version for entry in versions),
        kept=tuple(
            (entry.version, entry.kept_until)
            for entry in sorted(versions, key=lambda entry: int(entry.version))
            if entry.kept_until is not None
        ),
    )


def _challengers(rows: Iterable[Row[Any]]) -> Iterator[Challenger]:
    for row in rows:
        yield Challenger(
            version=row.version,
            mode=row.mode,
            buckets=row.buckets,
            sample_ppm=row.sample_ppm,
            ranges=tuple((start, end) for start, end in row.ranges),
            reverse_shadow=row.reverse_shadow,
            compare=tuple(CompareRule(**rule) for rule in row.compare),
        )


def _write_kept(connection: Connection, before: ModelState, after: ModelState) -> None:
    was, will = dict(before.kept), dict(after.kept)
    for version in sorted(was.keys() | will.keys()):
        if was.get(version) != will.get(version):
            connection.execute(
                update(_VERSIONS)
                .where(_VERSIONS.c.model == after.name, _VERSIONS.c.version == version)
                .values(kept_until=will.get(version))
            )


def _columns(state: ModelState) -> dict[str, Any]:
    return {
        "epoch": state.epoch,
        "champion": state.champion,
        "previous": state.previous,
        "rolled_back": state.rolled_back,
        "split": state.split,
        "salt": state.salt,
    }
