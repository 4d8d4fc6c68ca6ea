"""How a model's champion and previous change, and what is in memory. Pure functions.

Each gives the state after it and its event, or raises a TransitionError. `now` is unix seconds;
the champion that leaves is kept warm until `now + rollback_window_s`.
"""

from typing import Any, Literal

from tiltyard.registry.errors import NothingToChangeError, RefusedChangeError
from tiltyard.registry.event import enumerate_versions
from tiltyard.registry.state import ModelState
from tiltyard.registry.step import Step, pick_challenger, require_version, step, without

RollbackTo = Literal["previous", "champion"]


def set_champion(state: ModelState, version: int, *, now: float, rollback_window_s: float) -> Step:
    """A hot swap. Challengers stay, so a version that challenges is promoted instead."""
    require_version(state, version)
    if version == state.champion:
        raise NothingToChangeError(
            f"version {version} is the champion of {state.name} already",
            "nothing has to be done",
            "ALREADY_CHAMPION",
        )
    challenger = state.challenger(version)
    if challenger is not None:
        raise RefusedChangeError(
            f"cannot set version {version} as the champion of {state.name}, because it is a"
            f" {challenger.mode} of it",
            "promote it, or stop its challenge first",
            "IS_A_CHALLENGER",
        )
    seats = _succeed(state, version, now + rollback_window_s)
    return step(state, "champion_set", version, _moved(state, seats), **seats)


def promote(
    state: ModelState, version: int | None, *, now: float, rollback_window_s: float
) -> Step:
    """A challenger becomes the champion; None: the only one. Its buckets become the champion's."""
    winner = pick_challenger(state, version, "promote")
    seats = _succeed(state, winner.version, now + rollback_window_s)
    data = _moved(state, seats) | {"mode": winner.mode, "buckets": winner.buckets}
    remaining = without(state.challengers, winner.version)
    return step(state, "promoted", winner.version, data, challengers=remaining, **seats)


def rollback(
    state: ModelState,
    to: RollbackTo | None = None,
    *,
    now: float,
    rollback_window_s: float,
) -> Step:
    """Back to what served before.

    `champion` stops all canaries. `previous` stops them too, and swaps champion and previous.
    None stops the canaries if there are any, else it swaps. The event says what was done.
    """
    canaries = [entry.version for entry in state.canaries]
    swaps = to == "previous" or (to is None and not canaries)
    if swaps and state.previous is None:
        raise _no_previous(state, canaries)
    if to == "champion" and not canaries:
        raise RefusedChangeError(
            f"cannot roll {state.name} back to its champion, because no canary takes requests from"
            " it",
            "roll back to previous, if the champion itself is wrong",
            "NO_CANARY",
        )
    data: dict[str, Any] = {"stopped": canaries, "restored": None}
    remaining = without(state.challengers, *canaries)
    if not swaps:
        return step(state, "rolled_back", state.champion, data, challengers=remaining)
    restored = state.previous
    assert restored is not None
    if restored not in canaries and state.challenger(restored) is not None:
        data["stopped"] = [*canaries, restored]
    seats = _succeed(state, restored, now + rollback_window_s)
    data |= _moved(state, seats) | {"restored": restored, "warm": _is_warm(state, now)}
    remaining = without(remaining, restored)
    return step(state, "rolled_back", restored, data, challengers=remaining, **seats)


def load(state: ModelState, version: int) -> Step:
    """The version is wanted in memory again."""
    require_version(state, version)
    if version not in state.unloaded:
        raise NothingToChangeError(
            f"version {version} of {state.name} is wanted in memory already",
            "look at the model's status, which says whether it could be loaded",
            "NOT_UNLOADED",
        )
    return step(state, "version_loaded", version, {}, unloaded=state.unloaded - {version})


def unload(state: ModelState, version: int, *, now: float) -> Step:
    """The version is no longer wanted in memory; what serves, challenges or is kept warm, is."""
    require_version(state, version)
    if version in state.unloaded:
        raise NothingToChangeError(
            f"version {version} of {state.name} is unloaded already",
            "nothing has to be done",
            "ALREADY_UNLOADED",
        )
    challenger = state.challenger(version)
    refused = f"cannot unload version {version} of {state.name}, because it is "
    if version == state.champion:
        raise RefusedChangeError(
            f"{refused}the champion", "set another champion first", "IS_THE_CHAMPION"
        )
    if challenger is not None:
        raise RefusedChangeError(
            f"{refused}a {challenger.mode} of it", "stop its challenge first", "IS_A_CHALLENGER"
        )
    if version == state.previous and _is_warm(state, now):
        assert state.previous_until is not None
        raise RefusedChangeError(
            f"{refused}the previous champion, kept warm for a rollback for another"
            f" {state.previous_until - now:.0f} s",
            "wait until then, or make the rollback window shorter",
            "IS_KEPT_WARM",
        )
    return step(state, "version_unloaded", version, {}, unloaded=state.unloaded | {version})


def _succeed(state: ModelState, version: int, until: float) -> dict[str, Any]:
    """The seats when `version` takes the champion's place."""
    leaves = state.champion
    return {
        "champion": version,
        "previous": leaves,
        "previous_until": until if leaves is not None else None,
    }


def _moved(state: ModelState, seats: dict[str, Any]) -> dict[str, Any]:
    return {
        "from": state.champion,
        "to": seats["champion"],
        "previous_until": seats["previous_until"],
    }


def _is_warm(state: ModelState, now: float) -> bool:
    return (
        state.previous not in state.unloaded
        and state.previous_until is not None
        and now < state.previous_until
    )


def _no_previous(state: ModelState, canaries: list[int]) -> RefusedChangeError:
    remedy = "set the champion that should serve"
    if canaries:
        there = enumerate_versions(canaries)
        remedy = f"roll back to champion to stop canary {there}, or {remedy}"
    return RefusedChangeError(
        f"cannot roll {state.name} back to its previous champion, because it never had another",
        remedy,
        "NO_PREVIOUS",
    )
