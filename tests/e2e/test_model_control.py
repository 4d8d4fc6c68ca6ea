"""Triton's own client loads and unloads on the data port, when the gateway allows it."""

from pathlib import Path

import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2

from tests import models
from tests.conftest import Serve, publisher
from tiltyard.store import open_store


@pytest.fixture
def two_versions(tmp_path: Path) -> Path:
    publish = publisher(open_store(str(tmp_path / "store"), create=True), tmp_path)
    publish("identity", models.identity())
    publish("identity", models.identity())
    return tmp_path / "store"


def states(client: triton.InferenceServerClient) -> dict[str, str]:
    return {row.version: row.state for row in client.get_model_repository_index().models}


def unload(client: triton.InferenceServerClient, version: int) -> None:
    """Triton's client has no argument for what its request can say."""
    request = service_pb2.RepositoryModelUnloadRequest(model_name="identity")
    request.parameters["version"].int64_param = version
    client._client_stub.RepositoryModelUnload(request, timeout=60)


def test_a_version_goes_and_comes_back_and_the_champion_stays(
    serve: Serve, two_versions: Path
) -> None:
    gateway = serve("--store", str(two_versions), "--allow-model-control")
    with triton.InferenceServerClient(gateway.address) as client:
        assert states(client) == {"1": "READY", "2": "READY"}
        with pytest.raises(triton.InferenceServerException, match=r"in a slot: 2 \(champion\)"):
            client.unload_model("identity")
        assert states(client) == {"1": "READY", "2": "READY"}
        unload(client, 1)
        assert states(client) == {"1": "UNAVAILABLE", "2": "READY"}
        assert client.is_model_ready("identity")
        assert not client.is_model_ready("identity", "1")
        client.load_model("identity")  # the newest, which is there
        with pytest.raises(triton.InferenceServerException, match="'config' is not taken here"):
            client.load_model("identity", config="{}")
        with pytest.raises(triton.InferenceServerException, match="there is no model 'nobody'"):
            client.load_model("nobody")
    assert gateway.stop() == 0


def test_what_was_unloaded_stays_so_after_a_restart(serve: Serve, two_versions: Path) -> None:
    first = serve("--store", str(two_versions), "--allow-model-control")
    with triton.InferenceServerClient(first.address) as client:
        unload(client, 1)
    assert first.stop() == 0
    second = serve("--store", str(two_versions))
    with triton.InferenceServerClient(second.address) as client:
        assert states(client) == {"1": "UNAVAILABLE", "2": "READY"}
        with pytest.raises(triton.InferenceServerException, match="--allow-model-control"):
            client.load_model("identity")
    assert second.stop() == 0
