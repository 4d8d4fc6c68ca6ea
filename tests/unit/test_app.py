"""The parts of the gateway that the tests of the whole cannot reach."""

import importlib.util
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tiltyard import app
from tiltyard.client import InferenceClient
from tiltyard.config import Config
from tiltyard.errors import ConfigError, ServeError
from tiltyard.ops.signals import Events


@pytest.fixture
def events() -> Iterator[Events]:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with Events() as found:
        yield found
    after = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    assert before == after


def config(store: Path) -> Config:
    return Config(store=str(store), grpc="127.0.0.1:0", admin="127.0.0.1:0", worker_threads=1)


def test_it_listens_before_it_has_loaded_and_stops_in_reverse(
    common_store: Path, events: Events
) -> None:
    gateway = app.Gateway(config(common_store), events)
    try:
        gateway.start()
        with InferenceClient(gateway.address) as client:
            assert client.is_live()
            give_up = time.monotonic() + 100
            while not client.is_ready():
                assert time.monotonic() < give_up
                threading.Event().wait(0.02)
            rows = np.ones((1, 4), np.float32)
            np.testing.assert_array_equal(rows, client.infer("identity", {"x": rows}).outputs["y"])
    finally:
        gateway.stop()
    gateway.stop()
    assert not gateway.is_running


def test_a_store_that_is_not_there_comes_before_the_engine(
    tmp_path: Path, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_make_engine", None)  # calling it would be a TypeError
    with pytest.raises(ConfigError, match="there is no such folder"):
        app.Gateway(config(tmp_path / "none"), events)


def test_a_port_that_is_taken_is_said(common_store: Path, events: Events) -> None:
    first = app.Gateway(config(common_store), events)
    first.start()
    try:
        taken = config(common_store).model_copy(update={"grpc": first.address})
        second = app.Gateway(taken, events)
        with pytest.raises(ServeError, match=f"cannot listen on {first.address}: "):
            second.start()
        second.stop()
    finally:
        first.stop()


def test_without_the_runtimes_wheel_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert app._ort_library().is_file()
    empty = importlib.util.spec_from_loader("onnxruntime", None, is_package=True)
    assert empty is not None
    empty.submodule_search_locations = [str(tmp_path)]
    for spec, sentence in (
        (None, "onnxruntime is not installed"),
        (empty, f"no libonnxruntime.so.* in {tmp_path}/capi"),
    ):
        monkeypatch.setattr(app, "find_spec", lambda _, spec=spec: spec)
        with pytest.raises(ServeError) as caught:
            app._ort_library()
        assert str(caught.value).startswith(sentence)


def test_tls_files_are_read_or_named(tmp_path: Path) -> None:
    for name in ("cert", "key"):
        (tmp_path / name).write_bytes(name.encode())
    files = Config(tls_cert=tmp_path / "cert", tls_key=tmp_path / "key")
    assert app._tls_material(files) == {"tls_cert": b"cert", "tls_key": b"key"}
    missing = files.model_copy(update={"tls_key": tmp_path / "none"})
    with pytest.raises(ServeError, match=r"tls_key .*/none: No such file"):
        app._tls_material(missing)


@pytest.mark.parametrize("monitor", [True, False])
def test_it_watches_unless_it_is_not_to(tmp_path: Path, events: Events, *, monitor: bool) -> None:
    made = config(tmp_path).model_copy(update={"monitor": monitor, "http": "127.0.0.1:0"})
    gateway = app.Gateway(made, events)
    try:
        gateway.start()
        give_up = time.monotonic() + 100
        while not gateway._is_open:
            assert time.monotonic() < give_up
            assert gateway._failure is None
            threading.Event().wait(0.02)
        with urllib.request.urlopen(f"http://{gateway.http_address}/metrics") as answer:
            page = answer.read().decode()
        assert ("tiltyard_monitor_watching 0.0" in page) == monitor
    finally:
        gateway.stop()
    assert not (tmp_path / "monitor.sqlite3").exists(), "nothing has a profile to be watched by"
    assert not gateway.is_running


@pytest.mark.parametrize("is_chosen", [True, False])
def test_the_usual_port_of_metrics_may_be_anothers(
    tmp_path: Path,
    events: Events,
    capfd: pytest.CaptureFixture[str],
    *,
    is_chosen: bool,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        made = config(tmp_path).model_copy(update={"http": address, "monitor": False})
        if not is_chosen:
            made.model_fields_set.discard("http")
        gateway = app.Gateway(made, events)
        try:
            gateway.start()
            give_up = time.monotonic() + 100
            while not (gateway._is_open or gateway._failure):
                assert time.monotonic() < give_up
                threading.Event().wait(0.02)
        finally:
            gateway.stop()
    if is_chosen:
        assert f"cannot listen on {address} for HTTP" in str(gateway._failure)
    else:
        assert gateway._failure is None
        assert gateway.http_address == ""
        assert "choose another port with --http" in capfd.readouterr().err
