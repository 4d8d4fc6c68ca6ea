"""What was accepted reaches its client, however slowly that reads while the gateway ends."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import models
from tests.conftest import Serve, publisher
from tests.e2e.burst import Burst
from tiltyard.client import AdminClient
from tiltyard.client.inference_client import make_request
from tiltyard.store import open_store

ESTABLISHED = "01"  # as /proc/net/tcp has it


@pytest.fixture
def store(tmp_path: Path) -> Path:
    publisher(open_store(str(tmp_path / "store"), create=True), tmp_path)(
        "identity", models.identity()
    )
    return tmp_path / "store"


def poll(condition: Callable[[], bool], bound_s: float = 60.0) -> None:
    give_up = time.monotonic() + bound_s
    while not condition():
        assert time.monotonic() < give_up, "the condition did not come true"
        threading.Event().wait(0.02)


def state(local_port: int, remote_port: int) -> str:
    """Of a TCP socket of this machine; "" when there is none."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ports = [int(fields[at].rpartition(":")[2], 16) for at in (1, 2)]
        if ports == [local_port, remote_port]:
            return fields[3]
    return ""


def test_a_reply_that_was_written_and_not_yet_taken_is_not_lost(serve: Serve, store: Path) -> None:
    """The gateway has said all and shut its side, and then one more PING comes in."""
    gateway = serve("--store", str(store))
    port = int(gateway.address.rpartition(":")[2])
    rows = np.random.default_rng(0).standard_normal((2_000, 4)).astype(np.float32)
    request = make_request("identity", {"x": rows}).SerializeToString()
    with (
        AdminClient(gateway.admin_address) as admin,
        Burst(gateway.address, receive_bytes=4_096) as connection,
    ):
        streams = connection.begin([request])
        # h2 takes no answer that begins after a GOAWAY, which is its own idea.
        poll(lambda: any(row.completed for row in admin.get_statistics("identity")))
        os.kill(gateway.pid, signal.SIGTERM)
        poll(lambda: state(port, connection.port) != ESTABLISHED)
        connection.ping()
        connection.ping()
        (answer,) = connection.finish(streams)
    assert answer.status == 0
    assert answer.outputs()["y"] == ("FP32", (2_000, 4), rows.tobytes())
    assert gateway.wait() == 0


def test_a_client_that_leaves_its_side_open_does_not_hold_up_the_end(
    serve: Serve, store: Path
) -> None:
    gateway = serve("--store", str(store), "--drain-s", "600")
    with Burst(gateway.address):
        assert gateway.stop() == 0
    assert "drain_time_is_over" not in gateway.log()
