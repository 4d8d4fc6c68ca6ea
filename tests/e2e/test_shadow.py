"""Shadows beside a champion, in a real gateway: whatever they do, the champion's replies stay."""

import threading
import time
from pathlib import Path

import grpc
import numpy as np
import numpy.typing as npt
import onnx
import pytest

from tests.conftest import Serve, publisher
from tests.models.build import model, node, serialised, tensor
from tiltyard.client.admin_client import AdminClient
from tiltyard.client.admin_errors import AdminArgumentError
from tiltyard.client.inference_messages import make_request
from tiltyard.control.views import AgreementView, OutputRule
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.protocol import messages
from tiltyard.store import open_store

SETTLE_S = 30.0
CHAMPION, PLUS_ONE, MINUS, NOT_A_NUMBER, FAILS = 1, 2, 3, 4, 5
ROWS = np.array([[1, 2, 3, 500], [9, 1, 1, 1]], np.float32)


def _rowwise(nodes: list[onnx.NodeProto], constants: dict[str, npt.ArrayLike]) -> bytes:
    return serialised(model(nodes, [tensor("x", ["N", 4])], [tensor("y", ["N", 4])], constants))


def _fails() -> bytes:
    """Looks |x| / 100 up in a table of four: runs on what is small, and fails on 400 and more."""
    nodes = [
        node("Abs", "x", "size"),
        node("Div", "size hundred", "scaled"),
        node("Cast", "scaled", "index", to=onnx.TensorProto.INT64),
        node("Gather", "table index", "y"),
    ]
    return _rowwise(nodes, {"hundred": 100.0, "table": np.arange(4, dtype=np.float32)})


@pytest.fixture
def gateway(tmp_path: Path, serve: Serve) -> GatewayProcess:
    """Version 1 gives x back; the others each do something else with it."""
    publish = publisher(open_store(str(tmp_path / "store"), create=True), tmp_path)
    for made in (
        _rowwise([node("Identity", "x", "y")], {}),
        _rowwise([node("Add", "x one", "y")], {"one": 1.0}),
        _rowwise([node("Neg", "x", "y")], {}),
        _rowwise([node("Neg", "x", "minus"), node("Log", "minus", "y")], {}),
        _fails(),
    ):
        publish("m", made)
    found = serve("--store", str(tmp_path / "store"))
    with AdminClient(found.admin_address) as admin:
        admin.set_champion("m", CHAMPION)
    return found


class Caller:
    """Sends the same request again and again, and keeps the bytes of the replies."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._call = self._channel.unary_unary(messages.method_path("ModelInfer"))
        self._request = make_request("m", {"x": ROWS}).SerializeToString()

    def replies(self, count: int) -> set[bytes]:
        return {self._call(self._request, timeout=30) for _ in range(count)}

    def close(self) -> None:
        self._channel.close()


def settled(admin: AdminClient, version: int, offered: int) -> AgreementView:
    """The shadow's accounts when all that was offered has come to an end."""
    give_up = time.monotonic() + SETTLE_S
    while time.monotonic() < give_up:
        (route,) = admin.get_route("m")
        for slot in route.challengers:
            found = slot.agreement
            if slot.version != version or found is None:
                continue
            if found.offered >= offered and found.in_flight == 0:
                return found
        threading.Event().wait(0.02)
    raise AssertionError(f"not settled in {SETTLE_S} s: {route}")


def check_accounts(found: AgreementView) -> None:
    assert found.offered == found.sampled_out + found.queued + sum(found.dropped.values())
    assert found.queued == found.ok + found.error + found.expired + found.in_flight


@pytest.mark.parametrize("version", [PLUS_ONE, MINUS, NOT_A_NUMBER, FAILS])
def test_replies_are_byte_for_byte_those_without_a_shadow(
    gateway: GatewayProcess, version: int
) -> None:
    caller = Caller(gateway.address)
    with AdminClient(gateway.admin_address) as admin:
        before = caller.replies(20)
        assert len(before) == 1
        admin.start_challenge("m", version, "shadow")
        assert caller.replies(200) == before
        found = settled(admin, version, 200)
        check_accounts(found)
        assert (found.source_version, found.offered, found.sampled_out) == (CHAMPION, 200, 0)
        (route,) = admin.get_route("m")
        assert route.champion is not None
        assert route.champion.errors == {}
        assert caller.replies(20) == before
    caller.close()
    assert gateway.stop() == 0, gateway.log()


