import json

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient


def test_a_gateway_is_drained(client: FakeClient, invoke: Invoke) -> None:
    done = invoke("drain", "--admin", "box:8003", "--timeout-s", 5)
    assert done.output == "box:8003 finishes what it accepted, and ends\n"
    assert client.calls == [("drain", (), {"timeout_s": 5.0})]


def test_a_program_reads_that_it_began(client: FakeClient, invoke: Invoke) -> None:
    found = json.loads(invoke("drain", "--json").output)
    assert found == {"admin": "127.0.0.1:8003", "draining": True}
    assert client.methods() == ["drain"]
