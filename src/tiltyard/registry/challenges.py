"""How challenges start, change and stop. Pure functions, as in transitions.py."""

from dataclasses import asdict, replace
from fractions import Fraction
from typing import Any

from tiltyard.registry.buckets import resize
from tiltyard.registry.compare_rule import Comparison, check_rules
from tiltyard.registry.errors import InvalidChangeError, NothingToChangeError, RefusedChangeError
from tiltyard.registry.event import describe_challenge
from tiltyard.registry.shares import (
    BUCKETS,
    SAMPLE_WHOLE,
    Percent,
    as_percent,
    bucket_percent,
    sample_to_ppm,
    share_to_buckets,
)
from tiltyard.registry.state import SALT_BYTES, Challenger, Mode, ModelState, Split
from tiltyard.registry.step import Step, pick_challenger, require_version, step, without

# The data plane keeps a bucket's owner in one byte, and a canary has two arms.
CHALLENGERS_MAX = 127


def start_challenge(
    state: ModelState,
    version: int,
    *,
    mode: Mode,
    new_salt: bytes,
    share: Percent | None = None,
    sample: Percent | None = None,
    split: Split | None = None,
    reverse_shadow: bool = False,
    compare: Comparison = (),
) -> Step:
    """A version begins to challenge, or changes from shadow to canary or back.

    `share` and `sample` in percent; a sample left out is all, a split left out that of the canaries
    there are, else by request. `compare` is for who shadows. `new_salt` is used when nothing
    challenges yet, and when the first canary starts, so that a new rollout finds other keys than
    the last one.
    """
    assert len(new_salt) == SALT_BYTES, "a salt has 16 bytes"
    require_version(state, version)
    _check_may_challenge(state, version, mode)
    _check_options(mode, share, sample, split, reverse_shadow)
    _check_comparison(mode, reverse_shadow, compare)
    before = state.challenger(version)
    beside = replace(state, challengers=without(state.challengers, version))
    entry = Challenger(
        version,
        mode,
        sample_ppm=_sample_ppm(mode, sample, reverse_shadow),
        reverse_shadow=reverse_shadow,
        compare=compare,
    )
    changes: dict[str, Any] = {"rolled_back": False}
    if mode == "canary":
        assert share is not None
        entry = _with_share(beside, entry, share)
        if not state.canaries:
            changes["split"] = split or "request"
        elif split not in (None, state.split):
            raise _other_split(state, version, str(split))
    if not state.challengers or (mode == "canary" and not state.canaries):
        changes["salt"] = new_salt
    changes["challengers"] = (*beside.challengers, entry)
    after_split = changes.get("split", state.split)
    data = {
        "from": _settings(before) if before is not None else None,
        "to": _settings(entry),
        "split": after_split if mode == "canary" else None,
        "salt": changes["salt"].hex() if "salt" in changes else None,
    }
    return step(state, "challenge_started", version, data, **changes)


def update_challenge(
    state: ModelState,
    version: int | None,
    *,
    share: Percent | None = None,
    sample: Percent | None = None,
    reverse_shadow: bool | None = None,
    compare: Comparison | None = None,
) -> Step:
    """Another share, sample or comparison, or a reverse shadow or none; None leaves as it is.

    The salt and, while a share grows, every key that was the challenger's stay. `compare` replaces
    every rule there was.
    """
    before = pick_challenger(state, version, "change")
    if share is None and sample is None and reverse_shadow is None and compare is None:
        raise InvalidChangeError(
            f"nothing was given to change about version {before.version} of {state.name}",
            "give a share for a canary, or a sample for a shadow",
            "NOTHING_GIVEN",
        )
    reverse = before.reverse_shadow if reverse_shadow is None else reverse_shadow
    _check_options(before.mode, share, sample, None, reverse, is_new=False)
    _check_comparison(before.mode, reverse, compare or ())
    after = replace(before, reverse_shadow=reverse)
    if compare is not None or (before.mode == "canary" and not reverse):
        after = replace(after, compare=compare or ())
    if sample is not None or reverse != before.reverse_shadow:
        after = replace(after, sample_ppm=_sample_ppm(before.mode, sample, reverse))
    if share is not None:
        after = _with_share(state, after, share)
    if after == before:
        raise NothingToChangeError(
            f"version {before.version} of {state.name} is"
            f" {describe_challenge(_settings(before))} already",
            "nothing has to be done",
            "ALREADY_SO",
        )
    challengers = tuple(after if entry is before else entry for entry in state.challengers)
    data = {"from": _settings(before), "to": _settings(after)}
    return step(state, "challenge_updated", before.version, data, challengers=challengers)


def stop_challenge(
    state: ModelState, version: int | None, *, now: float, rollback_window_s: float
) -> Step:
    """The challenger leaves, and its buckets are the champion's again; None: the only one."""
    leaving = pick_challenger(state, version, "stop")
    remaining = without(state.challengers, leaving.version)
    data = {"from": _settings(leaving)}
    return step(
        state,
        "challenge_stopped",
        leaving.version,
        data,
        keep_until=now + rollback_window_s,
        challengers=remaining,
    )


