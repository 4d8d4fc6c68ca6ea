"""A gateway that starts again goes on with what was wanted, and says what it cannot do."""

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Serve
from tests.e2e.asking import Explaining, kill
from tiltyard.client import AdminClient, CallError, InferenceClient
from tiltyard.control.views import RouteView

KEYS = [f"key {number}" for number in range(50)]
ROW = np.zeros((1, 4), np.float32)


def told(route: RouteView) -> tuple[object, ...]:
    """What a restart must not change."""
    champion, previous = route.champion, route.previous
    return (
        route.epoch,
        champion and (champion.version, champion.since_unix_s),
        previous and (previous.version, previous.until_unix_s),
        [(one.version, one.role, one.share, one.sample) for one in route.challengers],
        route.split,
        route.salt_hex,
    )


def served(address: str) -> list[int]:
    with Explaining(address, "m") as explaining:
        return [explaining.ask(metadata=key).version for key in KEYS]


def test_a_restart_resumes_and_a_broken_champion_is_said_and_rolled_back(
    serve: Serve, rollout_store: Path
) -> None:
    arguments = ["--store", str(rollout_store), "--worker-threads", "1"]
    gateway = serve(*arguments)
    with AdminClient(gateway.admin_address) as admin:
        admin.set_champion("m", 2)
        admin.start_challenge("m", 1, "canary", share=40, split="key")
        (before,) = admin.get_route("m")
    versions = served(gateway.address)
    assert set(versions) == {1, 2}
    kill(gateway)

    gateway = serve(*arguments)
    with AdminClient(gateway.admin_address) as admin:
        assert told(admin.get_route("m")[0]) == told(before)
    assert served(gateway.address) == versions
    kill(gateway)

    broken = rollout_store / "m" / "2" / "model.onnx"
    broken.write_bytes(broken.read_bytes()[::-1])
    gateway = serve(*arguments)
    assert "failed=1" in gateway.ready_line
    with (
        AdminClient(gateway.admin_address) as admin,
        InferenceClient(gateway.address) as client,
    ):
        (route,) = admin.get_route("m")
        assert told(route) == told(before)
        (difference,) = route.desired_differs
        assert difference.startswith("version 2 should be the champion, nobody serves: ")
        assert "model.onnx changed" in difference
        # Not the canary, nor the newest: nobody has said that they should serve everybody.
        with pytest.raises(CallError, match=r"its champion is version 2, and .* changed"):
            client.infer("m", {"x": ROW})
        assert client.infer("m", {"x": ROW}, version=1).version == "1"
        assert admin.rollback("m", "previous").desired_differs == ()
        assert client.infer("m", {"x": ROW}).version == "3"
    kill(gateway)
