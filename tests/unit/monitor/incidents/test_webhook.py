"""Webhooks against a receiver without a socket."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.unit.monitor.incidents.sample_alarms import (
    CROSSED,
    Lines,
    alarm,
    fail,
    stream,
)
from tiltyard.errors import ConfigError
from tiltyard.monitor.incidents import webhook
from tiltyard.monitor.incidents.endpoint import EVENT_ID_HEADER, SIGNATURE_HEADER, Endpoint
from tiltyard.monitor.incidents.feed import AlarmFeed, Notice
from tiltyard.monitor.incidents.outbox import MERGE_S, TRYING_S_MAX
from tiltyard.monitor.incidents.webhook import (
    ANSWER_BYTES_MAX,
    Answer,
    SavedWebhooksError,
    Webhooks,
)
from tiltyard.monitor.snapshot import Alarm

SECRET = b"a secret of 24 bytes"
URL = "https://hooks.example.com/T0/B0"
TIMEOUT_S = 20.0


class Body(httpx.AsyncByteStream):
    """A body as it comes from a socket."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._text.encode()


def reply(code: int, text: str = "", **headers: str) -> httpx.Response:
    """An answer; underscores in the names of headers are dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(code, headers=named, stream=Body(text))


Receive = Callable[[httpx.Request], httpx.Response]


def describe(notice: Notice) -> dict[str, Any]:
    return {"event": notice.event.event, "seq": notice.event.seq, "id": notice.event.alarm.id}


class World:
    """One endpoint, a clock that a test moves, and what the receiver answers."""

    def __init__(self, *endpoints: Endpoint, receive: Receive | None = None) -> None:
        self.now = CROSSED
        self.got: list[httpx.Request] = []
        self.answers: list[httpx.Response | Exception] = []
        self.lines = Lines()
        self.webhooks = Webhooks(
            endpoints or (Endpoint(URL, SECRET),),
            describe,
            log=self.lines,
            on_bug=fail,
            enter_priority=lambda _: None,
            clock=lambda: self.now,
            jitter=lambda: 1.0,
            transport=httpx.MockTransport(receive or self._receive),
        )
        self.feed = AlarmFeed([self.webhooks], on_bug=fail)

    def _receive(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        answer = self.answers.pop(0) if self.answers else reply(204)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def deliver(self) -> int:
        """Try what is due; how many were tried."""

        async def work() -> int:
            tried = 0
            async with self.webhooks._client() as client:
                for lane in self.webhooks._lanes:
                    while await self.webhooks.deliver_one(client, lane):
                        tried += 1
            return tried

        return asyncio.run(asyncio.wait_for(work(), TIMEOUT_S))

    @property
    def counts(self) -> dict[str, int]:
        (found,) = self.webhooks.counters().values()
        return found

    @property
    def said(self) -> list[str]:
        return [event for _, event, _ in self.lines.lines]


def test_an_event_is_posted_signed_and_done() -> None:
    world = World()
    world.feed.take("opened", alarm(), world.now)
    assert world.webhooks.undelivered == 1
    world.now += 5
    assert world.deliver() == 1
    (request,) = world.got
    assert (request.method, str(request.url)) == ("POST", URL)
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {"event": "opened", "seq": 1, "id": "a1"}
    signed = f"{int(world.now)}.".encode() + request.content
    mac = hmac.new(SECRET, signed, hashlib.sha256).hexdigest()
    assert request.headers[SIGNATURE_HEADER] == f"t={int(world.now)},v1={mac}"
    assert (world.counts["delivered"], world.webhooks.undelivered, world.said) == (1, 0, [])


@pytest.mark.parametrize(
    "answer",
    [
        reply(500),
        reply(503, "busy"),
        reply(400),
        reply(401),
        reply(403),
        reply(404),
        reply(408),
        reply(409),
        reply(429),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("not HTTP"),
        OSError("no route"),
    ],
)
def test_what_may_pass_is_tried_again_with_the_same_id(answer: Any) -> None:
    world = World()
    world.answers = [answer]
    world.feed.take("opened", alarm(), world.now)
    assert world.deliver() == 1
    assert world.deliver() == 0  # not yet
    world.now += 1
    assert world.deliver() == 1
    first, second = world.got
    assert first.headers[EVENT_ID_HEADER] == second.headers[EVENT_ID_HEADER]
    assert first.content == second.content
    assert first.headers[SIGNATURE_HEADER] != second.headers[SIGNATURE_HEADER]
    assert world.said == ["webhook_fails", "webhook_works_again"]


def test_a_failing_endpoint_is_said_once() -> None:
    world = World()
    world.answers = [reply(500) for _ in range(5)]
    world.feed.take("opened", alarm(), world.now)
    for _ in range(5):
        assert world.deliver() == 1
        world.now += 3_600
    assert world.said == ["webhook_fails"]
    assert world.counts["failed"] == 5


def test_a_receiver_that_does_not_know_us_for_hours_gets_it_when_it_does() -> None:
    world = World()
    codes = (404, 401, 401, 503, 403)
    world.answers = [reply(code) for code in codes]
    world.feed.take("opened", alarm(), world.now)
    for _ in (*codes, 204):
        assert world.deliver() == 1
        world.now += 3_600
    assert world.said == ["webhook_fails", "webhook_works_again"]
    assert world.lines.lines[0][2]["code"] == 404
    counts = world.counts
    assert (counts["failed"], counts["rejected"], counts["refused"]) == (5, 4, 0)
    assert counts["delivered"] == 1


def test_it_waits_as_long_as_the_receiver_asks() -> None:
    world = World()
    world.answers = [reply(429, retry_after="90")]
    world.feed.take("opened", alarm(), world.now)
    world.deliver()
    world.now += 89
    assert world.deliver() == 0
    world.now += 1
    assert world.deliver() == 1


@pytest.mark.parametrize("code", [301, 302, 307, 413])
def test_a_refusal_is_final_and_said(code: int) -> None:
    world = World()
    elsewhere = "https://elsewhere.example.com/"
    world.answers = [reply(code, "no\nsuch\x1b[31m hook", location=elsewhere)]
    world.feed.take("opened", alarm(), world.now)
    assert world.deliver() == 1
    assert len(world.got) == 1  # a redirect is not followed
    ((level, event, values),) = world.lines.lines
    assert (level, event) == ("warning", "webhook_event_refused")
    assert (values["code"], values["said"]) == (code, "no such [31m hook")
    assert values["endpoint"] == "hooks.example.com"
    assert (world.counts["refused"], world.webhooks.undelivered) == (1, 0)


def test_gone_stops_the_endpoint() -> None:
    world = World()
    world.answers = [reply(410)]
    for number in range(3):
        world.feed.take("opened", alarm(f"a{number}", f"m{number}"), world.now)
    assert world.deliver() == 1
    world.feed.take("opened", alarm("later", "other"), world.now)
    assert world.deliver() == 0
    assert world.said == ["webhook_stopped", "webhook_event_dropped"]
    assert (world.counts["is_stopped"], world.counts["dropped"]) == (1, 3)


def test_after_a_day_an_event_is_given_up_and_said() -> None:
    world = World()
    world.answers = [reply(500)]
    world.feed.take("opened", alarm(), world.now)
    world.deliver()
    world.now += TRYING_S_MAX
    assert world.deliver() == 0
    assert world.said == ["webhook_fails", "webhook_event_expired"]
    assert world.counts["expired"] == 1


def test_more_names_are_waited_for() -> None:
    world = World()
    world.feed.take("opened", alarm(), world.now)
    for _ in range(3):
        world.feed.take("named", alarm(), world.now)
    assert world.deliver() == 1
    world.now += MERGE_S
    assert world.deliver() == 1
    assert [json.loads(request.content)["seq"] for request in world.got] == [1, 4]


def acknowledged(**more: Any) -> Alarm:
    return replace(alarm(**more), acknowledged_by="ann", acknowledged_at=CROSSED)


def test_more_names_of_what_is_acknowledged_go_nowhere() -> None:
    world = World(Endpoint(URL, SECRET, sends_skew=True))
    world.feed.take("opened", alarm(), world.now)
    world.feed.take("acknowledged", acknowledged(), world.now)
    for kind in ("drift", "skew"):
        world.feed.take(
            "named", acknowledged(kind=kind, streams=(stream(), stream("b"))), world.now
        )
    for state in ("recovered", "superseded"):
        world.feed.take(state, replace(acknowledged(), state=state), world.now)
    world.now += MERGE_S
    assert world.deliver() == 4
    assert [json.loads(request.content)["event"] for request in world.got] == [
        "opened", "acknowledged", "recovered", "superseded",
    ]  # fmt: skip
    assert world.webhooks.undelivered == 0


def test_names_that_wait_are_told_with_the_acknowledgement() -> None:
    world = World()
    world.feed.take("opened", alarm(), world.now)
    world.deliver()
    world.feed.take("named", alarm(), world.now)
    world.feed.take("named", alarm("other"), world.now)
    for _ in range(2):  # twice by two people: both are told
        world.feed.take("acknowledged", acknowledged(), world.now)
    world.now += MERGE_S
    world.deliver()
    told = [json.loads(request.content) for request in world.got]
    assert [(one["event"], one["id"]) for one in told] == [
        ("opened", "a1"), ("named", "other"), ("acknowledged", "a1"), ("acknowledged", "a1"),
    ]  # fmt: skip
    assert world.counts["merged"] == 1


def test_skew_is_sent_where_it_is_asked_for() -> None:
    world = World(
        Endpoint(URL, SECRET, name="pager"), Endpoint(URL + "x", SECRET, "all", sends_skew=True)
    )
    world.feed.take("opened", alarm(kind="skew"), world.now)
    assert world.deliver() == 1
    found = world.webhooks.counters()
    assert (found["pager"]["attempts"], found["all"]["delivered"]) == (0, 1)


def test_each_endpoint_has_its_own_secret_and_outbox() -> None:
    good, bad = Endpoint(URL, SECRET, "good"), Endpoint(URL + "x", SECRET[::-1], "bad")
    signatures = set()

    def receive(request: httpx.Request) -> httpx.Response:
        signatures.add(request.headers[SIGNATURE_HEADER])
        return reply(500 if str(request.url).endswith("x") else 200)

    world = World(good, bad, receive=receive)
    world.feed.take("opened", alarm(), world.now)
    world.deliver()
    found = world.webhooks.counters()
    assert (found["good"]["delivered"], found["bad"]["pending"]) == (1, 1)
    assert len(signatures) == 2


def test_what_is_pending_survives_a_restart_with_its_id() -> None:
    before = World()
    before.answers = [reply(500)]
    before.feed.take("opened", alarm(), before.now)
    before.deliver()
    after = World()
    after.now = before.now + 1
    after.webhooks.restore(before.webhooks.save())
    assert after.deliver() == 1
    assert after.got[0].headers[EVENT_ID_HEADER] == before.got[0].headers[EVENT_ID_HEADER]
    assert after.got[0].content == before.got[0].content


def test_what_was_for_another_url_is_given_up_and_said() -> None:
    before = World(Endpoint(URL, SECRET, "pager"))
    before.feed.take("opened", alarm(), before.now)
    after = World(Endpoint(URL + "x", SECRET, "pager"))
    after.webhooks.restore(before.webhooks.save())
    assert after.webhooks.undelivered == 0
    assert after.lines.lines == [("warning", "webhook_url_is_gone", {"events_given_up": 1})]


@pytest.mark.parametrize("text", ["{", "[]", '{"0123456789abcdef": [{"id": 1}]}', '{"a": 3}'])
def test_what_was_not_saved_by_webhooks_is_refused(text: str) -> None:
    with pytest.raises(SavedWebhooksError, match="undelivered events cannot be read"):
        World().webhooks.restore(text)


def test_two_endpoints_of_one_url_are_refused() -> None:
    with pytest.raises(ConfigError, match="have the same url"):
        World(Endpoint(URL, SECRET), Endpoint(URL, SECRET, "again"))


class Endless(httpx.AsyncByteStream):
    """A body without an end."""

    def __init__(self) -> None:
        self.pieces = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.pieces += 1
            yield b"x" * 100


def test_an_answer_is_not_read_to_its_end() -> None:
    endless = Endless()
    world = World(receive=lambda _: httpx.Response(500, stream=endless))
    world.feed.take("opened", alarm(), world.now)
    world.deliver()
    assert endless.pieces <= ANSWER_BYTES_MAX // 100 + 1
    assert len(world.lines.lines[0][2]["said"]) == ANSWER_BYTES_MAX


def test_an_answer_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "REQUEST_S_MAX", 0.01)

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError(request)

    world = World()
    world.webhooks._transport = Silent()
    world.feed.take("opened", alarm(), world.now)
    assert world.deliver() == 1
    assert world.lines.lines[0][2]["said"] == "no answer in 0.01 s"
    assert world.counts["failed"] == 1


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(200, "delivered"), (299, "delivered"), (300, "refused"), (399, "refused"), (400, "failed"),
     (499, "failed"), (413, "refused"), (410, "gone"), (500, "failed"),
     (599, "failed"), (0, "failed"), (100, "failed")],
)  # fmt: skip
def test_what_a_code_means(code: int, outcome: str) -> None:
    assert Answer(code).outcome == outcome
