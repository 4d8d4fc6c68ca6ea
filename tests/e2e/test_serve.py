"""`tiltyard serve` as its operator meets it: ready line, failures, signals, what it leaves be."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import grpc
import numpy as np
import pytest

from tests import models
from tests.conftest import Serve, publisher
from tiltyard.client import CallError, InferenceClient, PendingReply
from tiltyard.client.inference_client import make_request
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.store import open_store

READY = re.compile(
    r"tiltyard ready grpc=(\S+) admin=(\S+) http=(\S+) models=(\d+) versions=(\d+) failed=(\d+)"
    r" in (\d+\.\d\d)s"
)


@pytest.fixture
def small_store(tmp_path: Path) -> Path:
    """Two versions of `identity`, and `slow`, whose run of LONG_ROWS rows takes about a second."""
    publish = publisher(open_store(str(tmp_path / "store"), create=True), tmp_path)
    publish("identity", models.identity())
    publish("identity", models.identity())
    publish("slow", models.slow())
    return tmp_path / "store"


@pytest.fixture
def endless_store(small_store: Path, tmp_path: Path) -> Path:
    """With `endless`, whose run of LONG_ROWS rows takes more than a minute."""
    publisher(open_store(str(small_store)), tmp_path)("endless", models.slow(layers=500))
    return small_store


LONG_ROWS = 20_000


def send_long(client: InferenceClient, model: str = "slow") -> PendingReply:
    """A request that the gateway has accepted and not answered when this returns."""
    rows = np.zeros((LONG_ROWS, 512), np.float32)
    pending = client.send(make_request(model, {"x": rows}), timeout_s=100.0)
    # On the same connection, so the long one's headers came before it.
    client.infer("identity", {"x": np.zeros((1, 4), np.float32)}, timeout_s=30.0)
    return pending


def run_serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tiltyard", "serve", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_ready_line_for_people(serve: Serve, small_store: Path) -> None:
    gateway = serve("--store", str(small_store))
    found = READY.fullmatch(gateway.ready_line)
    assert found is not None, gateway.ready_line
    assert found.groups()[:3] == (gateway.address, gateway.admin_address, gateway.http_address)
    assert found.groups()[3:6] == ("2", "3", "0")


def test_ready_line_and_log_for_programs(serve: Serve, small_store: Path) -> None:
    gateway = serve("--store", str(small_store), "--log-format", "json")
    ready = json.loads(gateway.ready_line)
    assert ready["event"] == "ready"
    assert (ready["models"], ready["versions"], ready["failed"]) == (2, 3, 0)
    assert ready["seconds"] > 0
    assert gateway.stop() == 0
    events = [json.loads(line)["event"] for line in gateway.log().splitlines()]
    assert events == ["version_serving"] * 3 + ["draining", "stopped"]


def test_an_empty_store_is_served(serve: Serve, tmp_path: Path) -> None:
    gateway = serve("--store", str(tmp_path))
    with InferenceClient(gateway.address) as client:
        assert client.is_ready()
        assert client.index() == []
        assert client.statistics() == []


def test_the_newest_version_is_the_default(serve: Serve, small_store: Path) -> None:
    gateway = serve("--store", str(small_store))
    rows = np.arange(4, dtype=np.float32).reshape(1, 4)
    with InferenceClient(gateway.address) as client:
        assert client.infer("identity", {"x": rows}).version == "2"
        reply = client.infer("identity", {"x": rows}, version=1)
        assert reply.version == "1"
        np.testing.assert_array_equal(rows, reply.outputs["y"])


def test_a_version_that_fails_does_not_stop_the_others(serve: Serve, small_store: Path) -> None:
    with (small_store / "identity" / "2" / "model.onnx").open("ab") as file:
        file.write(b"\0")
    gateway = serve("--store", str(small_store))
    assert "versions=2 failed=1" in gateway.ready_line
    with InferenceClient(gateway.address) as client:
        assert client.is_ready()
        assert client.is_model_ready("slow")
        assert not client.is_model_ready("identity", 2)
        rows = {(row.name, row.version): (row.state, row.reason) for row in client.index()}
        state, reason = rows["identity", "2"]
        assert state == "UNAVAILABLE"
        assert "model.onnx" in reason
        assert rows["identity", "1"] == ("READY", "")
        assert ("identity", "2") not in {
            (row.name, row.version) for row in client.index(only_ready=True)
        }
        with pytest.raises(CallError, match=r"model\.onnx") as caught:
            client.infer("identity", {"x": np.zeros((1, 4), np.float32)}, version=2)
        assert caught.value.code is grpc.StatusCode.UNAVAILABLE
        assert client.infer("identity", {"x": np.zeros((1, 4), np.float32)}).version == "1"
    assert gateway.stop() == 0
    assert "version_failed" in gateway.log()


def test_options_from_a_file(serve: Serve, small_store: Path, tmp_path: Path) -> None:
    file = tmp_path / "tiltyard.toml"
    file.write_text(
        f'store = "{small_store}"\nio_threads = 2\n[limits]\nmessage_bytes_max = 4096\n'
    )
    gateway = serve("--config", str(file))
    with InferenceClient(gateway.address) as client:
        client.infer("identity", {"x": np.zeros((200, 4), np.float32)})
        with pytest.raises(CallError, match="4096"):
            client.infer("identity", {"x": np.zeros((300, 4), np.float32)})


def test_ipv6(serve: Serve, small_store: Path) -> None:
    gateway = serve("--store", str(small_store), "--grpc", "[::1]:0")
    assert gateway.address.startswith("[::1]:")
    with InferenceClient(gateway.address) as client:
        assert client.is_live()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--store", "/nowhere"], 2, "store '/nowhere' cannot be used"),
        (["--io-threads", "0"], 2, "io_threads: input should be greater than or equal to 1"),
        (["--grpc", "8001"], 2, "address '8001': expected HOST:PORT"),
        (["--tls-cert", "a.pem"], 2, "tls_cert and tls_key belong together"),
        (["--config", "/absent.toml"], 2, "/absent.toml: No such file"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], code: int, sentence: str) -> None:
    done = run_serve(*arguments)
    assert done.returncode == code
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_taken_port_is_one_line(small_store: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run_serve("--store", str(small_store), "--grpc", address)
    assert done.returncode == 8
    assert done.stderr.startswith(f"tiltyard: error: cannot listen on {address}")
    assert len(done.stderr.splitlines()) == 1


def test_tls_files_that_are_none_are_one_line(small_store: Path, tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("not PEM")
    files = ["--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")]
    done = run_serve("--store", str(small_store), "--grpc", "127.0.0.1:0", *files)
    assert done.returncode == 8
    assert done.stderr.startswith("tiltyard: error: cannot listen")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_accepted_requests_finish(
    serve: Serve, small_store: Path, number: signal.Signals
) -> None:
    # The drain time is not what is tried here, and the machine may be busy with something else.
    gateway = serve("--store", str(small_store), "--worker-threads", "1", "--drain-s", "600")
    with InferenceClient(gateway.address) as client:
        pending = send_long(client)
        os.kill(gateway.pid, number)
        assert pending.result().outputs["y"].shape == (LONG_ROWS, 512)
    assert gateway.wait() == 0


def test_a_signal_while_it_ends_changes_nothing(small_store: Path) -> None:
    """The drained process signals itself when Python ends: the latest moment a signal can come."""
    program = (
        "import atexit, os, signal, sys\n"
        "atexit.register(os.kill, os.getpid(), signal.SIGTERM)\n"
        "from tiltyard.cli.main import main\n"
        "main(sys.argv[1:])"
    )
    arguments = ["serve", "--store", str(small_store), "--grpc", "127.0.0.1:0"]
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"tiltyard ready")
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert b"stopped" in log
    assert process.returncode == 0


def test_a_second_signal_stops_at_once(serve: Serve, endless_store: Path) -> None:
    gateway = serve("--store", str(endless_store), "--worker-threads", "1")
    with InferenceClient(gateway.address) as client:
        pending = send_long(client, "endless")
        os.kill(gateway.pid, signal.SIGTERM)
        while "draining" not in gateway.log():
            threading.Event().wait(0.01)
        os.kill(gateway.pid, signal.SIGTERM)
        assert gateway.wait() == 1
        with pytest.raises(CallError):
            pending.result()


def test_after_the_drain_time_it_stops(serve: Serve, endless_store: Path) -> None:
    gateway = serve("--store", str(endless_store), "--worker-threads", "1", "--drain-s", "0")
    with InferenceClient(gateway.address) as client:
        pending = send_long(client, "endless")
        assert gateway.stop() == 0
        with pytest.raises(CallError):
            pending.result()
    assert "drain_time_is_over" in gateway.log()


def test_it_writes_no_file_and_opens_no_connection(
    serve: Serve, small_store: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    before = sorted(small_store.rglob("*"))
    gateway = serve(
        "--store",
        str(small_store),
        env={"HOME": str(home), "TMPDIR": str(home), "XDG_CACHE_HOME": ""},
    )
    with InferenceClient(gateway.address) as client:
        client.infer("identity", {"x": np.zeros((1, 4), np.float32)})
        client.statistics()
        registry = small_store / "registry.sqlite3"
        opened = files_open_for_writing(gateway.pid)
        assert all(path.startswith(str(registry)) for path in opened)
        own = (gateway.address, gateway.admin_address, gateway.http_address)
        assert remote_ports(gateway.pid, *own) == []
    assert gateway.stop() == 0
    assert list(home.rglob("*")) == []
    assert sorted(small_store.rglob("*")) == sorted([*before, registry])


def test_without_registry_and_admin_it_writes_nothing(serve: Serve, small_store: Path) -> None:
    before = sorted(small_store.rglob("*"))
    gateway = serve("--store", str(small_store), "--registry", "none", "--admin", "none")
    assert "admin=" not in gateway.ready_line
    with InferenceClient(gateway.address) as client:
        assert client.infer("identity", {"x": np.zeros((1, 4), np.float32)}).version == "2"
    assert files_open_for_writing(gateway.pid) == []
    assert gateway.stop() == 0
    assert sorted(small_store.rglob("*")) == before


def files_open_for_writing(pid: int) -> list[str]:
    """Regular files, but for the one that a test gave it as stderr."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = descriptor.readlink()
            flags = int(re.findall(r"flags:\s+(\d+)", _fdinfo(pid, descriptor.name))[0], 8)
        except FileNotFoundError:  # it was closed meanwhile
            continue
        if int(descriptor.name) > 2 and flags & (os.O_WRONLY | os.O_RDWR) and target.is_file():
            found.append(str(target))
    return found


