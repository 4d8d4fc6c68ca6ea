"""What can be configured: the options of `tiltyard serve`, and every limit of the data plane.

A value comes from the command line, else from the environment (TILTYARD_ and the option's name in
capitals), else from the configuration file (TOML), else it is the default here. The limits and
their defaults are those of native/base/limits.h; a test compares them.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tiltyard.errors import ConfigError
from tiltyard.monitor.alarm.budget import parse_budget

if TYPE_CHECKING:
    from tiltyard.store import Store

ENV_PREFIX: Final = "TILTYARD_"
# Set for other purposes than a configuration value.
ENV_RESERVED: Final = frozenset({"TILTYARD_TRACEBACK", "TILTYARD_CONFIG"})
DEFAULT_STORE: Final = "./store"
DEFAULT_GRPC: Final = "0.0.0.0:8001"
DEFAULT_ADMIN: Final = "127.0.0.1:8003"
DEFAULT_HTTP: Final = "127.0.0.1:8000"
DEFAULT_FALSE_ALARMS: Final = "1 per 30 days"
NONE: Final = "none"  # of admin, http, registry and monitor_state: do without
REGISTRY_FILE: Final = "registry.sqlite3"
THREADS_MAX: Final = 64  # kThreadSlotsMax in native/base/limits.h

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

Count = Annotated[int, Field(ge=0, lt=2**32)]
Positive = Annotated[int, Field(ge=1, lt=2**32)]


class Limits(BaseModel):
    """The limits of the data plane. Units stand last in their names; 0 means never where noted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # connections and HTTP/2
    connections_max: Positive = 10_000
    streams_per_connection_max: Positive = 1_024
    header_bytes_max: Positive = 16 * KIB
    stream_window_bytes: Annotated[int, Field(ge=65_535, lt=2**31)] = 1 * MIB
    connection_window_bytes: Annotated[int, Field(ge=65_535, lt=2**31)] = 4 * MIB
    control_frames_per_s_max: Positive = 1_000
    resets_per_s_max: Positive = 2_000
    output_bytes_max: Positive = 256 * KIB
    handshake_ms_max: Positive = 10_000
    connection_idle_ms_max: Count = 0  # 0: never
    connection_age_ms_max: Count = 0  # 0: never
    connection_age_grace_ms: Count = 30_000
    keepalive_ms: Count = 7_200_000  # 0: never
    keepalive_timeout_ms: Positive = 20_000
    slow_reader_ms_max: Positive = 60_000
    # one cycle of an io thread
    handshakes_per_cycle_max: Positive = 8
    read_arena_bytes: Annotated[int, Field(ge=64 * KIB, lt=2**32)] = 4 * MIB
    read_bytes_per_connection_max: Annotated[int, Field(ge=4 * KIB, lt=2**32)] = 256 * KIB
    requests_per_connection_max: Positive = 256
    requests_per_cycle_max: Positive = 1_024
    inflated_bytes_per_cycle_max: Positive = 64 * MIB
    cycle_run_us_max: Positive = 1_000
    inline_run_us_max: Count = 300
    # calls and messages
    message_bytes_max: Positive = 64 * MIB
    in_flight_bytes_max: Annotated[int, Field(ge=1, lt=2**63)] = 1 * GIB
    calls_max: Positive = 65_536
    stream_messages_in_flight_max: Positive = 256
    batch_rows_max: Annotated[int, Field(ge=1, lt=2**31)] = 128
    queue_items_max: Positive = 1_024
    slow_path_items_max: Positive = 1_024
    shadow_items_max: Positive = 1_024
    shadow_bytes_max: Positive = 64 * MIB
    shadow_age_ms_max: Positive = 2_000
    record_bytes_max: Annotated[int, Field(ge=64 * KIB, lt=2**32)] = 64 * MIB
    retry_pushback_ms: Count = 50


