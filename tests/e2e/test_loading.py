"""What is served while a model of the store hangs at load, and how a hung one is reported."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import models
from tests.conftest import Serve, publisher
from tiltyard.client import CallError, InferenceClient
from tiltyard.store import open_store
from tiltyard.store.publish import publish_model

ROWS = np.ones((2, 4), np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """`well`, and `a_hangs`: claimed batchable, it is tried with extremes, which never ends."""
    root = open_store(str(tmp_path / "store"), create=True)
    path, samples = tmp_path / "a_hangs.onnx", tmp_path / "rows.npy"
    path.write_bytes(models.hang_at_extremes())
    np.save(samples, ROWS)
    publish_model(root, "a_hangs", path, samples=samples, batchable=True)
    publisher(root, tmp_path)("well", models.identity())
    return tmp_path / "store"


@pytest.fixture
def plain_store(tmp_path: Path) -> Path:
    """The same without manifests: the one that hangs does so while it is examined."""
    for name, model in {"a_hangs": models.hang_at_run(), "well": models.identity()}.items():
        folder = tmp_path / "plain" / name / "1"
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(model)
    return tmp_path / "plain"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def poll(condition: Callable[[], bool], bound_s: float = 60.0) -> None:
    give_up = time.monotonic() + bound_s
    while not condition():
        assert time.monotonic() < give_up, "the condition did not come true"
        threading.Event().wait(0.02)


def is_ready(client: InferenceClient, name: str) -> bool:
    try:
        return client.is_model_ready(name)
    except CallError:  # it does not listen yet
        return False


@pytest.mark.parametrize("which", ["store", "plain_store"])
def test_a_load_that_hangs_holds_up_nobody(
    which: str, request: pytest.FixtureRequest, gateway_env: dict[str, str]
) -> None:
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "tiltyard", "serve", "--grpc", address]
    command += ["--store", str(request.getfixturevalue(which))]
    with (
        subprocess.Popen(command, env=gateway_env, stdout=subprocess.PIPE) as process,
        InferenceClient(address) as client,
    ):
        try:
            poll(lambda: is_ready(client, "well"))
            np.testing.assert_array_equal(client.infer("well", {"x": ROWS}).outputs["y"], ROWS)
            assert not client.is_ready()
            states = {row.name: (row.state, row.reason) for row in client.index()}
            assert states["well"] == ("READY", "")
            assert states["a_hangs"] == ("LOADING", "it is being loaded")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
        assert process.stdout is not None
        assert process.stdout.read() == b""  # it was never ready


def test_a_load_that_hangs_counts_as_failed_in_the_end(serve: Serve, store: Path) -> None:
    gateway = serve("--store", str(store), "--load-timeout-s", "1")
    assert "models=1 versions=1 failed=1" in gateway.ready_line
    with InferenceClient(gateway.address) as client:
        assert client.is_ready()
        assert not client.is_model_ready("a_hangs")
        states = {row.name: (row.state, row.reason) for row in client.index()}
        assert states["a_hangs"] == ("UNAVAILABLE", "it is being loaded, for more than 1 s now")
        with pytest.raises(CallError, match="for more than 1 s now"):
            client.infer("a_hangs", {"x": ROWS})
    assert gateway.stop() == 0
    assert "version_failed" in gateway.log()
