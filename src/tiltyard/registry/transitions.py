"""How a model's champion and previous change, and what is in memory. Pure functions.

Each gives the state after it and its event, or raises a TransitionError. `now` is unix seconds;
a version that leaves its slot is kept warm until `now + rollback_window_s`.
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
    until = now + rollback_window_s
    data = _moved(state, version, until)
    seats = _succeed(state, version)
    return step(state, "champion_set", version, data, keep_until=until, **seats)


def promote(
    state: ModelState, version: int | None, *, now: float, rollback_window_s: float
) -> Step:
    """A challenger becomes the champion; None: the only one. Its buckets become the champion's."""
    winner = pick_challenger(state, version, "promote")
    until = now + rollback_window_s
    data = _moved(state, winner.version, until) | {"mode": winner.mode, "buckets": winner.buckets}
    seats = _succeed(state, winner.version)
    seats["challengers"] = without(state.challengers, winner.version)
    return step(state, "promoted", winner.version, data, keep_until=until, **seats)


def rollback(
    state: ModelState,
    to: RollbackTo | None = None,
    *,
    now: float,
    rollback_window_s: float,
) -> Step:
    """Back to what served before.

    `champion` stops all canaries. `previous` stops them too, and swaps champion and previous.
    None stops the canaries if there are any, else it swaps, unless a rollback was the last thing
    that was done: who presses twice, or beside a colleague, does not want the bad version back. The
    event says what was done.
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
    if swaps and to is None and state.rolled_back:
        raise RefusedChangeError(
            f"{state.name} is rolled back already, and version {state.champion} serves",
            f"roll back to previous, if version {state.previous} should serve instead",
            "ROLLED_BACK",
        )
    until = now + rollback_window_s
    data: dict[str, Any] = {"stopped": canaries, "restored": None}
    seats: dict[str, Any] = {"challengers": without(state.challengers, *canaries)}
    seats["rolled_back"] = True
    if not swaps:
        return step(state, "rolled_back", state.champion, data, keep_until=until, **seats)
    restored = state.previous
    assert restored is not None
    if restored not in canaries and state.challenger(restored) is not None:
        data["stopped"] = [*canaries, restored]
    data |= _moved(state, restored, until) | {"restored": restored, "warm": _is_warm(state, now)}
    seats |= _succeed(state, restored) | {"rolled_back": True}
    seats["challengers"] = without(seats["challengers"], restored)
    return step(state, "rolled_back", restored, data, keep_until=until, **seats)


def load(state: ModelState, version: int) -> Step:
    """The version is wanted in memory, until it is unloaded or has left a slot again."""
    require_version(state, version)
    if version not in state.unloaded and state.kept_until(version) is None:
        raise NothingToChangeError(
            f"version {version} of {state.name} is wanted in memory already",
            "look at the model's status, which says whether it could be loaded",
            "NOT_UNLOADED",
        )
    unloaded, kept = state.unloaded - {version}, _kept_but(state, version)
    return step(state, "version_loaded", version, {}, unloaded=unloaded, kept=kept)


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
    until = state.previous_until
    if version == state.previous and until is not None and now < until:
        raise RefusedChangeError(
            f"{refused}the previous champion, kept warm for a rollback for another"
            f" {until - now:.0f} s, and for as long as requests ask for it by number",
            "wait until then",
            "IS_KEPT_WARM",
        )
    unloaded, kept = state.unloaded | {version}, _kept_but(state, version)
    return step(state, "version_unloaded", version, {}, unloaded=unloaded, kept=kept)


def _succeed(state: ModelState, version: int) -> dict[str, Any]:
    """The seats when `version` takes the champion's place."""
    return {"champion": version, "previous": state.champion, "rolled_back": False}


def _moved(state: ModelState, version: int, until: float) -> dict[str, Any]:
    return {
        "from": state.champion,
        "to": version,
        "previous_until": until if state.champion is not None else None,
    }


def _kept_but(state: ModelState, version: int) -> tuple[tuple[int, float], ...]:
    return tuple((number, until) for number, until in state.kept if number != version)


def _is_warm(state: ModelState, now: float) -> bool:
    until = state.previous_until
    return state.previous not in state.unloaded and (until is None or now < until)


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
