"""One step of a model: the state after it, and the event that tells it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tiltyard.registry.errors import RefusedChangeError, UnknownVersionError
from tiltyard.registry.event import Event, enumerate_versions
from tiltyard.registry.state import Challenger, ModelState

VERSIONS_TOLD_MAX = 5

Step = tuple[ModelState, Event]
Transition = Callable[[ModelState], Step]


def step(
    state: ModelState,
    kind: str,
    version: int | None,
    data: dict[str, Any],
    *,
    keep_until: float | None = None,
    **changes: Any,
) -> Step:
    """`state` with `changes`, one epoch on; a version that leaves its slot is kept `keep_until`.

    A champion or challenger is wanted in memory whatever was said before, and what belongs to a
    rollout ends with it.
    """
    after = replace(state, epoch=state.epoch + 1, **changes)
    kept = {number: until for number, until in after.kept if number not in after.serving}
    for number in state.serving - after.serving:
        assert keep_until is not None, "nothing says how long a version that leaves is kept"
        kept[number] = keep_until
    after = replace(
        after,
        unloaded=after.unloaded - after.serving,
        kept=tuple(sorted(kept.items())),
        salt=after.salt if after.challengers else b"",
        split=after.split if after.canaries else "request",
    )
    return after, Event(kind, state.name, after.epoch, version, data)


def require_version(state: ModelState, version: int) -> None:
    """Raises UnknownVersionError."""
    if version in state.versions:
        return
    known = sorted(state.versions)
    there = enumerate_versions(known[-VERSIONS_TOLD_MAX:]) if known else "none"
    if len(known) > VERSIONS_TOLD_MAX:
        there = f"{len(known)}, the newest of them {there}"
    raise UnknownVersionError(
        f"{state.name} has no version {version} (it has {there})",
        "take one that it has, or publish it first",
        "UNKNOWN_VERSION",
    )


def pick_challenger(state: ModelState, version: int | None, verb: str) -> Challenger:
    """The challenger `version`; None means the only one. `verb`: what was asked for.

    Raises UnknownVersionError, RefusedChangeError.
    """
    if version is not None:
        require_version(state, version)
    if not state.challengers:
        what = "a challenger" if version is None else f"version {version}"
        raise RefusedChangeError(
            f"cannot {verb} {what} of {state.name}, because nothing challenges its champion",
            "start a challenge first",
            "NO_CHALLENGER",
        )
    there = enumerate_versions([entry.version for entry in state.challengers])
    if version is None:
        if len(state.challengers) > 1:
            raise RefusedChangeError(
                f"cannot {verb} the challenger of {state.name}, because it has several: {there}",
                "say which version",
                "SEVERAL_CHALLENGERS",
            )
        return state.challengers[0]
    found = state.challenger(version)
    if found is None:
        raise RefusedChangeError(
            f"cannot {verb} version {version} of {state.name}, because it is no challenger",
            f"take a version that challenges ({there}), or start a challenge with it",
            "NOT_A_CHALLENGER",
        )
    return found


def without(challengers: tuple[Challenger, ...], *versions: int | None) -> tuple[Challenger, ...]:
    """The challengers but for these; their buckets are the champion's again."""
    return tuple(entry for entry in challengers if entry.version not in versions)
