import json

from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient
from tests.unit.cli.screens import screen


def test_a_person_reads_the_route(client: FakeClient, invoke: Invoke) -> None:
    assert invoke("route", "fraud").output.splitlines() == screen("route")
    assert client.calls == [("get_route", ("fraud",), {"timeout_s": 60.0})]


def test_a_program_reads_all_of_it(client: FakeClient, invoke: Invoke) -> None:
    found = json.loads(invoke("route", "fraud", "--json").output)
    assert found["salt_hex"] == client.route.salt_hex
    assert found["table_epoch"] == 19
