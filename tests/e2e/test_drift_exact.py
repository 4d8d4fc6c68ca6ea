"""Every request is counted, in the right cells: held against a recount of the same rows.

TILTYARD_COUNTED says how many requests are sent to two gateways together; 1000000 take 90 s.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from bench.load import THROUGHPUT, Shape, build_loadgen
from bench.process import threads_cpu_ns
from tests.conftest import Serve
from tests.e2e.counted_traffic import (
    MODEL,
    Traffic,
    make_traffic,
    rows_of_w1,
    send,
    wait_until_counted,
    wait_until_watched,
)
from tiltyard.client import AdminClient
from tiltyard.monitor.counting.layout import REQUESTS, ROWS, ROWS_SQUARED
from tiltyard.monitor.profile.stream import Group
from tiltyard.monitor.snapshot import Snapshot
from tiltyard.monitor.statistics.merge import merge

COUNTED: Final = int(os.environ.get("TILTYARD_COUNTED", "400000"))
# The monitor comes after everybody else: on two cores that others want too it was seen to wait most
# of a second. At this rate a thread has room for the records of about three.
RATE: Final = 12_000.0
COUNTED_SANITIZED, RATE_SANITIZED = 20_000, 1_000.0
SIZES: Final = [*[1] * 42, 2, *[1] * 37, 17, *[1] * 39, 5, *[1] * 38, 33]
ROUNDS: Final = 20
REFERENCE_ROWS: Final = 20_000
OVERLOADED: Final = 100_000
ONE_BLOCK: Final = "[limits]\nrecord_bytes_max = 65536\n"


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    build_loadgen()
    sizes = SIZES * ROUNDS
    return make_traffic(tmp_path_factory.mktemp("traffic"), rows_of_w1(sum(sizes), 7), sizes)


@pytest.fixture(scope="module")
def profiled_store(tmp_path_factory: pytest.TempPathFactory, traffic: Traffic) -> Path:
    folder = tmp_path_factory.mktemp("profiled")
    reference = folder / "reference.npz"
    np.savez(reference, X=rows_of_w1(REFERENCE_ROWS, 11))
    line = [sys.executable, "-m", "tiltyard", "publish", MODEL]
    line += [str(traffic.corpus.with_name("w1.onnx")), "--reference", str(reference)]
    subprocess.run([*line, "--store", str(folder / "store")], check=True, capture_output=True)
    return folder / "store"


@pytest.fixture
def two_stores(profiled_store: Path, tmp_path: Path) -> list[Path]:
    stores = [tmp_path / "a", tmp_path / "b"]
    for store in stores:
        shutil.copytree(profiled_store, store)
    return stores


@pytest.fixture
def pace(pytestconfig: pytest.Config) -> tuple[int, Shape]:
    """How many requests each gateway is sent, and how they come."""
    is_plain = pytestconfig.getoption("--flavour") == "plain"
    total, rate = (COUNTED, RATE) if is_plain else (COUNTED_SANITIZED, RATE_SANITIZED)
    return total // 2, Shape(16, 8, rate=rate)


def check_counts(found: Snapshot, traffic: Traffic, requests: int) -> None:
    """Each integer is what the recount of so many requests has."""
    profile, counts = found.profile, found.current.counts
    expected = traffic.recount(profile, requests)
    assert (counts[ROWS], counts[REQUESTS]) == (traffic.rows_in(requests), requests)
    assert counts[ROWS_SQUARED] == expected[ROWS_SQUARED]
    for index, stream in enumerate(profile.streams):
        cells, wanted = (profile.layout.cells(one, index) for one in (counts, expected))
        assert dict(zip(stream.cells.names, cells, strict=False)) == dict(
            zip(stream.cells.names, wanted, strict=False)
        ), stream.name
    np.testing.assert_array_equal(counts, expected)
    assert (found.offered, found.dropped) == (counts[ROWS], 0)


def check_history(found: Snapshot) -> None:
    """The pieces make up the window."""
    total = sum(piece.counts for piece in found.history)
    np.testing.assert_array_equal(total, found.current.counts)
    assert found.history[-1].end == found.current.end


@pytest.mark.timeout(120 + COUNTED // 5_000)
def test_requests_to_two_gateways_are_counted_as_offline(
    serve: Serve, two_stores: list[Path], traffic: Traffic, pace: tuple[int, Shape]
) -> None:
    requests_min, shape = pace
    snapshots = []
    for store in two_stores:
        gateway = serve("--store", str(store), "--io-threads", "2", "--worker-threads", "1")
        with AdminClient(gateway.admin_address) as admin:
            profile = wait_until_watched(admin)
            groups = {stream.group for stream in profile.streams}
            assert groups == {Group.feature, Group.output, Group.joint}
            assert len(profile.of_group(Group.joint)) == 2
            report = send(gateway, traffic, shape, requests_min)
            assert report.faults == []
            assert all(threads_cpu_ns(gateway.pid, name) > 1e8 for name in ("io-0", "io-1"))
            found = wait_until_counted(admin, traffic.rows_in(report.replies))
        check_counts(found, traffic, report.replies)
        check_history(found)
        snapshots.append((found, report.replies))
    merged = merge([found for found, _ in snapshots])
    assert len(merged.gateways) == 2
    a, b = (requests for _, requests in snapshots)
    assert min(a, b) >= requests_min
    expected = sum(traffic.recount(merged.profile, requests) for requests in (a, b))
    np.testing.assert_array_equal(merged.current.counts, expected)
    assert (merged.offered, merged.dropped) == (merged.current.counts[ROWS], 0)
    check_history(merged)


@pytest.mark.timeout(180)
def test_what_is_dropped_at_overload_is_counted_as_well(
    serve: Serve, two_stores: list[Path], traffic: Traffic, tmp_path: Path
) -> None:
    config = tmp_path / "tight.toml"
    config.write_text(ONE_BLOCK)
    gateway = serve("--store", str(two_stores[0]), "--io-threads", "2", "--config", str(config))
    with AdminClient(gateway.admin_address) as admin:
        profile = wait_until_watched(admin)
        report = send(gateway, traffic, THROUGHPUT, OVERLOADED)
        assert report.faults == []  # every reply is the right one, to the bit
        rows = traffic.rows_in(report.replies)
        found = wait_until_counted(admin, rows)
    counts = found.current.counts
    assert found.offered == rows
    assert found.offered == counts[ROWS] + found.dropped
    assert 0 < counts[ROWS] < rows
    sent = traffic.recount(profile, report.replies)
    for index in range(profile.layout.streams):
        cells = profile.layout.cells(counts, index)
        assert cells.sum() == counts[ROWS]
        assert (cells <= profile.layout.cells(sent, index)).all()
    check_history(found)
