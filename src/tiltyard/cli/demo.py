"""`tiltyard demo`: the main job on real data, from training to a measured answer."""

import tempfile
import time

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from tiltyard.client import AdminClient, InferenceClient
from tiltyard.demo.classifiers import Classifier, publish_classifier, train_classifiers
from tiltyard.demo.traffic import (
    QUANTILES,
    Outcome,
    requests_of,
    send_one_by_one,
    send_pipelined,
)
from tiltyard.demo.watching import (
    CHANGED,
    UNITS,
    counted,
    most_changed,
    next_second,
    send_in_another_unit,
    wait_until_watched,
)
from tiltyard.errors import ClientError, ServeError
from tiltyard.monitor.statistics.measure import StreamMeasure
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.store import open_store

WINDOW = 64
ONE_BY_ONE = "one by one"
PIPELINED = f"{WINDOW} at once"
FEATURES_SHOWN = 4
SCORE_ERROR_MAX = 1e-5  # ONNX computes in float32, scikit-learn in float64

Measured = dict[tuple[str, str], Outcome]  # by classifier and kind of traffic


@click.command()
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    help="How long each kind of traffic is sent to each model.",
)
def demo(seconds: float) -> None:
    """Train two classifiers, publish, serve, measure and watch them.

    Uses scikit-learn's breast-cancer data and a temporary store; nothing is left behind. Exits with
    an error if any answer is not the one that scikit-learn gives, if any request is not counted, or
    if a feature that comes in another unit is not the first that is named.
    """
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="tiltyard-demo-") as folder:
        console.print("[bold]1  Train[/bold]")
        classifiers = train_classifiers()
        for classifier in classifiers:
            accuracy = np.mean(classifier.predictions == classifier.labels)
            console.print(f"   {classifier.title}: {accuracy:.1%} of the held-out rows right")
        console.print("\n[bold]2  Publish[/bold]")
        store = open_store(folder, create=True)
        for classifier in classifiers:
            manifest, profile = publish_classifier(store, classifier)
            console.print(
                f"   {manifest.model} version {manifest.version}, with a profile of the"
                f" {profile.rows} rows that it was trained on"
            )
            for change in manifest.description.changes:
                console.print(f"   [dim]{change}[/dim]", soft_wrap=True)
        console.print("\n[bold]3  Serve[/bold]")
        measured = _serve_and_send(console, folder, classifiers, seconds)
    _check(classifiers, measured)
    console.print("\nEvery answer is the one that scikit-learn gives. Stopped cleanly.")


def _serve_and_send(
    console: Console, folder: str, classifiers: list[Classifier], seconds: float
) -> Measured:
    with GatewayProcess(["--store", folder]) as gateway:
        console.print(f"   {gateway.ready_line}")
        with AdminClient(gateway.admin_address, actor="demo") as admin:
            waited_s = wait_until_watched(admin, [one.name for one in classifiers])
        console.print(f"   [dim]every request is counted, {waited_s:.1f} s later[/dim]")
        console.print("\n[bold]4  Send the held-out rows, one a request[/bold]")
        measured: Measured = {}
        with InferenceClient(gateway.address) as client:
            for classifier in classifiers:
                requests = requests_of(classifier)
                name = classifier.name
                measured[name, ONE_BY_ONE] = send_one_by_one(client, requests, seconds)
                measured[name, PIPELINED] = send_pipelined(client, requests, seconds, WINDOW)
            console.print(_accuracy_table(classifiers, measured))
            console.print()
            console.print(_latency_table(measured))
            console.print(
                "   [dim]Latency in µs. The Python client is the limit here; python -m bench"
                " measures the gateway.[/dim]",
                soft_wrap=True,
            )
            console.print("\n[bold]5  What the gateway counted[/bold]")
            console.print(_statistics_table(client))
            _watch(console, gateway, client, classifiers[0], seconds)
        stopping = time.monotonic()
        code = gateway.stop()
        if code != 0:
            raise ServeError(f"the gateway ended with exit code {code}, expected 0")
        console.print(f"   [dim]stopped in {time.monotonic() - stopping:.2f} s[/dim]")
    return measured


