"""What is read of a rollout's arms."""

from tests.unit.control.fakes import arm
from tiltyard.control.arms import counted_arms, errors_of, share_of

CHAMPION = arm("champion", 1, assigned=60, errors={"queue_full": 2})
CANARY = arm("canary", 2, assigned=20)
CONTROL = arm("control", 1, assigned=20, errors={"queue_full": 1, "cancelled": 3})
UNSPLIT = arm("unsplit", 1, assigned=900)


def test_what_the_split_could_not_place_comes_last_where_there_is_a_split() -> None:
    assert counted_arms({"arms": [CHAMPION, CANARY], "unsplit": UNSPLIT}) == [
        CHAMPION,
        CANARY,
        UNSPLIT,
    ]
    assert counted_arms({"arms": [CHAMPION], "unsplit": None}) == [CHAMPION]


def test_shares_are_of_what_was_split() -> None:
    arms = [CHAMPION, CANARY, CONTROL, UNSPLIT]
    assert share_of([CHAMPION, CONTROL, UNSPLIT], arms) == 0.8
    assert share_of([CANARY], arms) == 0.2
    assert share_of([UNSPLIT], [UNSPLIT]) is None
    assert share_of([], arms) is None


def test_errors_are_summed_by_name() -> None:
    assert errors_of([CHAMPION, CONTROL]) == {"queue_full": 3, "cancelled": 3}
