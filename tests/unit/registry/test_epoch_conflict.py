from tiltyard.registry import EpochConflictError, Event


def loaded(epoch: int, actor: str = "") -> Event:
    return Event("version_loaded", "w1", epoch, 3, actor=actor)


def test_the_one_who_came_second_is_told_what_the_first_did() -> None:
    error = EpochConflictError("w1", 6, 8, [loaded(7, "alice"), loaded(8)])
    assert str(error) == (
        "w1 is at epoch 8, not at 6 as the request expects; version 3 of w1 to be loaded again"
        " (epoch 7, by alice); version 3 of w1 to be loaded again (epoch 8): look at its route,"
        " and ask again with epoch 8 if it is still right"
    )
    assert (error.epoch, error.expected) == (8, 6)
    assert [event.epoch for event in error.events] == [7, 8]


def test_of_many_changes_the_last_are_told() -> None:
    error = EpochConflictError("w1", 1, 9, [loaded(epoch) for epoch in range(2, 10)])
    assert "; 3 earlier changes; version 3 of w1 to be loaded again (epoch 5);" in str(error)


def test_an_epoch_that_never_was() -> None:
    assert "not at 9 as the request expects; it has not been there yet:" in str(
        EpochConflictError("w1", 9, 8, [])
    )