def _check_may_challenge(state: ModelState, version: int, mode: Mode) -> None:
    refused = f"cannot start version {version} of {state.name} as a {mode}, because "
    if state.champion is None:
        raise RefusedChangeError(
            f"{refused}there is no champion to challenge", "set a champion first", "NO_CHAMPION"
        )
    if version == state.champion:
        raise RefusedChangeError(
            f"{refused}it is the champion", "challenge with another version", "IS_THE_CHAMPION"
        )
    there = state.challenger(version)
    if there is not None and there.mode == mode:
        raise RefusedChangeError(
            f"{refused}it is {describe_challenge(_settings(there))} already",
            "update the challenge, or stop it first",
            "ALREADY_A_CHALLENGER",
        )
    if there is None and len(state.challengers) >= CHALLENGERS_MAX:
        raise RefusedChangeError(
            f"{refused}{CHALLENGERS_MAX} versions challenge, and more cannot",
            "stop one of them first",
            "TOO_MANY_CHALLENGERS",
        )


def _check_options(
    mode: Mode,
    share: Percent | None,
    sample: Percent | None,
    split: Split | None,
    reverse_shadow: bool,
    is_new: bool = True,
) -> None:
    if mode == "canary" and is_new and share is None:
        raise InvalidChangeError(
            "a canary was asked for without a share", "say how many percent it gets", "NO_SHARE"
        )
    if mode == "canary" and sample is not None and not reverse_shadow:
        raise InvalidChangeError(
            f"a sample of {sample} % was given for a canary, which has a share",
            "give a share, or ask for a reverse shadow, which has a sample",
            "SAMPLE_OF_A_CANARY",
        )
    if mode == "shadow" and share is not None:
        raise InvalidChangeError(
            f"a share of {share} % was given for a shadow, which answers nobody",
            "give a sample, or start it as a canary",
            "SHARE_OF_A_SHADOW",
        )
    if mode == "shadow" and split is not None:
        raise InvalidChangeError(
            f"split {split} was given for a shadow, which takes nothing from the champion",
            "leave the split out, or start it as a canary",
            "SPLIT_OF_A_SHADOW",
        )
    if mode == "shadow" and reverse_shadow:
        raise InvalidChangeError(
            "a reverse shadow was asked for with a shadow, whose requests the champion answers",
            "leave it out, or start it as a canary",
            "REVERSE_OF_A_SHADOW",
        )


def _check_comparison(mode: Mode, reverse_shadow: bool, rules: Comparison) -> None:
    if rules and mode == "canary" and not reverse_shadow:
        raise InvalidChangeError(
            f"output {rules[0].output!r} was given to compare for a canary, whose answers are"
            " compared with nobody's",
            "ask for a reverse shadow, or start it as a shadow",
            "COMPARISON_OF_A_CANARY",
        )
    check_rules(rules)


def _sample_ppm(mode: Mode, sample: Percent | None, reverse_shadow: bool) -> int:
    if mode == "canary" and not reverse_shadow:
        return 0
    return SAMPLE_WHOLE if sample is None else sample_to_ppm(sample)


def _with_share(state: ModelState, canary: Challenger, share: Percent) -> Challenger:
    """`canary` with the buckets of `share`, taken from the champion or given back to it."""
    buckets = share_to_buckets(share)
    others = [entry for entry in state.canaries if entry.version != canary.version]
    room = BUCKETS - sum(entry.buckets for entry in others)
    if buckets > room:
        holders = ", ".join(
            f"{entry.version} with {as_percent(bucket_percent(entry.buckets))}" for entry in others
        )
        raise RefusedChangeError(
            f"cannot give version {canary.version} of {state.name} {as_percent(Fraction(share))},"
            f" because the other canaries leave {as_percent(bucket_percent(room))} ({holders})",
            "ask for no more than that, or lower another canary first",
            "SHARES_ABOVE_ALL",
        )
    ranges = resize(canary.ranges, [entry.ranges for entry in others], buckets)
    return replace(canary, buckets=buckets, ranges=ranges)


def _other_split(state: ModelState, version: int, split: str) -> RefusedChangeError:
    return RefusedChangeError(
        f"cannot start version {version} of {state.name} split by {split}, because its canaries"
        f" are split by {state.split}",
        "leave the split out, or stop the other canaries first",
        "OTHER_SPLIT",
    )


def _settings(entry: Challenger) -> dict[str, Any]:
    """What an event keeps of a challenger, JSON-ready."""
    return {
        "mode": entry.mode,
        "buckets": entry.buckets,
        "sample_ppm": entry.sample_ppm,
        "reverse_shadow": entry.reverse_shadow,
        "compare": [asdict(rule) for rule in entry.compare],
    }
