from tiltyard.monitor import bugs as module
from tiltyard.monitor.bugs import Bugs


def test_the_same_is_told_once() -> None:
    told: list[str] = []
    bugs = Bugs(lambda where, error: told.append(f"{where}: {error}"))
    for _ in range(3):
        bugs.take("here", ValueError("one"))
    bugs.take("there", ValueError("one"))
    bugs.take("here", ValueError("two"))
    bugs.take("here", KeyError("two"))
    assert told == ["here: one", "there: one", "here: two", "here: 'two'"]
    assert bugs.taken == 6


def test_what_is_remembered_has_a_bound() -> None:
    told: list[str] = []
    bugs = Bugs(lambda _, error: told.append(str(error)))
    for number in range(module.KEPT_MAX + 1):
        bugs.take("here", ValueError(str(number)))
    bugs.take("here", ValueError("0"))
    assert told[-1] == "0", "told again, rather than kept for ever"
