"""Signals as events of the main thread."""

import os
import signal
import threading

from tiltyard.ops.signals import Events


def test_a_signal_ends_the_wait() -> None:
    with Events() as events:
        os.kill(os.getpid(), signal.SIGTERM)
        events.wait(30)
        assert (events.stops, events.loaded) == (1, False)
        os.kill(os.getpid(), signal.SIGINT)
        events.wait(30)
        assert events.stops == 2


def test_a_thread_tells_that_the_models_are_loaded() -> None:
    with Events() as events:
        thread = threading.Thread(target=events.tell_loaded)
        thread.start()
        events.wait(30)
        thread.join()
        assert (events.stops, events.loaded) == (0, True)


def test_without_an_event_the_time_runs_out() -> None:
    with Events() as events:
        events.wait(0)
        assert (events.stops, events.loaded) == (0, False)


def test_the_old_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with Events():
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)] == before
