"""A gateway with small limits, and after each test: alive, empty, and its honest client served."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.hostile.target import Target
from tiltyard.ops.gateway_process import GatewayProcess

# Small enough that no test waits long, and far enough from what an honest client needs.
LIMITS = """
[limits]
handshake_ms_max = 1000
slow_reader_ms_max = 1000
keepalive_ms = 1500
keepalive_timeout_ms = 1500
message_bytes_max = 1048576
in_flight_bytes_max = 33554432
connections_max = 300
"""


@pytest.fixture(scope="session")
def hostile_target(
    _common_store: Path,
    gateway_env: dict[str, str],
    gateway_prefix: tuple[str, ...],
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Target]:
    """The unmodified `tiltyard serve`: one io thread, so that whoever disturbs, disturbs all."""
    config = tmp_path_factory.mktemp("hostile") / "limits.toml"
    config.write_text(LIMITS)
    arguments = ["--store", str(_common_store), "--io-threads", "1", "--worker-threads", "1"]
    arguments += ["--config", str(config), "--log-format", "json"]
    with GatewayProcess(arguments, env=gateway_env, prefix=gateway_prefix) as gateway:
        # A sanitizer keeps what was freed for a while, and more beside each block.
        is_plain = pytestconfig.getoption("--flavour") == "plain"
        made = Target(gateway, memory_slack_bytes=(96 if is_plain else 1_024) << 20)
        try:
            yield made
        finally:
            made.close()
        assert gateway.stop() == 0, gateway.log()


@pytest.fixture
def target(hostile_target: Target) -> Iterator[Target]:
    """The gateway to attack; the test fails when the attack has left a mark."""
    yield hostile_target
    hostile_target.check_unharmed()