class Webhook(BaseModel):
    """Where alarms are sent; each body is signed with the secret (HMAC-SHA256).

    `name` is what logs and metrics call it; without one the URL's host. Skew is sent only where
    `sends_skew` says so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    secret_file: Path
    name: str = ""
    sends_skew: bool = False

    def secret(self) -> bytes:
        """Without the newline that editors leave at its end. Raises ConfigError."""
        try:
            return self.secret_file.read_bytes().rstrip(b"\r\n")
        except OSError as error:
            called = self.name or "without a name"
            raise ConfigError(
                f"webhook {called}: secret_file {self.secret_file}: {error.strerror}"
            ) from error


def default_worker_threads() -> int:
    """One for each core this process may use, so that slow models can use what is left."""
    return max(1, min(len(os.sched_getaffinity(0)), THREADS_MAX // 2))


class Config(BaseModel):
    """Everything `tiltyard serve` is told. Immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: str = DEFAULT_STORE
    grpc: str = DEFAULT_GRPC  # host:port; port 0 picks a free one
    admin: str = DEFAULT_ADMIN  # host:port, or "none"
    http: str = DEFAULT_HTTP  # host:port of /metrics, or "none"
    registry: str | None = None  # sqlite:///PATH, or "none"; without it a file beside the store
    # How long a version stays in memory after it left its slot, or was last asked for by number.
    rollback_window_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 72 * 3600.0
    io_threads: Annotated[int, Field(ge=1, le=THREADS_MAX)] = 1
    worker_threads: Annotated[int, Field(ge=0, le=THREADS_MAX)] = Field(
        default_factory=default_worker_threads
    )
    shadow_threads: Annotated[int, Field(ge=0, le=THREADS_MAX)] = 1
    busy_poll_us: Count = 0
    allow_model_control: bool = False  # Triton's load and unload on the data port
    monitor: bool = True  # count every request of versions that have a profile
    monitor_bytes_max: Annotated[int, Field(ge=MIB, lt=2**63)] = 256 * MIB  # of counts over time
    # Counts and alarms across restarts: a file, or "none"; without it one beside a local store.
    monitor_state: str | None = None
    # How long a tick of the alarms lasts at least; it has 50 rows, too.
    monitor_tick_s: Annotated[float, Field(ge=0.05, le=3600)] = 1.0
    false_alarms: str = DEFAULT_FALSE_ALARMS  # of all models of this gateway together
    webhooks: tuple[Webhook, ...] = ()
    runbook: str = ""  # a link that alarms carry; {model} and {version} are filled in
    metrics_cells: bool = False  # the count of each cell among the metrics
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    load_timeout_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 60.0
    drain_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0
    log_format: Literal["console", "json"] = "console"
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.io_threads + self.worker_threads + self.shadow_threads > THREADS_MAX:
            raise ValueError(
                f"io_threads, worker_threads and shadow_threads may be {THREADS_MAX} together; got"
                f" {self.io_threads}, {self.worker_threads} and {self.shadow_threads}"
            )
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together; only one of them was given")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("tls_client_ca needs tls_cert and tls_key")
        split_address(self.grpc)
        for address in (self.admin, self.http):
            if address != NONE:
                split_address(address)
        try:
            parse_budget(self.false_alarms)
        except ConfigError as error:
            raise ValueError(f"false_alarms: {error}") from error
        return self

    @property
    def false_alarm_s(self) -> float:
        """The mean time between two false alarms of the gateway, in seconds."""
        return parse_budget(self.false_alarms)

    def registry_url(self, store: "Store") -> str:
        """Where the registry is. A remote store needs one to be named. Raises ConfigError."""
        if self.registry is not None:
            return self.registry
        if store.root is None:
            raise ConfigError(
                f"store {store.uri} is remote, so the registry has no place beside it: name one"
                f" with registry = sqlite:///PATH, or do without: {NONE}"
            )
        return f"sqlite:///{store.root.absolute() / REGISTRY_FILE}"

    def engine_options(self) -> dict[str, int]:
        """What the engine is made with: every limit, and its threads."""
        return {
            **self.limits.model_dump(),
            "io_threads": self.io_threads,
            "worker_threads": self.worker_threads,
            "shadow_threads": self.shadow_threads,
            "busy_poll_us": self.busy_poll_us,
            "allow_model_control": int(self.allow_model_control),
        }


def split_address(address: str) -> tuple[str, int]:
    """Host and port of "0.0.0.0:8001", "[::]:8001" or "localhost:0". Raises ValueError."""
    host, separator, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not separator or not host or (":" in host and not bracketed):
        raise ValueError(f"address {address!r}: expected HOST:PORT, with [..] around an IPv6 host")
    if not (port.isascii() and port.isdigit() and int(port) < 2**16):
        raise ValueError(f"address {address!r}: the port has to be a number from 0 to 65535")
    return (host[1:-1] if bracketed else host), int(port)


def load_config(
    flags: Mapping[str, Any],
    env: Mapping[str, str],
    file: Path | None = None,
) -> Config:
    """The configuration from flags (None: not given), environment, file and defaults.

    Raises ConfigError that names the key, the value and where it came from.
    """
    values: dict[str, Any] = {"limits": {}}
    sources: dict[str, str] = {}
    for source, found in (
        (str(file), _read_file(file) if file is not None else {}),
        ("environment", _from_env(env)),
        ("command line", {key: value for key, value in flags.items() if value is not None}),
    ):
        limits = found.pop("limits", {})
        if not isinstance(limits, Mapping):
            raise ConfigError(f"{source}: limits: expected a table, got {limits!r}")
        _check_names(source, found, limits)
        values |= found
        values["limits"] |= limits
        sources |= dict.fromkeys(found, source)
        sources |= {f"limits.{name}": source for name in limits}
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_sentence(error, sources)) from error


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"configuration file {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration file {file} is not TOML: {error}") from error


def _from_env(env: Mapping[str, str]) -> dict[str, Any]:
    """TILTYARD_IO_THREADS=2 is io_threads; TILTYARD_LIMITS_CALLS_MAX is limits.calls_max."""
    found: dict[str, Any] = {"limits": {}}
    for name, value in env.items():
        if not name.startswith(ENV_PREFIX) or name in ENV_RESERVED:
            continue
        key = name.removeprefix(ENV_PREFIX).lower()
        if key in Config.model_fields and key != "limits":
            found[key] = value
        elif key.startswith("limits_") and key.removeprefix("limits_") in Limits.model_fields:
            found["limits"][key.removeprefix("limits_")] = value
    return found


def _check_names(source: str, found: Iterable[str], limits: Iterable[str]) -> None:
    known = [name for name in Config.model_fields if name != "limits"]
    for prefix, names, allowed in (("", found, known), ("limits.", limits, Limits.model_fields)):
        for name in names:
            if name not in allowed:
                near = difflib.get_close_matches(name, [*allowed, *Limits.model_fields], n=1)
                where = f"limits.{near[0]}" if near and near[0] not in known else "".join(near)
                hint = f"; did you mean {where}?" if near else f"; known: {', '.join(allowed)}"
                raise ConfigError(f"{source}: there is no option {prefix}{name}{hint}")


def _sentence(error: ValidationError, sources: Mapping[str, str]) -> str:
    """The first problem, with the key, what was expected, what came, and from where."""
    problem = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    if not key:
        return message
    came = f", got {problem['input']!r} from the {sources[key]}" if key in sources else ""
    return f"{key}: {message[:1].lower()}{message[1:]}{came}"
