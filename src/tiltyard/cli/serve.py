"""`tiltyard serve`: answer predictions for every model of a store."""

import os
from pathlib import Path
from typing import Any

import click

from tiltyard.config import (
    DEFAULT_ADMIN,
    DEFAULT_FALSE_ALARMS,
    DEFAULT_GRPC,
    DEFAULT_HTTP,
    DEFAULT_STORE,
    ENV_PREFIX,
    REGISTRY_FILE,
    Config,
    load_config,
)


@click.command(
    epilog="Every option can be set in the environment (TILTYARD_IO_THREADS=2) or in"
    " the configuration file (io_threads = 2); the file also takes a [limits] table, and"
    " [[webhooks]]: url, secret_file, name, sends_skew."
)
@click.option(
    "--store",
    metavar="URI",
    help=f"A folder, or a URL such as s3://bucket/prefix.  [default: {DEFAULT_STORE}]",
)
@click.option(
    "--grpc",
    metavar="HOST:PORT",
    help=f"Where to listen; port 0 picks a free one.  [default: {DEFAULT_GRPC}]",
)
@click.option(
    "--admin",
    metavar="HOST:PORT",
    help="Where operators' calls are answered; port 0 picks a free one, none: nowhere."
    f"  [default: {DEFAULT_ADMIN}]",
)
@click.option(
    "--http",
    metavar="HOST:PORT",
    help="Where /metrics and health are answered; port 0 picks a free one, none: nowhere."
    f"  [default: {DEFAULT_HTTP}]",
)
@click.option(
    "--registry",
    metavar="URL",
    help="sqlite:///PATH, what is wanted of each model; none: the newest version of each serves."
    f"  [default: {REGISTRY_FILE} in the store's folder]",
)
@click.option(
    "--rollback-window-s",
    metavar="SECONDS",
    help="How long the previous champion is kept warm.  [default: 259200]",
)
@click.option("--io-threads", metavar="N", help="Threads that read, run fast models and write.")
@click.option("--worker-threads", metavar="N", help="Threads that run slow models.")
@click.option("--shadow-threads", metavar="N", help="Threads that run shadows.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=f"{ENV_PREFIX}CONFIG",
    metavar="FILE",
    help="A TOML file with any of these options, and the limits.",
)
@click.option("--tls-cert", metavar="FILE", help="Certificate chain (PEM); turns TLS on.")
@click.option("--tls-key", metavar="FILE", help="The certificate's private key (PEM).")
@click.option(
    "--tls-client-ca", metavar="FILE", help="Ask clients for a certificate of this CA (PEM)."
)
@click.option(
    "--load-timeout-s",
    metavar="SECONDS",
    help="After this a version that is still loading counts as failed.  [default: 60]",
)
@click.option(
    "--drain-s",
    metavar="SECONDS",
    help="How long accepted requests may take after SIGTERM.  [default: 30]",
)
@click.option(
    "--busy-poll-us",
    metavar="US",
    help="Spin this long before sleeping: lower latency for more CPU.  [default: 0]",
)
@click.option(
    "--allow-model-control",
    is_flag=True,
    default=None,
    help="Answer Triton's RepositoryModelLoad and RepositoryModelUnload on the data port.",
)
@click.option(
    "--monitor/--no-monitor",
    default=None,
    help="Count every request of versions that have a reference profile.  [default: monitor]",
)
@click.option(
    "--false-alarms",
    metavar="RATE",
    help="How often a drift alarm may be false, for all models together."
    f"  [default: {DEFAULT_FALSE_ALARMS}]",
)
@click.option(
    "--monitor-bytes-max",
    metavar="BYTES",
    help="The most memory for counts over time.  [default: 268435456]",
)
@click.option(
    "--monitor-state",
    metavar="FILE",
    help="Where counts and alarms are kept across restarts; none: nowhere.  [default: a file in"
    " the store's folder]",
)
@click.option(
    "--monitor-tick-s",
    metavar="SECONDS",
    help="How long the alarms gather rows, at least, before they look.  [default: 1]",
)
@click.option(
    "--runbook",
    metavar="URL",
    help="A link that alarms carry; {model} and {version} are filled in.",
)
@click.option(
    "--metrics-cells",
    is_flag=True,
    default=None,
    help="The count of each cell of each feature among the metrics.",
)
@click.option(
    "--log-format",
    type=click.Choice(["console", "json"]),
    help="Log lines for people or for programs.  [default: console]",
)
def serve(config_file: Path | None, **flags: Any) -> int:
    """Serve every model of a store over gRPC (Open Inference Protocol).

    Prints one line when it is ready. A model that cannot be loaded is reported and not served; the
    others are. SIGTERM lets accepted requests finish; a second one stops at once. SIGUSR1 logs what
    was counted: connections, calls, bytes in flight, and each limit that was reached.
    """
    config: Config = load_config(flags, os.environ, config_file)
    # Imported here: --help and configuration mistakes need no engine.
    from tiltyard import app

    return app.serve(config)
