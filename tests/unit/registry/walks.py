"""Anything an operator can ask for, as a strategy; most of it is refused at any one moment."""

from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st

from tiltyard.registry import (
    CompareRule,
    Mode,
    ModelState,
    Transition,
    load,
    promote,
    rollback,
    set_champion,
    start_challenge,
    stop_challenge,
    unload,
    update_challenge,
)

VERSIONS = frozenset(range(1, 6))
START = ModelState("w1", 1, 1, versions=VERSIONS)
WINDOW_S = 100.0

versions = st.sampled_from([*sorted(VERSIONS), 9])
any_version = st.one_of(st.none(), versions)
shares = st.one_of(
    st.sampled_from([Decimal(0), Decimal("0.1"), 5, 20.0, Decimal(50), Decimal(100)]),
    st.decimals(-1, 101, places=3),
)
comparisons = st.sampled_from(
    [(), (CompareRule("y", "label"),), (CompareRule("y", "tolerance", 0.5, 0.01),)]
)
maybe_share = st.one_of(st.none(), shares)
times = st.floats(0, 1000).map(lambda seconds: {"now": seconds, "rollback_window_s": WINDOW_S})


@st.composite
def _starts(draw: st.DrawFn) -> Transition:
    mode: Mode = draw(st.sampled_from(["canary", "canary", "shadow"]))
    # Nine in ten are asked for as they should be.
    sensible = draw(st.integers(0, 9)) > 0
    options: dict[str, Any] = {
        "share": draw(maybe_share),
        "sample": draw(maybe_share),
        "split": draw(st.sampled_from([None, "request", "key"])),
        "reverse_shadow": draw(st.booleans()),
        "compare": draw(comparisons),
    }
    if sensible and mode == "canary":
        options |= {"share": draw(shares)}
        options |= {} if options["reverse_shadow"] else {"sample": None, "compare": ()}
    elif sensible:
        options |= {"share": None, "split": None, "reverse_shadow": False}
    return partial(
        start_challenge,
        version=draw(versions),
        mode=mode,
        new_salt=draw(st.binary(min_size=16, max_size=16)),
        **options,
    )


def _updates() -> st.SearchStrategy[Transition]:
    return st.builds(
        lambda version, **options: partial(update_challenge, version=version, **options),
        any_version,
        share=maybe_share,
        sample=st.one_of(st.none(), st.none(), shares),
        reverse_shadow=st.sampled_from([None, None, True, False]),
        compare=st.one_of(st.none(), st.none(), comparisons),
    )


def _timed(function: Any, version: st.SearchStrategy[Any]) -> st.SearchStrategy[Transition]:
    return st.builds(lambda asked, when: partial(function, version=asked, **when), version, times)


def transitions() -> st.SearchStrategy[Transition]:
    targets = st.sampled_from([None, "previous", "champion"])
    return st.one_of(
        _starts(),
        _updates(),
        _timed(stop_challenge, any_version),
        _timed(set_champion, versions),
        _timed(promote, any_version),
        st.builds(lambda to, when: partial(rollback, to=to, **when), targets, times),
        versions.map(lambda version: partial(load, version=version)),
        st.builds(
            lambda version, when: partial(unload, version=version, now=when["now"]), versions, times
        ),
    )
