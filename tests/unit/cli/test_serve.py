"""The options of `tiltyard serve`, up to the configuration that the gateway is given."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tiltyard import app
from tiltyard.cli.serve import serve
from tiltyard.config import Config
from tiltyard.errors import ConfigError


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """The configurations that a gateway would have been started with."""
    found: list[Config] = []

    def instead(config: Config) -> int:
        found.append(config)
        return 0

    monkeypatch.setattr(app, "serve", instead)
    return found


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(serve, arguments, env=env, standalone_mode=False)


def test_every_option_of_the_configuration_has_a_flag() -> None:
    flags = {parameter.name for parameter in serve.params} - {"config_file"}
    assert flags == Config.model_fields.keys() - {"limits", "webhooks"}


def test_flags_reach_the_gateway(served: list[Config]) -> None:
    arguments = {
        "--store": "s",
        "--grpc": "[::1]:0",
        "--io-threads": "2",
        "--worker-threads": "3",
        "--shadow-threads": "2",
        "--busy-poll-us": "5",
        "--load-timeout-s": "7.5",
        "--drain-s": "1",
        "--log-format": "json",
        "--monitor-bytes-max": "2000000",
        "--monitor-state": "m",
        "--monitor-tick-s": "0.5",
        "--runbook": "https://runbooks.example/{model}",
        "--tls-cert": "c",
        "--tls-key": "k",
        "--tls-client-ca": "a",
    }
    done = run("--metrics-cells", *(word for pair in arguments.items() for word in pair))
    assert done.exception is None
    assert served == [
        Config(
            store="s",
            grpc="[::1]:0",
            io_threads=2,
            worker_threads=3,
            shadow_threads=2,
            busy_poll_us=5,
            load_timeout_s=7.5,
            drain_s=1,
            log_format="json",
            monitor_bytes_max=2_000_000,
            monitor_state="m",
            monitor_tick_s=0.5,
            runbook="https://runbooks.example/{model}",
            metrics_cells=True,
            tls_cert=Path("c"),
            tls_key=Path("k"),
            tls_client_ca=Path("a"),
        )
    ]


def test_flag_environment_and_file_in_that_order(served: list[Config], tmp_path: Path) -> None:
    file = tmp_path / "tiltyard.toml"
    file.write_text('store = "file"\nio_threads = 3\ndrain_s = 9\n')
    env = {"TILTYARD_CONFIG": str(file), "TILTYARD_IO_THREADS": "4", "TILTYARD_STORE": "env"}
    assert run("--store", "flag", env=env).exception is None
    (found,) = served
    assert (found.store, found.io_threads, found.drain_s) == ("flag", 4, 9)


def test_a_mistake_starts_nothing(served: list[Config]) -> None:
    done = run("--io-threads", "many")
    assert isinstance(done.exception, ConfigError)
    assert "io_threads" in str(done.exception)
    assert served == []


def test_the_exit_code_is_the_gateways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "serve", lambda _: 1)
    assert run().return_value == 1