def _watch(
    console: Console,
    gateway: GatewayProcess,
    client: InferenceClient,
    classifier: Classifier,
    seconds: float,
) -> None:
    """One feature in another unit is the first that is named; raises ClientError if not."""
    console.print(f"\n[bold]6  Send {CHANGED} in another unit, {UNITS} times the number[/bold]")
    with AdminClient(gateway.admin_address, actor="demo") as admin:
        begin = next_second()
        sent = send_in_another_unit(client, classifier, seconds, WINDOW)
        snapshot = counted(admin, classifier.name, begin, sent)
    streams = most_changed(snapshot)
    console.print(_changes_table(f"{classifier.name}, {sent:,} rows", streams))
    _check_changed(streams)
    console.print(
        "   [dim]tiltyard drift NAME shows this of any gateway; python -m bench drift measures what"
        " it costs.[/dim]",
        soft_wrap=True,
    )


def _changes_table(title: str, streams: list[StreamMeasure]) -> Table:
    table = _table(title, "PSI", "noise", "out of range", "changed most")
    for stream in streams[:FEATURES_SHOWN]:
        out = stream.out_of_range
        table.add_row(
            stream.stream,
            f"{stream.psi:.3f}",
            f"{stream.psi_band:.3f}",
            "" if out is None else f"{out.share:.1%}",
            stream.linf_cell,
        )
    return table


def _check_changed(streams: list[StreamMeasure]) -> None:
    if streams[0].stream != CHANGED:
        raise ClientError(f"expected {CHANGED} to have changed most, found {streams[0].stream}")


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 3), pad_edge=True, header_style="dim")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right", no_wrap=True)
    return table


def _accuracy_table(classifiers: list[Classifier], measured: Measured) -> Table:
    table = _table("model", "held-out rows", "right", "as scikit-learn", "largest score difference")
    for classifier in classifiers:
        outcome = measured[classifier.name, ONE_BY_ONE]
        labels, error = _answers(classifier, outcome)
        table.add_row(
            classifier.name,
            str(len(labels)),
            f"{np.mean(labels == classifier.labels):.1%}",
            f"{np.mean(labels == classifier.predictions):.1%}",
            f"{error:.1e}",
        )
    return table


def _latency_table(measured: Measured) -> Table:
    table = _table("model", "requests", "sent", "per s", *QUANTILES)
    for (name, kind), outcome in measured.items():
        table.add_row(
            name,
            kind,
            f"{outcome.requests:,}",
            f"{outcome.per_second:,.0f}",
            *(f"{outcome.quantile_us(quantile):,.0f}" for quantile in QUANTILES.values()),
        )
    return table


def _statistics_table(client: InferenceClient) -> Table:
    table = _table("model", "version", "predictions", "runs", "rows a run", "µs a run", "failed")
    for stats in client.statistics(timeout_s=30.0):
        run_ns = sum(batch.compute_infer.ns for batch in stats.batch_stats)
        runs = max(1, stats.execution_count)
        table.add_row(
            stats.name,
            stats.version,
            f"{stats.inference_count:,}",
            f"{stats.execution_count:,}",
            f"{stats.inference_count / runs:.2f}",
            f"{run_ns / runs / 1000:.1f}",
            str(stats.inference_stats.fail.count),
        )
    return table


def _answers(classifier: Classifier, outcome: Outcome) -> tuple[np.ndarray, float]:
    rows = range(len(classifier.rows))
    labels = np.array([outcome.labels[row] for row in rows])
    scores = np.array([outcome.scores[row] for row in rows])
    return labels, float(np.max(np.abs(scores - classifier.scores)))


def _check(classifiers: list[Classifier], measured: Measured) -> None:
    """Raises ClientError when an answer was wrong, or not the same every time."""
    for classifier in classifiers:
        for kind in (ONE_BY_ONE, PIPELINED):
            outcome = measured[classifier.name, kind]
            labels, error = _answers(classifier, outcome)
            wrong = int(np.sum(labels != classifier.predictions))
            if wrong or outcome.changed or error > SCORE_ERROR_MAX:
                raise ClientError(
                    f"{classifier.name}, {kind}: expected scikit-learn's answers; {wrong} labels"
                    f" differ, {outcome.changed} replies changed from one time to the next, and"
                    f" scores differ by up to {error:.1e} (at most {SCORE_ERROR_MAX:.0e} expected)"
                )
