import threading

from tiltyard.control.watch import NewEvents


def test_what_is_there_already_is_not_waited_for() -> None:
    events = NewEvents()
    events.tell(3)
    assert events.seq == 3
    assert events.wait(2, stop=lambda: False)


def test_it_never_goes_back() -> None:
    events = NewEvents()
    events.tell(3)
    events.tell(2)
    assert events.seq == 3


def test_who_waits_is_woken() -> None:
    events, waits, woken = NewEvents(), threading.Event(), []

    def stop() -> bool:
        waits.set()
        return False

    waiting = threading.Thread(target=lambda: woken.append(events.wait(0, stop)))
    waiting.start()
    assert waits.wait(60)
    events.tell(1)
    waiting.join()
    assert woken == [True]


def test_who_waits_may_stop() -> None:
    events, asked = NewEvents(), []

    def stop() -> bool:
        asked.append(True)
        return len(asked) > 2

    assert not events.wait(0, stop)
    assert len(asked) == 3
