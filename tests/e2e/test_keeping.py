"""What has left its slot is unloaded after the rollback window, unless it is still asked for."""

from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest

from tests.conftest import Serve
from tests.e2e.asking import Asking, wait_for
from tiltyard.client import AdminClient
from tiltyard.config import REGISTRY_FILE
from tiltyard.control.views import VersionView
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.protocol import messages
from tiltyard.registry import open_registry

WINDOW_S = 2.0
UNUSED = "because nothing used it for the rollback window"


@pytest.fixture
def gateway(serve: Serve, rollout_store: Path) -> GatewayProcess:
    """Version 3 of m serves."""
    return serve("--store", str(rollout_store), env={"TILTYARD_ROLLBACK_WINDOW_S": str(WINDOW_S)})


@pytest.fixture
def admin(gateway: GatewayProcess) -> Iterator[AdminClient]:
    with AdminClient(gateway.admin_address) as found:
        yield found


def seen(admin: AdminClient, version: int) -> VersionView:
    return admin.get_model("m").versions[version - 1]


def refusal(address: str, version: int) -> tuple[grpc.StatusCode, str]:
    """How a request is answered that asks for a version that is not in memory."""
    request = messages.ModelInferRequest(model_name="m", model_version=str(version))
    request.inputs.add(name="x", datatype="FP32", shape=[1, 4])
    request.raw_input_contents.append(np.zeros((1, 4), np.float32).tobytes())
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(
            messages.method_path("ModelInfer"),
            request_serializer=messages.ModelInferRequest.SerializeToString,
            response_deserializer=messages.ModelInferResponse.FromString,
        )
        with pytest.raises(grpc.RpcError) as caught:
            call(request, timeout=60)
    return caught.value.code(), caught.value.details()


def test_what_nothing_uses_goes_and_a_rollback_brings_it_back(
    gateway: GatewayProcess, admin: AdminClient
) -> None:
    epoch = admin.set_champion("m", 2).epoch
    assert seen(admin, 3).state == "ready"
    with Asking(gateway.address, "m") as asking:
        wait_for(lambda: seen(admin, 3).state == "stored")
        assert UNUSED in seen(admin, 3).reason
        (route,) = admin.get_route("m")
        assert (route.epoch, route.desired_differs) == (epoch, ())
        assert route.previous is not None
        assert (route.previous.version, route.previous.state) == (3, "stored")
        assert seen(admin, 1).state == "ready"  # it was never in a slot
        admin.unload_version("m", 1)
        code, told = refusal(gateway.address, 3)
        assert (code, UNUSED in told) == (refusal(gateway.address, 1)[0], True)
        wait_for(lambda: "version_unloaded" in gateway.log())
        back = admin.rollback("m")
        assert back.champion is not None
        assert (back.champion.version, back.champion.state) == (3, "ready")
        asking.wait(10)
    assert asking.faults == []
    assert set(asking.versions()) <= {2, 3}


def test_requests_by_number_keep_it_also_over_a_restart(
    serve: Serve, gateway: GatewayProcess, admin: AdminClient, rollout_store: Path
) -> None:
    def kept_until() -> float:
        with open_registry(f"sqlite:///{rollout_store / REGISTRY_FILE}") as registry:
            return registry.get("m").kept_until(3) or 0.0

    admin.set_champion("m", 2)
    first = kept_until()
    with Asking(gateway.address, "m", pinned=3, clients=1) as asking:
        wait_for(lambda: kept_until() > first + 2 * WINDOW_S)
        assert seen(admin, 3).state == "ready"
    assert asking.faults == []
    wait_for(lambda: seen(admin, 3).state == "stored")
    assert gateway.stop() == 0
    again = serve("--store", str(rollout_store))
    with AdminClient(again.admin_address) as other:
        assert (seen(other, 3).state, seen(other, 2).state) == ("stored", "ready")
        other.load_version("m", 3)
        assert seen(other, 3).state == "ready"
