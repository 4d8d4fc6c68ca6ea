from tiltyard.control.desired import Desired
from tiltyard.control.overrides import Pending
from tiltyard.registry import Change, ModelState


def state(epoch: int, champion: int, *versions: int) -> ModelState:
    return ModelState("m", epoch, champion, versions=frozenset(versions))


def test_a_newer_state_is_taken_and_an_older_one_is_not() -> None:
    desired = Desired()
    assert desired.get("m") is None
    for epoch, expected in ((2, 2), (1, 2), (3, 3), (2, 3)):
        desired.adopt({"m": state(epoch, epoch)})
        assert desired.states() == {"m": state(expected, expected)}


def test_a_version_more_is_news_at_the_same_epoch() -> None:
    desired = Desired()
    desired.adopt({"m": state(2, 1, 1)})
    desired.adopt({"m": state(2, 1, 1, 2)})
    desired.adopt({"m": state(2, 1, 1)})
    assert desired.get("m") == state(2, 1, 1, 2)


def test_what_is_held_covers_what_the_registry_says_until_it_is_recorded() -> None:
    desired = Desired()
    desired.adopt({"m": state(2, 2)})
    desired.overrides.hold(Pending(state(3, 1), lambda: Change(state(3, 1), ())))
    desired.adopt({"m": state(5, 9)})  # somebody else's, seen before the rollback is recorded
    assert desired.get("m") == state(3, 1)
    assert desired.states() == {"m": state(3, 1)}
    desired.overrides.record("m")
    assert desired.get("m") == state(5, 9)
    assert desired.states() == {"m": state(5, 9)}
