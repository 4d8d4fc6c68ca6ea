from tiltyard.control.retries import FIRST_S, LONGEST_S, Retries

KEY, OTHER = ("m", 1), ("m", 2)


def test_less_and_less_often() -> None:
    retries = Retries()
    tried = [now for now in range(2_000) if retries.due(float(now), [KEY]) == [KEY]]
    waits = [after - before for before, after in zip([0, *tried], tried, strict=False)]
    assert waits[:7] == [5, 10, 20, 40, 80, 160, 300]
    assert set(waits[6:]) == {LONGEST_S}


def test_each_for_itself() -> None:
    retries = Retries()
    assert retries.due(0.0, [KEY]) == []
    assert retries.due(FIRST_S, [KEY, OTHER]) == [KEY]
    assert retries.due(2 * FIRST_S, [KEY, OTHER]) == [OTHER]


def test_one_that_has_loaded_begins_anew() -> None:
    retries = Retries()
    retries.due(0.0, [KEY])
    assert retries.due(FIRST_S, [KEY]) == [KEY]
    assert retries.due(FIRST_S + 1, []) == []
    assert retries.due(100.0, [KEY]) == []
    assert retries.due(100.0 + FIRST_S, [KEY]) == [KEY]
