"""How the gateway and its peers are started for a workload."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.corpus import open_session, write_corpus
from bench.models import Workload
from bench.paths import BENCH, BUILD, VENVS
from bench.server import Launch, ServerError, free_port

PEERS = ("grpcio_aio", "mlserver", "triton")
GATEWAY = "tiltyard"
PROGRAM = [sys.executable, "-m", "tiltyard"]

# Peers run lone rows as they come, and ONNX Runtime rounds those differently.
PEER_TOLERANCE = 1e-5
MESSAGE_BYTES_MAX = 64 * 1024 * 1024
NO_ADMIN = "none"


def run(command: Sequence[str]) -> None:
    """Run a command to its end. Raises ServerError with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        raise ServerError(f"{' '.join(command)} ended with code {done.returncode}: {said}")


def make_store(workloads: Sequence[Workload]) -> Path:
    """A fresh store with these workloads; those of one model become its versions 1, 2, 3.

    Raises ServerError.
    """
    store = BUILD / "store"
    shutil.rmtree(store, ignore_errors=True)
    for workload in workloads:
        line = [*PROGRAM, "publish", workload.model_name, str(workload.model_file)]
        run([*line, "--store", str(store)])
    return store


def gateway(
    workload: Workload,
    store: Path,
    *,
    io_threads: int = 1,
    worker_threads: int = 1,
    extra: Sequence[str] = (),
    port: int = 0,
    admin: str = "127.0.0.1:0",
    tls_ca: Path | None = None,
    corpus: Path | None = None,
) -> Launch:
    """`tiltyard serve` on a store, with the replies of one workload checked, or of a `corpus`.

    A fixed `port` is for measuring the start, where reading the ready line would be in the way.
    `admin` is where operators' calls are answered, or NO_ADMIN.
    """
    command = [*PROGRAM, "serve", "--store", str(store)]
    command += ["--grpc", f"127.0.0.1:{port}", "--io-threads", str(io_threads)]
    # No scrapes: whoever wants them adds --http again, and the last one counts.
    command += ["--admin", admin, "--http", "none"]
    command += ["--worker-threads", str(worker_threads), *extra]
    return Launch(
        GATEWAY,
        command,
        f"127.0.0.1:{port}",
        corpus or write_corpus(workload),
        tolerance=workload.tolerance,
        tls_ca=tls_ca,
        ready_pattern=None if port else r"tiltyard ready .*?grpc=(\S+)",
        admin_pattern=None if admin == NO_ADMIN else r"tiltyard ready .*?admin=(\S+)",
    )


def venv_python(peer: str) -> Path:
    """The Python of a peer's virtual environment, made and filled the first time.

    Raises ServerError with what pip said when it cannot be made.
    """
    folder = VENVS / peer
    requirements = BENCH / "peers" / peer / "requirements.txt"
    installed = folder / "installed.txt"
    if not installed.exists() or installed.read_text() != requirements.read_text():
        run([sys.executable, "-m", "venv", "--clear", str(folder)])
        run([str(folder / "bin" / "pip"), "install", "-q", "-r", str(requirements)])
        installed.write_text(requirements.read_text())
    return folder / "bin" / "python"


def peer(name: str, workload: Workload) -> Launch:
    """One of PEERS with one workload. Raises ServerError when it cannot be installed."""
    make = {"grpcio_aio": _grpcio_aio, "mlserver": _mlserver, "triton": _triton}[name]
    return make(workload, venv_python(name), free_port())


