"""Where configuration values come from, and that its limits are those of the data plane."""

import re
from pathlib import Path
from typing import Any

import pytest

from tiltyard.config import THREADS_MAX, Config, Limits, load_config, split_address
from tiltyard.errors import ConfigError

LIMITS_H = Path(__file__).parents[2] / "native" / "base" / "limits.h"


def limits_of_header() -> dict[str, int]:
    """Names and defaults of struct Limits."""
    text = LIMITS_H.read_text().partition("struct Limits {")[2].partition("\n};")[0]
    fields = re.findall(r"^ *uint(?:32|64)_t (\w+) = ([^;]+);", text, re.MULTILINE)
    found = {}
    for name, expression in fields:
        plain = re.sub(r"(?<=\d)(?:ull|u)\b", "", expression.replace("'", ""))
        assert re.fullmatch(r"[\d <*]+", plain), (name, expression)
        found[name] = int(eval(plain))
    return found


def test_limits_are_those_of_the_data_plane() -> None:
    assert len(limits_of_header()) > 20
    assert limits_of_header() == Limits().model_dump()


def test_threads_max_is_that_of_the_data_plane() -> None:
    found = re.search(r"kThreadSlotsMax = (\d+);", LIMITS_H.read_text())
    assert found is not None
    assert int(found.group(1)) == THREADS_MAX


def test_every_option_is_one_the_engine_knows() -> None:
    options = Config().engine_options()
    assert set(options) == {
        *limits_of_header(),
        "io_threads",
        "worker_threads",
        "shadow_threads",
        "busy_poll_us",
        "allow_model_control",
    }


def write(folder: Path, text: str) -> Path:
    path = folder / "tiltyard.toml"
    path.write_text(text)
    return path


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        'store = "f"\ngrpc = "f:1"\nio_threads = 3\n[limits]\ncalls_max = 5\nqueue_items_max = 6',
    )
    env = {"TILTYARD_GRPC": "e:2", "TILTYARD_STORE": "e", "TILTYARD_LIMITS_CALLS_MAX": "7"}
    config = load_config({"store": "flag", "grpc": None}, env, file)
    assert (config.store, config.grpc, config.io_threads) == ("flag", "e:2", 3)
    assert (config.limits.calls_max, config.limits.queue_items_max) == (7, 6)
    assert config.drain_s == Config().drain_s


def test_other_variables_of_the_environment_are_left_alone() -> None:
    # Kubernetes sets such ones for a service that is called tiltyard.
    env = {"TILTYARD_PORT": "tcp://10.0.0.1:80", "TILTYARD_SERVICE_HOST": "10.0.0.1"}
    assert load_config({}, env) == Config()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("io_thread = 1", "there is no option io_thread; did you mean io_threads?"),
        ("calls_max = 1", "there is no option calls_max; did you mean limits.calls_max?"),
        ("[limits]\ncall_max = 1", "no option limits.call_max; did you mean limits.calls_max?"),
        ("zebra = 1", "there is no option zebra; known: store, grpc"),
        ("limits = 3", "limits: expected a table, got 3"),
        ("io_threads = 0", "io_threads: input should be greater than or equal to 1, got 0 from"),
        ("io_threads = 'x'", "io_threads: input should be a valid integer"),
        ("drain_s = nan", "drain_s: input should be a finite number"),
        ("[limits]\ncalls_max = -1", "limits.calls_max: input should be greater"),
        (
            "[limits]\nread_bytes_per_connection_max = 4095",
            "greater than or equal to 4096, got 4095",
        ),
        ("io_threads = 40\nworker_threads = 40", "may be 64 together; got 40, 40 and 1"),
        ("tls_cert = 'a'", "tls_cert and tls_key belong together"),
        ("tls_client_ca = 'a'", "tls_client_ca needs tls_cert"),
        ("grpc = 'nowhere'", "address 'nowhere': expected HOST:PORT"),
        ("io_threads =", "is not TOML"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({}, {}, write(tmp_path, text))
    assert sentence in str(caught.value)


def test_mistakes_name_their_source(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="got '-1' from the environment"):
        load_config({}, {"TILTYARD_IO_THREADS": "-1"})
    with pytest.raises(ConfigError, match="got 'many' from the command line"):
        load_config({"io_threads": "many"}, {})
    with pytest.raises(ConfigError, match=r"tiltyard\.toml"):
        load_config({}, {}, write(tmp_path, "io_threads = 0"))
    with pytest.raises(ConfigError, match="No such file"):
        load_config({}, {}, tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("0.0.0.0:8001", ("0.0.0.0", 8001)),
        ("[::]:8001", ("::", 8001)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_addresses(address: str, expected: tuple[str, int]) -> None:
    assert split_address(address) == expected


@pytest.mark.parametrize(
    "address", ["", "8001", ":8001", "::1:8001", "h:", "h:65536", "h:-1", "h:٣"]
)
def test_unusable_addresses(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        split_address(address)


def test_a_configuration_does_not_change() -> None:
    config: Any = Config()
    with pytest.raises(ValueError, match="frozen"):
        config.io_threads = 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1 per 30 days", 2_592_000.0), ("2 per 1 week", 302_400.0), ("2 per day", 43_200.0)],
)
def test_the_rate_of_false_alarms(text: str, seconds: float) -> None:
    assert Config(false_alarms=text).false_alarm_s == seconds


@pytest.mark.parametrize("text", ["", "never", "1 per 0 days", "0 per 30 days", "30 days"])
def test_no_such_rate(text: str) -> None:
    with pytest.raises(ConfigError, match=r"false_alarms: a false-alarm budget"):
        load_config({"false_alarms": text}, {})


def test_webhooks_have_secrets_in_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    text = f'[[webhooks]]\nname = "pager"\nurl = "https://x/y"\nsecret_file = "{secret}"'
    (webhook,) = load_config({}, {}, write(tmp_path, text)).webhooks
    with pytest.raises(ConfigError, match=r"webhook pager: secret_file .*No such file"):
        webhook.secret()
    secret.write_text("0123456789abcdef\n")
    assert webhook.secret() == b"0123456789abcdef"
