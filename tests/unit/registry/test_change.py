import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.registry.walks import START, transitions
from tiltyard.registry import Change, Event, Transition, TransitionError
from tiltyard.registry.change import decode, encode


@settings(deadline=None)
@given(st.lists(transitions(), max_size=30))
def test_a_change_comes_back_from_json_as_it_was(asked: list[Transition]) -> None:
    state, events = START, []
    for transition in asked:
        try:
            state, event = transition(state)
        except TransitionError:
            continue
        events.append(event)
    change = Change(state, tuple(events))
    saved = json.dumps(encode(change), allow_nan=False)
    assert decode(json.loads(saved)) == Change(state, tuple(events), repeated=True)


def test_the_event_of_a_change_is_its_last() -> None:
    first, second = (Event("version_added", "w1", 1, version) for version in (1, 2))
    assert Change(START, (first, second)).event is second
