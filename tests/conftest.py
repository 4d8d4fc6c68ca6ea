"""What tests of the whole gateway share: a store with the common models, and gateways on it.

`--flavour address` or `--flavour thread` makes every gateway an instrumented one, built by
`make asan` or `make tsan`; a sanitizer's report ends it with an exit code that fails the test.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import grpc
import numpy as np
import pytest

from tests import models
from tiltyard.client import InferenceClient
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.store import Store, open_store
from tiltyard.store.publish import publish_model

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--flavour",
        choices=["plain", "address", "thread"],
        default="plain",
        help="the build of the extension that gateways run",
    )


def pytest_configure() -> None:
    # A run in the background is given an ignored SIGINT, and what it starts would ignore it too.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With -n: those that start gateways go one after another, beside all the others."""
    for item in items:
        if any(item.path.is_relative_to(ROOT / "tests" / one) for one in ("e2e", "wire")):
            item.add_marker(pytest.mark.xdist_group("gateways"))


def _library(name: str) -> str:
    line = ["g++", f"-print-file-name={name}"]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="session")
def gateway_env(pytestconfig: pytest.Config) -> dict[str, str]:
    """The environment of gateways; without configuration from the machine the tests run on."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("TILTYARD_")}
    flavour = pytestconfig.getoption("--flavour")
    if flavour == "plain":
        return env
    env["PYTHONPATH"] = str(ROOT / "build" / flavour / "lib")
    if flavour == "address":
        # CPython is not instrumented: the runtime must come first, and libstdc++ beside it so that
        # exceptions are intercepted. Leaks are for the native tests; Python's own would drown them.
        env["LD_PRELOAD"] = f"{_library('libasan.so')} {_library('libstdc++.so')}"
        env["ASAN_OPTIONS"] = "detect_leaks=0:exitcode=99"
        env["UBSAN_OPTIONS"] = "print_stacktrace=1"
    else:
        env["LD_PRELOAD"] = _library("libtsan.so")
        suppressions = ROOT / "tests" / "tsan.supp"
        env["TSAN_OPTIONS"] = f"exitcode=99:report_signal_unsafe=0:suppressions={suppressions}"
    return env


@pytest.fixture(scope="session")
def gateway_prefix(pytestconfig: pytest.Config) -> tuple[str, ...]:
    """What stands before the gateway's command: TSan needs the address layout of setarch -R."""
    return ("setarch", "-R") if pytestconfig.getoption("--flavour") == "thread" else ()


class Publish(Protocol):
    """Publishes a model and returns its version."""

    def __call__(self, name: str, model: bytes, *, samples: Path | None = None) -> int: ...


def publisher(store: Store, folder: Path) -> Publish:
    """A function that publishes into `store`; `folder` is for its files."""

    def publish(name: str, model: bytes, *, samples: Path | None = None) -> int:
        path = folder / f"{name}.onnx"
        path.write_bytes(model)
        return publish_model(store, name, path, samples=samples).version

    return publish


@pytest.fixture(scope="session")
def _common_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("common")
    publish = publisher(open_store(str(folder / "store"), create=True), folder)
    rows = folder / "rows.npy"
    np.save(rows, models.breast_cancer()[0][:64])
    index = folder / "index.npy"
    np.save(index, np.arange(16, dtype=np.int64))
    words = folder / "words.json"
    words.write_text('{"x": [["yes", "no"], ["", "maybe"]]}')
    publish("w1", models.w1(), samples=rows)
    publish("w2", models.w2(), samples=rows)
    publish("identity", models.identity())
    publish("two", models.two_in_two_out())
    publish("scalar", models.scalar())
    publish("strings", models.strings(), samples=words)
    publish("embedding", models.embedding(), samples=index)
    publish("slow", models.slow())
    return folder / "store"


@pytest.fixture
def common_store(_common_store: Path, tmp_path: Path) -> Path:
    """A copy of the store with the common models, to do anything to."""
    shutil.copytree(_common_store, tmp_path / "common_store")
    return tmp_path / "common_store"


@pytest.fixture(scope="session")
def gateway(
    _common_store: Path, gateway_env: dict[str, str], gateway_prefix: tuple[str, ...]
) -> Iterator[GatewayProcess]:
    """The unmodified `tiltyard serve` with the common models; at the end it must stop with 0."""
    arguments = ["--store", str(_common_store), "--io-threads", "2", "--worker-threads", "2"]
    with GatewayProcess(arguments, env=gateway_env, prefix=gateway_prefix) as found:
        yield found
        assert found.stop() == 0, found.log()


Serve = Callable[..., GatewayProcess]


@pytest.fixture
def serve(gateway_env: dict[str, str], gateway_prefix: tuple[str, ...]) -> Iterator[Serve]:
    """A function that starts `tiltyard serve` with its arguments; all are stopped at the end."""
    with contextlib.ExitStack() as running:

        def start(
            *arguments: str, env: dict[str, str] | None = None, prefix: Sequence[str] = ()
        ) -> GatewayProcess:
            made = GatewayProcess(
                arguments,
                env={**gateway_env, **(env or {})},
                prefix=[*prefix, *gateway_prefix],
            )
            return running.enter_context(made)

        yield start


@pytest.fixture
def channel(gateway: GatewayProcess) -> Iterator[grpc.Channel]:
    """A plain grpcio channel to the gateway."""
    with grpc.insecure_channel(gateway.address) as found:
        yield found


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[InferenceClient]:
    """Our own client on the gateway."""
    with InferenceClient(gateway.address) as found:
        yield found
