"""AdminClient against a server over the fake: every method, every class of error, both terms."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tests.unit.admin.serving import TIMEOUT_S, Served, serving
from tiltyard.client import AdminCallError, AdminClient
from tiltyard.client.admin_errors import (
    AdminArgumentError,
    AdminEpochError,
    AdminExistsError,
    AdminNotFoundError,
    AdminPreconditionError,
    AdminTimeoutError,
    AdminUnavailableError,
)
from tiltyard.control.views import OutputRule, Sample, Share
from tiltyard.errors import ClientError


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as found:
        found.control.add("fraud", 1, 2, 3)
        yield found


@pytest.fixture
def client(served: Served) -> Iterator[AdminClient]:
    with AdminClient(served.address, actor="anna") as found:
        yield found


def test_models(client: AdminClient) -> None:
    (model,) = client.list_models(timeout_s=TIMEOUT_S)
    assert model == client.get_model("fraud")
    assert (model.champion, [version.version for version in model.versions]) == (1, [1, 2, 3])


def test_how_a_shadow_is_compared(client: AdminClient) -> None:
    label, within = OutputRule("y", "label"), OutputRule("score", "tolerance", 0.5, 0.01)
    route = client.start_challenge("fraud", 2, "shadow", compare=[label, within])
    assert route.challengers[0].compare == (label, within)
    route = client.update_challenge("fraud", 2, sample=20)
    assert route.challengers[0].compare == (label, within)
    assert client.update_challenge("fraud", 2, compare=[label]).challengers[0].compare == (label,)
    assert client.update_challenge("fraud", 2, compare=[]).challengers[0].compare == ()


def test_the_life_of_a_challenger(client: AdminClient) -> None:
    route = client.start_challenge("fraud", 2, "shadow", sample=20)
    assert [(slot.role, slot.sample) for slot in route.challengers] == [("shadow", Sample(200_000))]
    client.stop_challenge("fraud", 2)
    route = client.start_challenge(
        "fraud", 2, "canary", share=Decimal("0.1"), split="key", reverse_shadow=True
    )
    assert (route.split, len(route.salt_hex)) == ("key", 32)
    assert (route.challengers[0].share, route.challengers[0].reverse_shadow) == (Share(66), True)
    route = client.update_challenge("fraud", 2, share=50)
    assert route.challengers[0].share == Share(32_768)
    route = client.update_challenge("fraud", 2, share=50, reverse_shadow=False)
    assert not route.challengers[0].reverse_shadow
    route = client.promote("fraud")
    assert route.champion is not None
    assert route.previous is not None
    assert (route.champion.version, route.previous.version, route.challengers) == (2, 1, ())
    assert client.get_route("fraud") == [route]
    route = client.rollback("fraud")
    assert route.champion is not None
    assert route.champion.version == 1


def test_a_rollback_that_is_not_recorded_says_so(client: AdminClient, served: Served) -> None:
    client.set_champion("fraud", 2)
    served.control.durable = False
    assert client.rollback("fraud", "previous").durable is False
    assert served.control.calls[-1][1]["to"] == "previous"


def test_load_unload_champion(client: AdminClient) -> None:
    assert client.load_version("fraud", 3, timeout_s=TIMEOUT_S).model == "fraud"
    assert client.unload_version("fraud", 3).epoch == 5
    champion = client.set_champion("fraud", 3, timeout_s=TIMEOUT_S).champion
    assert champion is not None
    assert champion.version == 3


def test_statistics_and_drain(client: AdminClient, served: Served) -> None:
    (row,) = client.get_statistics()
    assert [row] == client.get_statistics("fraud")
    assert (row.model, row.role) == ("fraud", "champion")
    client.drain()
    assert served.control.drained_by == "anna"
    client.drain(actor="bert")
    assert served.control.drained_by == "bert"


def test_the_terms_of_a_change(client: AdminClient, served: Served) -> None:
    route = client.set_champion("fraud", 2, expected_epoch=3, idempotency_key="k-1", actor="bert")
    again = client.set_champion("fraud", 2, expected_epoch=3, idempotency_key="k-1", actor="bert")
    assert (route.repeated, again.repeated, again.epoch) == (False, True, route.epoch)
    assert served.control.events[-1].actor == "bert"
    client.set_champion("fraud", 3)
    assert served.control.events[-1].actor == "anna"


def test_two_operators(client: AdminClient, served: Served) -> None:
    epoch = client.get_route("fraud")[0].epoch
    with AdminClient(served.address, actor="bert") as other:
        other.set_champion("fraud", 2, expected_epoch=epoch)
    with pytest.raises(AdminEpochError) as caught:
        client.set_champion("fraud", 3, expected_epoch=epoch)
    error = caught.value
    assert (error.expected, error.epoch_now, error.reason) == (epoch, epoch + 1, "EPOCH_MOVED")
    assert [(change.kind, change.actor) for change in error.changes] == [("set_champion", "bert")]
    assert error.message.endswith("since then: set_champion (epoch 4) by bert")
    client.set_champion("fraud", 3, expected_epoch=error.epoch_now)


def test_every_class_of_error(client: AdminClient, served: Served) -> None:
    with pytest.raises(AdminNotFoundError, match="no model 'churn'") as not_found:
        client.get_model("churn")
    assert (not_found.value.reason, not_found.value.metadata) == (
        "MODEL_NOT_FOUND",
        {"model": "churn"},
    )
    with pytest.raises(AdminArgumentError) as argument:
        client.start_challenge("fraud", 2, "canary")
    assert (argument.value.field, argument.value.exit_code) == ("share", 2)
    client.set_champion("fraud", 2, idempotency_key="k")
    with pytest.raises(AdminArgumentError) as reused:
        client.set_champion("fraud", 3, idempotency_key="k")
    assert reused.value.reason == "KEY_REUSED"
    served.control.broken.add(3)
    with pytest.raises(AdminPreconditionError, match="its bytes are odd") as failed:
        client.set_champion("fraud", 3)
    assert (failed.value.reason, failed.value.metadata["version"]) == ("VERSION_FAILED", "3")
    assert str(failed.value) == f"{failed.value.message}. {failed.value.to_do}"
    served.control.fail = ZeroDivisionError()
    with pytest.raises(AdminCallError) as bug:
        client.promote("fraud")
    assert (bug.value.code.name, bug.value.reason) == ("INTERNAL", "INTERNAL")


def test_a_load_that_takes_too_long(client: AdminClient, served: Served) -> None:
    """The gateway gives up shortly before the call does, so that the sentence is its own."""
    served.control.block = threading.Event()
    with pytest.raises(AdminTimeoutError, match="fraud version 3 loads") as caught:
        client.load_version("fraud", 3, timeout_s=1.0)
    assert caught.value.reason == "LOAD_TIMEOUT"
    served.control.block.set()


def test_nobody_there() -> None:
    with AdminClient("127.0.0.1:1") as client, pytest.raises(AdminUnavailableError) as caught:
        client.list_models(timeout_s=TIMEOUT_S)
    assert caught.value.reason == ""
    assert str(caught.value).startswith("UNAVAILABLE: ")
    assert "admin port" in caught.value.to_do
    assert isinstance(caught.value, ClientError)


def test_what_cannot_be_asked(client: AdminClient) -> None:
    with pytest.raises(ClientError, match="share 'much' is no percentage"):
        client.update_challenge("fraud", 2, share="much")
    with pytest.raises(ClientError, match="the request of LoadVersion cannot be made"):
        client.load_version("fraud", -1)
    with pytest.raises(ClientError, match="to 'yesterday' is not a word"):
        client.rollback("fraud", "yesterday")  # type: ignore[arg-type]  # the mistake


def test_publishing(client: AdminClient, served: Served, tmp_path: Path) -> None:
    model = tmp_path / "fraud.onnx"
    model.write_bytes(np.random.default_rng(7).bytes(3_000_000))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "w.bin").write_bytes(b"weights")
    rows = tmp_path / "rows.npy"
    rows.write_bytes(b"rows")
    told: list[tuple[int, int]] = []
    view = client.publish_version(
        "fraud",
        model,
        samples=rows,
        external=["deep/w.bin"],
        batchable=True,
        on_progress=lambda sent, total: told.append((sent, total)),
        timeout_s=TIMEOUT_S,
    )
    assert (view.model, view.version) == ("fraud", 4)
    assert served.control.uploaded["fraud", 4] == {
        "model.onnx": model.read_bytes(),
        "deep/w.bin": b"weights",
        "samples.npy": b"rows",
    }
    assert served.control.calls[-1][1]["batchable"] is True
    assert told[-1] == (3_000_011, 3_000_011)
    assert [sent for sent, _ in told] == sorted(sent for sent, _ in told)
    assert client.publish_version("churn", rows, version=9).version == 9
    with pytest.raises(AdminExistsError, match="churn version 9 exists"):
        client.publish_version("churn", rows, version=9)
    with pytest.raises(ClientError, match=r"cannot read .*gone\.onnx: No such file"):
        client.publish_version("churn", tmp_path / "gone.onnx")


def test_a_file_that_goes_while_it_is_sent(
    client: AdminClient, served: Served, tmp_path: Path
) -> None:
    first, second = tmp_path / "fraud.onnx", tmp_path / "rows.npy"
    first.write_bytes(b"m" * 100)
    second.write_bytes(b"r" * 100)
    with pytest.raises(ClientError, match=r"cannot read .*rows\.npy"):
        client.publish_version(
            "fraud", first, samples=second, on_progress=lambda *_: second.unlink()
        )
    assert ("fraud", 4) not in served.control.uploaded


def test_a_watch_from_a_number_on_misses_nothing(client: AdminClient, served: Served) -> None:
    with client.watch(after_seq=0) as watch:
        assert [next(watch).seq for _ in range(3)] == [1, 2, 3]
    served.control.record("fraud", "promote", "anna", version=2)
    with client.watch(after_seq=3, timeout_s=TIMEOUT_S) as watch:
        event = next(watch)
        assert (event.seq, event.kind, event.actor, event.data) == (
            4,
            "promote",
            "anna",
            {"version": 2},
        )


def test_a_watch_from_now_on_stands_when_it_is_returned(
    client: AdminClient, served: Served
) -> None:
    with client.watch(model="fraud") as watch:
        served.control.add("churn", 1)
        served.control.record("fraud", "promote")
        assert next(watch).seq == 5


def test_a_watch_of_what_there_is_ends(client: AdminClient) -> None:
    assert [event.seq for event in client.watch(0, follow=False)] == [1, 2, 3]
    assert [event.seq for event in client.watch(3, follow=False)] == []


def test_a_watch_is_closed_from_another_thread(client: AdminClient) -> None:
    watch = client.watch(after_seq=2)
    assert next(watch).seq == 3
    threading.Timer(0.0, watch.close).start()
    assert list(watch) == []


def test_a_watch_of_an_unknown_model(client: AdminClient) -> None:
    with pytest.raises(AdminNotFoundError, match="no model 'churn'"):
        client.watch(model="churn")


def test_a_watch_ends_with_its_gateway(client: AdminClient, served: Served) -> None:
    watch = client.watch()
    stopping = threading.Thread(target=served.server.stop)
    stopping.start()
    with pytest.raises(AdminUnavailableError, match="is stopping") as caught:
        next(watch)
    assert caught.value.reason == "DRAINING"
    stopping.join()
