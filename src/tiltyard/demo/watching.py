"""A feature in another unit: sent to the gateway, and looked for in what it counted."""

import time
from dataclasses import replace
from typing import Final

import numpy as np

from tiltyard.client import AdminClient, InferenceClient
from tiltyard.client.admin_errors import AdminPreconditionError
from tiltyard.demo.classifiers import Classifier
from tiltyard.demo.traffic import requests_of, send_pipelined
from tiltyard.errors import ClientError
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.snapshot import Snapshot
from tiltyard.monitor.statistics.measure import StreamMeasure
from tiltyard.monitor.statistics.ranking import ranked
from tiltyard.monitor.statistics.report import report_of

CHANGED: Final = "mean area"
UNITS: Final = 100  # square millimetres were sent for square centimetres
WATCH_S_MAX: Final = 180.0  # kernels are compiled once a machine
COUNT_S_MAX: Final = 30.0
LOOK_S: Final = 0.2


def wait_until_watched(admin: AdminClient, models: list[str]) -> float:
    """Until the requests of all these are counted; how long that took. Raises ClientError."""
    began = time.monotonic()
    for model in models:
        while True:
            try:
                admin.get_drift(DriftQuery(model, pieces=1))
                break
            except AdminPreconditionError as error:
                if time.monotonic() - began > WATCH_S_MAX:
                    raise ClientError(
                        f"{model} was not watched in {WATCH_S_MAX:g} s: {error}"
                    ) from error
                time.sleep(LOOK_S)
    return time.monotonic() - began


def send_in_another_unit(
    client: InferenceClient, classifier: Classifier, seconds: float, window: int
) -> int:
    """The held-out rows with one feature UNITS times what it was; how many requests that were."""
    rows = classifier.rows.copy()
    rows[:, classifier.features.index(CHANGED)] *= np.float32(UNITS)
    requests = requests_of(replace(classifier, rows=rows))
    return send_pipelined(client, requests, seconds, window).requests


def counted(admin: AdminClient, model: str, begin: float, rows: int) -> Snapshot:
    """What was counted of a model since a unix time, once it is so many rows. ClientError."""
    give_up = time.monotonic() + COUNT_S_MAX
    while True:
        now = time.time()
        (found,) = admin.get_drift(
            DriftQuery(model, role="champion", window_s=now + 1 - begin, end=now + 1, pieces=1)
        )
        if found.current.counts[0] >= rows:
            return found
        if time.monotonic() > give_up:
            raise ClientError(
                f"{model}: expected {rows:,} rows to be counted within {COUNT_S_MAX:g} s, found"
                f" {found.current.counts[0]:,}; {found.dropped:,} were dropped"
            )
        time.sleep(LOOK_S)


def next_second() -> float:
    """Wait for a second to begin, and say which: counts are kept by the second."""
    begin = time.time() // 1 + 1
    time.sleep(begin - time.time())
    return begin


def most_changed(snapshot: Snapshot) -> list[StreamMeasure]:
    """The features against the training profile, those first that say most."""
    measured = report_of(snapshot, "profile").streams
    return [one for one in ranked(measured) if one.group == "feature"]
