"""Signals as events of the main thread."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from tiltyard.ops.signals import Events

HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


def test_a_signal_ends_the_wait() -> None:
    with Events() as events:
        os.kill(os.getpid(), signal.SIGTERM)
        events.wait(30)
        assert events.stops == 1
        os.kill(os.getpid(), signal.SIGINT)
        events.wait(30)
        assert events.stops == 2


def test_a_signal_asks_what_was_counted() -> None:
    with Events() as events:
        os.kill(os.getpid(), signal.SIGUSR1)
        events.wait(30)
        assert (events.stops, events.reports) == (0, 1)


def test_a_thread_tells_that_there_is_news_or_that_it_is_time_to_stop() -> None:
    with Events() as events:
        for tell, stops in ((events.tell_news, 0), (events.tell_stop, 1)):
            thread = threading.Thread(target=tell)
            thread.start()
            events.wait(30)
            thread.join()
            assert events.stops == stops


def test_without_an_event_the_time_runs_out() -> None:
    with Events() as events:
        events.wait(0)
        assert events.stops == 0


def test_the_old_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in HANDLED]
    with Events():
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert [signal.getsignal(n) for n in HANDLED] == before


# Signals itself when the handlers are gone, and again when the interpreter has begun to end.
ENDING = """
import atexit, os, signal, sys
from tiltyard.ops.signals import Events
number = int(sys.argv[1])
with Events() as events:
    os.kill(os.getpid(), signal.SIGTERM)
    while not events.stops:
        events.wait(30)
atexit.register(os.kill, os.getpid(), number)
os.kill(os.getpid(), number)
class Last:
    def __del__(self, kill=os.kill, pid=os.getpid()):
        kill(pid, number)
sys.kept_to_the_end = Last()
"""


@pytest.mark.parametrize("number", HANDLED)
def test_a_process_that_was_asked_to_stop_ends_as_it_decided(number: signal.Signals) -> None:
    done = subprocess.run([sys.executable, "-c", ENDING, str(int(number))], check=False)
    assert done.returncode == 0
