"""Two witnesses beside our own load generator: h2load, and tritonclient's real client.

h2load calls every HTTP 200 a success and knows nothing of values, so a real client asks for the
same rows in the same call and compares every number.
"""

import re
import subprocess
from dataclasses import dataclass

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from bench.corpus import answers, open_session, write_body
from bench.load import METHOD, Shape
from bench.models import Workload
from bench.server import Server

ROWS_CHECKED = 64


@dataclass(frozen=True)
class Witness:
    """What h2load counted, and the replies a real client found wrong."""

    throughput: float
    server_cpu_us: float
    faults: list[str]


def run_h2load(server: Server, workload: Workload, shape: Shape, core: int, seconds: int) -> str:
    """Run h2load against a server; its output. Raises subprocess.CalledProcessError."""
    scheme = "https" if server.launch.tls_ca else "http"
    line = ["taskset", "-c", str(core), "h2load", "-c", str(shape.connections)]
    line += ["-m", str(shape.streams), "-D", str(seconds), "--warm-up-time", "1"]
    line += ["-d", str(write_body(workload)), "-H", "content-type: application/grpc"]
    line += ["-H", "te: trailers", f"{scheme}://{server.address}{METHOD}"]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout


def read_throughput(output: str) -> float:
    """Requests a second of h2load's summary. Raises ValueError when it has none."""
    found = re.search(r"finished in .*?, ([0-9.]+) req/s", output)
    if found is None:
        raise ValueError(f"expected a line 'finished in' from h2load, got: {output[-300:]}")
    return float(found.group(1))


def read_faults(output: str) -> list[str]:
    """Requests h2load itself calls failed, errored or timed out."""
    found = re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", output)
    if found is None:
        return ["h2load printed no count of failed requests"]
    bad = sum(int(n) for n in found.groups())
    return [f"h2load counts {found.group(0)}"] if bad else []


def check_values(server: Server, workload: Workload) -> list[str]:
    """Ask for up to 64 rows through tritonclient; a sentence for each reply wrong or missing."""
    session = open_session(workload.model_file)
    source = session.get_inputs()[0].name
    rows = workload.rows[:ROWS_CHECKED]
    faults = []
    with triton.InferenceServerClient(server.address) as client:
        for index, expected in enumerate(answers(session, rows)):
            tensor = triton.InferInput(source, [1, *rows.shape[1:]], "FP32")
            tensor.set_data_from_numpy(rows[index : index + 1])
            try:
                reply = client.infer(workload.model_name, [tensor])
            except InferenceServerException as error:
                faults.append(f"row {index}: {error}")
                continue
            for name, right in expected.items():
                got = reply.as_numpy(name)
                if got is None or not _same(right, got, server.launch.tolerance):
                    faults.append(f"row {index}, output {name}: expected {right}, got {got}")
    return faults


def _same(right: np.ndarray, got: np.ndarray, tolerance: float) -> bool:
    if right.size != got.size or right.dtype != got.dtype:
        return False
    if tolerance == 0 or right.dtype.kind != "f":
        return right.tobytes() == got.tobytes()
    return bool(np.allclose(right.ravel(), got.ravel(), rtol=0, atol=tolerance))
