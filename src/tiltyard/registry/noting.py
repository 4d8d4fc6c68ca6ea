"""Learning which versions there are, within one transaction, whether of one model or of many."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from tiltyard.registry import rows
from tiltyard.registry.change import Change
from tiltyard.registry.errors import UnknownModelError, VersionChangedError
from tiltyard.registry.event import Event
from tiltyard.store.names import check_model_name, check_version

# A model, and its versions with their digests; "": not known.
Note = tuple[str, Iterable[tuple[int, str]]]


class Noting:
    """What a transaction has read, once, and what it makes of notes.

    Of a note that is refused nothing has been written. Every method raises ConfigError for a name
    or a number that cannot be one.
    """

    def __init__(self, connection: Connection, name: str | None = None) -> None:
        """`name`: the only model there will be notes of."""
        self._connection = connection
        self._states = rows.read_models(connection, name)
        self._digests = rows.read_digests(connection, name)

    def known(self, note: Note) -> Change | None:
        """What the note comes to where it tells nothing new; None where it does."""
        name, noted = _checked(note)
        known = self._digests.get(name, {})
        is_news = name not in self._states or any(
            number not in known or digest not in ("", known[number])
            for number, digest in noted.items()
        )
        return None if is_news else Change(self._states[name], ())

    def make(self, note: Note, *, actor: str, now: float) -> Change:
        """See Registry.note_versions. Raises VersionChangedError, UnknownModelError."""
        name, noted = _checked(note)
        known = self._digests.get(name, {})
        _check_digests(name, known, noted)
        state = self._states.get(name)
        if state is None:
            if not noted:
                raise UnknownModelError(name)
            state = rows.add_model(self._connection, name)
        added = rows.write_digests(self._connection, name, known, noted)
        after = replace(state, versions=state.versions.union(added))
        events = [Event("version_added", name, state.epoch, version) for version in added]
        if state.epoch == 0:
            data = {"versions": added}
            events = [Event("model_added", name, 1, added[-1], data)]
            after = replace(after, epoch=1, champion=added[-1])
            rows.write_model(self._connection, state, after)
        told = tuple(rows.append_event(self._connection, event, now, actor) for event in events)
        self._states[name] = after
        learnt = {number: digest or known.get(number, "") for number, digest in noted.items()}
        self._digests[name] = {**known, **learnt}
        return Change(after, told)


def _checked(note: Note) -> tuple[str, dict[int, str]]:
    name, versions = note
    return check_model_name(name), {check_version(number): digest for number, digest in versions}


def _check_digests(name: str, known: Mapping[int, str], noted: Mapping[int, str]) -> None:
    for version, digest in noted.items():
        before = known.get(version, "")
        if before and digest and before != digest:
            raise VersionChangedError(
                f"version {version} of {name} has digest {digest}, and had {before} when it was"
                " first seen; versions are never changed",
                "put the files back, or publish them as a new version",
                "VERSION_CHANGED",
            )
