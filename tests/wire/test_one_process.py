"""tiltyard and tritonclient register the same protobuf package; one process can have both."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tiltyard.ops.gateway_process import GatewayProcess

ROOT = Path(__file__).parent.parent.parent

TILTYARD = """
import numpy as np
from tiltyard.client import InferenceClient
from tiltyard.protocol import messages

def use_tiltyard(address, rows):
    with InferenceClient(address) as client:
        reply = client.infer("identity", {"x": rows})
        assert (reply.outputs["y"] == rows).all()
        assert client.is_ready()
    message = messages.ModelInferRequest(model_name="m")
    assert messages.ModelInferRequest.FromString(message.SerializeToString()) == message
"""

TRITON = """
import numpy as np
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2

def use_triton(address, rows):
    with triton.InferenceServerClient(address) as client:
        tensor = triton.InferInput("x", list(rows.shape), "FP32")
        tensor.set_data_from_numpy(rows)
        assert (client.infer("identity", [tensor]).as_numpy("y") == rows).all()
        assert client.is_server_ready()
    message = service_pb2.ModelInferRequest(model_name="m")
    assert service_pb2.ModelInferRequest.FromString(message.SerializeToString()) == message
"""

USE = """
import sys
rows = np.arange(8, dtype=np.float32).reshape(2, 4)
for _ in range(2):
    use_tiltyard(sys.argv[1], rows)
    use_triton(sys.argv[1], rows)
# The same bytes, though not the same classes.
assert messages.ModelInferRequest is not service_pb2.ModelInferRequest
given = messages.ModelInferRequest(model_name="m", id="i")
taken = service_pb2.ModelInferRequest.FromString(given.SerializeToString())
assert (taken.model_name, taken.id) == ("m", "i")
print("both work")
"""


@pytest.mark.parametrize(
    "imports", [TILTYARD + TRITON, TRITON + TILTYARD], ids=["tiltyard first", "tritonclient first"]
)
def test_both_work_in_one_process(gateway: GatewayProcess, imports: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", imports + USE, gateway.address],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert (done.returncode, done.stdout) == (0, "both work\n"), done.stderr