def _peer_launch(
    name: str,
    command: list[str],
    port: int,
    workload: Workload,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> Launch:
    return Launch(
        name,
        command,
        f"127.0.0.1:{port}",
        write_corpus(workload),
        env=env or {},
        cwd=cwd,
        tolerance=max(workload.tolerance, PEER_TOLERANCE),
        any_rank=name == "triton",
    )


def _grpcio_aio(workload: Workload, python: Path, port: int) -> Launch:
    program = BENCH / "peers" / "grpcio_aio" / "server.py"
    command = [str(python), str(program), str(workload.model_file), f"127.0.0.1:{port}"]
    return _peer_launch("grpcio_aio", command, port, workload)


def _mlserver(workload: Workload, python: Path, port: int) -> Launch:
    folder = BUILD / "peers" / "mlserver" / workload.model_name
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "host": "127.0.0.1",
        "http_port": free_port(),
        "grpc_port": port,
        "metrics_endpoint": None,
        "parallel_workers": 0,
        "debug": False,
        "grpc_max_message_length": MESSAGE_BYTES_MAX,
    }
    # Adaptive batching is off: measured, it makes these models slower (880 against 1,290 /s).
    model = {
        "name": workload.model_name,
        "implementation": "onnx_runtime.OnnxModel",
        "parameters": {"uri": str(workload.model_file)},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model))
    command = [str(python.parent / "mlserver"), "start", str(folder)]
    env = {"PYTHONPATH": str(BENCH / "peers" / "mlserver")}
    return _peer_launch("mlserver", command, port, workload, env=env, cwd=folder)


_TRITON_TYPES = {
    "tensor(float)": "TYPE_FP32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(double)": "TYPE_FP64",
}


def _triton_config(workload: Workload) -> str:
    """config.pbtxt: dynamic batching where the model's first dimension is free."""
    session = open_session(workload.model_file)
    batched = not isinstance(session.get_inputs()[0].shape[0], int)

    def tensors(kind: str, values: Sequence[Any]) -> str:
        entries = []
        for value in values:
            shape = value.shape[1 if batched else 0 :] or [1]
            entries.append(
                f'{{ name: "{value.name}" data_type: {_TRITON_TYPES[value.type]} dims: {shape} }}'
            )
        return f"{kind} [ {', '.join(entries)} ]\n"

    return (
        f'name: "{workload.model_name}"\nbackend: "python"\n'
        f"max_batch_size: {128 if batched else 0}\n"
        + tensors("input", session.get_inputs())
        + tensors("output", session.get_outputs())
        + "instance_group [ { count: 1 kind: KIND_CPU } ]\n"
        + ("dynamic_batching { }\n" if batched else "")
        + 'parameters { key: "model_file" value: { '
        + f'string_value: "{workload.model_file}" }} }}\n'
    )


def _triton(workload: Workload, python: Path, port: int) -> Launch:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    packages = python.parent.parent / "lib" / f"python{version}" / "site-packages"
    shipped = packages / "pytriton" / "tritonserver"
    stub = shipped / "python_backend_stubs" / version / "triton_python_backend_stub"
    if not stub.exists():
        raise ServerError(f"nvidia-pytriton ships no Python backend for Python {version}: {stub}")
    home = BUILD / "peers" / "triton" / workload.model_name
    shutil.rmtree(home, ignore_errors=True)
    backend = home / "backends" / "python"
    model = home / "models" / workload.model_name
    backend.mkdir(parents=True)
    (model / "1").mkdir(parents=True)
    for file in (*(shipped / "backends" / "python").iterdir(), stub):
        if file.is_file():
            (backend / file.name).symlink_to(file)
    shutil.copy(BENCH / "peers" / "triton" / "model.py", model / "1" / "model.py")
    (model / "config.pbtxt").write_text(_triton_config(workload))
    command = [str(shipped / "bin" / "tritonserver"), "--grpc-address", "127.0.0.1"]
    command += ["--grpc-port", str(port), "--allow-http", "0", "--allow-metrics", "0"]
    command += ["--backend-directory", str(home / "backends")]
    command += ["--model-repository", str(home / "models")]
    # The backend's stub finds its interpreter by PATH.
    path = f"{python.parent}:{os.environ['PATH']}"
    env = {"PATH": path, "PYTHONPATH": str(packages)}
    return _peer_launch("triton", command, port, workload, env=env)