def test_what_is_compared_is_what_the_two_have_answered(gateway: GatewayProcess) -> None:
    caller = Caller(gateway.address)
    with AdminClient(gateway.admin_address) as admin:
        for version in (PLUS_ONE, MINUS, NOT_A_NUMBER, FAILS):
            admin.start_challenge("m", version, "shadow")
        caller.replies(100)
        views = {
            version: settled(admin, version, 100)
            for version in (PLUS_ONE, MINUS, NOT_A_NUMBER, FAILS)
        }
    caller.close()
    for found in views.values():
        check_accounts(found)
        assert found.expired == 0
    (plus,) = views[PLUS_ONE].outputs
    assert (plus.name, plus.mode, plus.compared, plus.disagreed) == ("y", "argmax", 100, 0.0)
    assert plus.score_diff_max == pytest.approx(1.0, rel=0.05)  # an upper bucket edge
    (minus,) = views[MINUS].outputs
    # The largest of each row is not the largest any more: both rows disagree in every request.
    assert (minus.compared, minus.disagreed) == (100, 100.0)
    (nan,) = views[NOT_A_NUMBER].outputs
    assert (nan.non_finite_champion, nan.non_finite_shadow) == (0, 100)
    assert (views[FAILS].ok, views[FAILS].error) == (0, 100)
    assert gateway.stop() == 0, gateway.log()


def test_outputs_are_compared_as_an_operator_says(gateway: GatewayProcess) -> None:
    """The shadow is one off everywhere: within 0.5 nothing agrees, and within 1.5 everything."""
    caller = Caller(gateway.address)
    with AdminClient(gateway.admin_address) as admin:
        (before,) = admin.get_route("m")
        with pytest.raises(AdminArgumentError, match=r"no output 'z' to compare \(it has y\)"):
            admin.start_challenge("m", PLUS_ONE, "shadow", compare=[OutputRule("z", "label")])
        assert admin.get_route("m")[0].epoch == before.epoch
        narrow, wide = (OutputRule("y", "tolerance", atol) for atol in (0.5, 1.5))
        route = admin.start_challenge("m", PLUS_ONE, "shadow", compare=[narrow])
        assert route.challengers[0].compare == (narrow,)
        for rule, disagreed in ((narrow, 50.0), (wide, 0.0), (OutputRule("y", "label"), 50.0)):
            if rule is not narrow:
                admin.update_challenge("m", PLUS_ONE, compare=[rule])
            caller.replies(50)
            (found,) = settled(admin, PLUS_ONE, 50).outputs
            assert (found.mode, found.atol) == (rule.mode, rule.atol)
            assert (found.compared, found.disagreed) == (50, disagreed)
    caller.close()
    assert gateway.stop() == 0, gateway.log()


def test_a_sample_is_a_sample_and_a_stopped_shadow_sees_nothing(gateway: GatewayProcess) -> None:
    caller = Caller(gateway.address)
    with AdminClient(gateway.admin_address) as admin:
        admin.start_challenge("m", PLUS_ONE, "shadow", sample=20)
        caller.replies(1_000)
        found = settled(admin, PLUS_ONE, 1_000)
        check_accounts(found)
        # Binomial(1000, 0.2) is outside of it once in ten million runs.
        assert 130 <= found.queued <= 275
        route = admin.stop_challenge("m", PLUS_ONE)
        assert route.challengers == ()
        caller.replies(10)
    caller.close()
    assert gateway.stop() == 0, gateway.log()


def test_in_reverse_the_champion_shadows_the_canary(gateway: GatewayProcess) -> None:
    caller = Caller(gateway.address)
    with AdminClient(gateway.admin_address) as admin:
        admin.start_challenge("m", MINUS, "canary", share=100, reverse_shadow=True)
        caller.replies(100)
        found = settled(admin, MINUS, 100)
        check_accounts(found)
        assert (found.source_version, found.ok) == (MINUS, 100)
        assert found.outputs[0].disagreed == 100.0
    caller.close()
    assert gateway.stop() == 0, gateway.log()