def _fdinfo(pid: int, descriptor: str) -> str:
    return Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text()


def remote_ports(pid: int, *addresses: str) -> list[int]:
    """Remote ports of the process's TCP sockets that are not connections to its own ports."""
    own = {int(address.rpartition(":")[2]) for address in addresses}
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed meanwhile
            sockets.update(re.findall(r"socket:\[(\d+)\]", str(descriptor.readlink())))
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return [
        int(row[2].rpartition(":")[2], 16)
        for row in rows
        if row[9] in sockets and int(row[1].rpartition(":")[2], 16) not in own
    ]


def test_what_is_slow_to_import_is_not_there(gateway: GatewayProcess) -> None:
    maps = Path(f"/proc/{gateway.pid}/maps").read_text()
    assert "libonnxruntime.so" in maps
    for unwanted in ("onnxruntime_pybind", "/onnx/", "/scipy/", "/sklearn/"):
        assert unwanted not in maps


def test_models_without_a_manifest_are_served(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "triton" / "identity" / "7"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(models.identity())
    (folder.parent / "config.pbtxt").write_text('name: "identity"')
    gateway = serve("--store", str(tmp_path / "triton"))
    with InferenceClient(gateway.address) as client:
        assert client.infer("identity", {"x": np.zeros((1, 4), np.float32)}).version == "7"
    assert gateway.stop() == 0
    assert "config.pbtxt is ignored" in gateway.log()
