import json

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient
from tests.unit.cli.sample_views import QUIET

TERMS = {"timeout_s": 60.0, "expected_epoch": None}


def test_a_version_is_loaded_and_unloaded(client: FakeClient, invoke: Invoke) -> None:
    client.route = QUIET
    now = "  now:  champion 1, epoch 1"
    loaded = invoke("load", "churn", 2)
    assert loaded.output.splitlines() == ["version 2 of churn is loaded", now]
    unloaded = invoke("unload", "churn", 2)
    assert unloaded.output.splitlines() == ["version 2 of churn is unloaded", now]
    assert client.calls == [
        ("load_version", ("churn", 2), TERMS),
        ("unload_version", ("churn", 2), TERMS),
    ]


def test_a_program_reads_the_route(client: FakeClient, invoke: Invoke) -> None:
    client.route = QUIET
    assert json.loads(invoke("load", "churn", 2, "--json").output)["model"] == "churn"
    assert json.loads(invoke("unload", "churn", 2, "--json").output)["epoch"] == 1
