"""Several gateways, some of which do not answer."""

import grpc
import pytest

from tests.unit.cli.fake_client import FakeClient, call_error
from tiltyard.cli.admin_options import Place
from tiltyard.cli.connection import NoGatewayError
from tiltyard.cli.gateways import Gateways
from tiltyard.client.admin_errors import AdminNotFoundError, AdminUnavailableError

PLACES = [Place("a:1", is_default=False), Place("b:2", is_default=False)]
GONE = call_error(AdminUnavailableError, grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE: refused")
UNKNOWN = call_error(AdminNotFoundError, grpc.StatusCode.NOT_FOUND, "no model", "MODEL_NOT_FOUND")


def test_those_that_answer_and_why_the_others_do_not(client: FakeClient) -> None:
    client.fail = [GONE]
    gateways = Gateways(PLACES)
    assert len(gateways) == 2
    assert gateways.problem == ""
    answers = gateways.ask(lambda one: one.list_models())
    assert list(answers) == ["b:2"]
    assert gateways.problem.startswith("a:1: no gateway answers at a:1 (refused): see that it runs")


def test_nobody_waits_twice_for_who_is_silent(client: FakeClient) -> None:
    client.fail = [None, GONE]
    gateways = Gateways(PLACES)
    gateways.ask(lambda one: one.list_models())
    gateways.ask(lambda one: one.list_models())
    assert client.methods() == ["list_models"] * 3
    assert list(gateways.silent) == ["b:2"]


def test_where_nobody_answers_it_is_an_error(client: FakeClient) -> None:
    client.fail = [GONE, GONE]
    with pytest.raises(NoGatewayError, match="no gateway answers at a:1"):
        Gateways(PLACES).ask(lambda one: one.list_models())
    client.fail = [GONE, UNKNOWN]
    with pytest.raises(AdminNotFoundError, match="no model"):
        Gateways(PLACES).ask(lambda one: one.list_models())
