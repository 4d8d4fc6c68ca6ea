"""What TLS costs: CPU time a request against the same load in the clear."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.context import Context
from bench.load import FOUR, THROUGHPUT
from bench.models import workload
from bench.paths import BUILD
from bench.results import Measurement, median
from bench.scenarios.scenario import Bar, Scenario, at_most, ratio
from bench.servers import GATEWAY, gateway, make_store


def make_certificate() -> tuple[Path, Path]:
    """A self-signed P-256 certificate for 127.0.0.1 and its key, both PEM; valid a month.

    Raises subprocess.CalledProcessError when openssl fails.
    """
    folder = BUILD / "tls"
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "cert.pem", folder / "key.pem"
    line = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    line += ["-nodes", "-days", "30", "-subj", "/CN=tiltyard bench"]
    line += ["-addext", "subjectAltName=IP:127.0.0.1"]
    line += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(line, check=True, capture_output=True)
    return certificate, key


def _run(context: Context) -> None:
    work = workload("W1")
    store = make_store([work])
    certificate, key = make_certificate()
    tls = ("--tls-cert", str(certificate), "--tls-key", str(key))
    launches = {
        "plain": gateway(work, store),
        "tls": gateway(work, store, extra=tls, tls_ca=certificate),
    }
    for run in range(context.runs):
        for kind, launch in launches.items():
            with context.server(launch) as server:
                for shape in (THROUGHPUT, FOUR):
                    report = context.load(server, shape)
                    case = f"W1 {shape.title} {kind}"
                    context.record_report("tls", case, GATEWAY, run, report)


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    bars = []
    for shape, limit in ((THROUGHPUT, 1.25), (FOUR, 1.6)):
        plain, tls = (
            median(found, "tls", f"W1 {shape.title} {kind}", GATEWAY, "server_cpu_us")
            for kind in ("plain", "tls")
        )
        text = f"W1 {shape.title}: CPU time a request with TLS over plain"
        bars.append(at_most(text, limit, ratio(tls, plain)))
    return bars


SCENARIO = Scenario("tls", "the cost of TLS at 16x8 and 4x1", _run, _bars)
