"""Webhooks: alarm events over HTTP, at least once, from a thread that nobody waits for.

Each endpoint has an outbox and a task of its own, so that a slow one holds up only itself. An event
is tried for a day, with waits that double up to an hour. 2xx is delivered; 410 stops the endpoint
until the gateway starts again; a 3xx and 413 are refused, and not tried again, because no later
attempt can do better. Everything else is tried again, any other 4xx too: a receiver answers so
while it is deployed or a secret changes. Redirects are not followed, and TLS is verified, with the
certificates that SSL_CERT_FILE names where it is set.
"""

import asyncio
import contextlib
import hashlib
import json
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tiltyard import __version__
from tiltyard.errors import TiltyardError
from tiltyard.monitor.incidents.alarm_log import Log
from tiltyard.monitor.incidents.endpoint import (
    EVENT_ID_HEADER,
    SIGNATURE_HEADER,
    Endpoint,
    distinct,
    signature,
)
from tiltyard.monitor.incidents.feed import ACKNOWLEDGED, NAMED, Notice, OnBug
from tiltyard.monitor.incidents.incident import DRIFT
from tiltyard.monitor.incidents.outbox import MERGE_S, Delivery, Outbox

if TYPE_CHECKING:
    import httpx

REQUEST_S_MAX: Final = 20.0  # from connecting to the end of the answer
CONNECT_S_MAX: Final = 10.0
ANSWER_BYTES_MAX: Final = 1_024  # of a refusal, for the log
LOOK_S_MAX: Final = 60.0  # the wall clock may have been set
GRACE_S: Final = 2.0

GONE: Final = 410
TOO_LARGE: Final = 413


class SavedWebhooksError(TiltyardError):
    """What was saved of undelivered events is not what Webhooks saves."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt. `code` 0: no answer came, and `said` is why."""

    code: int
    said: str = ""
    retry_after_s: float = 0.0

    @property
    def outcome(self) -> str:
        """delivered, gone, refused or failed, which is to be tried again."""
        if 200 <= self.code < 300:
            return "delivered"
        if self.code == GONE:
            return "gone"
        is_refused = 300 <= self.code < 400 or self.code == TOO_LARGE
        return "refused" if is_refused else "failed"

    @property
    def is_rejected(self) -> bool:
        """A 4xx: the receiver finds fault with the request."""
        return 400 <= self.code < 500


class _Lane:
    """An endpoint with what is to be delivered to it."""

    def __init__(self, endpoint: Endpoint, jitter: Callable[[], float]) -> None:
        self.endpoint = endpoint
        self.outbox = Outbox(jitter)
        self.wake = asyncio.Event()
        self.is_failing = False


class Webhooks:
    """A listener of the feed. Started once and stopped once.

    `describe` makes an event's payload; it is called on the thread of the feed, once an event.
    `clock` gives unix seconds, `jitter` numbers from 0 to 1, `transport` is for tests.
    Raises ConfigError where two endpoints have one url.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        describe: Callable[[Notice], Mapping[str, Any]],
        *,
        log: Log,
        on_bug: OnBug,
        enter_priority: Callable[[str], None],
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self._describe = describe
        self._log = log
        self._on_bug = on_bug
        self._enter_priority = enter_priority
        self._clock = clock
        self._transport = transport
        self._lanes = [_Lane(endpoint, jitter) for endpoint in distinct(endpoints)]
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._is_stopped = False

    def __call__(self, notice: Notice) -> None:
        """Have the event delivered; returns at once. One that is silenced goes nowhere."""
        if notice.is_silenced:
            return
        is_skew = notice.event.alarm.kind != DRIFT
        lanes = [one for one in self._lanes if one.endpoint.sends_skew or not is_skew]
        if not lanes:
            return
        delivery = _delivery(notice, self._describe(notice), self._clock())
        for lane in lanes:
            if notice.event.event == ACKNOWLEDGED:  # it has all names, and nobody needs a page
                lane.outbox.withdraw(_names_of(notice))
            given_up = lane.outbox.put(delivery)
            if given_up is not None:
                self._log.warning(
                    "webhook_event_dropped", endpoint=lane.endpoint.name, event_id=given_up.id
                )
        self._wake()

    def start(self) -> None:
        """Begin to deliver, on the thread; without endpoints there is none."""
        if self._lanes:
            self._thread.start()

    def stop(self, grace_s: float = GRACE_S) -> bool:
        """Deliver no more; what is under way counts as not delivered. Idempotent."""
        self._is_stopped = True
        if self._thread.ident is None:
            return True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(grace_s)
        return not self._thread.is_alive()

    @property
    def undelivered(self) -> int:
        """Events that are pending, one for each endpoint."""
        return sum(len(lane.outbox) for lane in self._lanes)

    def counters(self) -> dict[str, dict[str, int]]:
        """By endpoint: attempts, failed and, of these, rejected (4xx) ones; events delivered,
        refused, expired, dropped, merged; and pending and is_stopped, which do not only grow.
        """
        return {
            lane.endpoint.name: {
                **lane.outbox.counts,
                "pending": len(lane.outbox),
                "is_stopped": int(lane.outbox.is_stopped),
            }
            for lane in self._lanes
        }

    def save(self) -> str:
        """What is pending as JSON, for restore(). An event is as safe as this is saved often."""
        return json.dumps({lane.endpoint.key: lane.outbox.pending() for lane in self._lanes})

    def restore(self, text: str) -> None:
        """Go on with what was pending. What was for a url that is gone is given up, and said.

        Raises SavedWebhooksError; then nothing has changed.
        """
        try:
            saved = {
                key: [Delivery(**one) for one in deliveries]
                for key, deliveries in json.loads(text).items()
            }
        except (ValueError, TypeError, AttributeError) as error:
            raise SavedWebhooksError(f"undelivered events cannot be read: {error}") from error
        for lane in self._lanes:
            lane.outbox.restore(saved.pop(lane.endpoint.key, []))
        given_up = sum(len(deliveries) for deliveries in saved.values())
        if given_up:
            self._log.warning("webhook_url_is_gone", events_given_up=given_up)
        self._wake()

    def _wake(self) -> None:
        if self._loop is None:
            return
        with contextlib.suppress(RuntimeError):  # it has ended, and save() has what is pending
            for lane in self._lanes:
                self._loop.call_soon_threadsafe(lane.wake.set)

    def _run(self) -> None:
        try:
            self._enter_priority("webhooks")
            asyncio.run(self._deliver())
        except Exception as error:  # noqa: BLE001 - the log has it; alarms are raised all the same
            self._on_bug("webhooks", error)

    async def _deliver(self) -> None:
        async with self._client() as client:
            self._loop = asyncio.get_running_loop()
            if self._is_stopped:  # stop() looks for the loop after it has said so
                return
            tasks = [asyncio.create_task(self._serve(client, lane)) for lane in self._lanes]
            await self._stopping.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _client(self) -> "AsyncIterator[httpx.AsyncClient]":
        import httpx

        async with httpx.AsyncClient(
            transport=self._transport,
            timeout=httpx.Timeout(REQUEST_S_MAX, connect=CONNECT_S_MAX),
            follow_redirects=False,
            headers={"user-agent": f"tiltyard/{__version__}", "content-type": "application/json"},
        ) as client:
            yield client

    async def _serve(self, client: "httpx.AsyncClient", lane: _Lane) -> None:
        """Deliver what is due, for ever."""
        while True:
            lane.wake.clear()
            due = None
            try:
                if await self.deliver_one(client, lane):
                    continue
                due = lane.outbox.next_due()
            except Exception as error:  # noqa: BLE001 - it is pending still, and tried again
                self._on_bug(f"webhook {lane.endpoint.name}", error)
            wait_s = LOOK_S_MAX if due is None else min(max(0.0, due - self._clock()), LOOK_S_MAX)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lane.wake.wait(), wait_s)

    async def deliver_one(self, client: "httpx.AsyncClient", lane: _Lane) -> bool:
        """Try the next that is due; False: nothing is."""
        for old in lane.outbox.expire(self._clock()):
            self._log.warning(
                "webhook_event_expired",
                endpoint=lane.endpoint.name,
                event_id=old.id,
                attempts=old.attempts,
            )
        delivery = lane.outbox.take(self._clock())
        if delivery is None:
            return False
        answer = await self._try(client, lane.endpoint, delivery)
        self._settle(lane, delivery, answer)
        return True

    async def _try(
        self, client: "httpx.AsyncClient", endpoint: Endpoint, delivery: Delivery
    ) -> Answer:
        import httpx

        answer = Answer(0, f"no answer in {REQUEST_S_MAX:g} s")
        body = delivery.body.encode()
        headers = {
            EVENT_ID_HEADER: delivery.id,
            SIGNATURE_HEADER: signature(endpoint.secret, int(self._clock()), body),
        }
        try:
            async with (
                asyncio.timeout(REQUEST_S_MAX),
                client.stream("POST", endpoint.url, content=body, headers=headers) as reply,
            ):
                answer = Answer(reply.status_code, "", _retry_after_s(reply.headers))
                if answer.outcome != "delivered":
                    said = await _beginning(reply)
                    answer = Answer(answer.code, said, answer.retry_after_s)
        except TimeoutError:
            return answer
        except (httpx.HTTPError, OSError) as error:
            return answer if answer.code else Answer(0, f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - the event must not be lost by a mistake of ours
            self._on_bug(f"webhook {endpoint.name}", error)
            return Answer(0, repr(error))
        return answer

    def _settle(self, lane: _Lane, delivery: Delivery, answer: Answer) -> None:
        """Account for one attempt. A failure is said once, until one is delivered again."""
        about = {"endpoint": lane.endpoint.name, "event_id": delivery.id}
        why = {"code": answer.code, "said": answer.said}
        if answer.outcome == "delivered":
            lane.outbox.ended(delivery, "delivered")
            if lane.is_failing:
                self._log.info("webhook_works_again", **about)
            lane.is_failing = False
        elif answer.outcome == "refused":
            lane.outbox.ended(delivery, "refused")
            self._log.warning("webhook_event_refused", **about, **why)
        elif answer.outcome == "gone":
            lane.outbox.ended(delivery, "refused")
            given_up = lane.outbox.stop()
            self._log.warning("webhook_stopped", **about, **why, events_given_up=given_up)
        else:
            wait_s = lane.outbox.failed(
                delivery, self._clock(), answer.retry_after_s, is_rejected=answer.is_rejected
            )
            if not lane.is_failing:
                self._log.warning("webhook_fails", **about, **why, retry_s=round(wait_s, 1))
            lane.is_failing = True


def _delivery(notice: Notice, payload: Mapping[str, Any], now: float) -> Delivery:
    """The id is the body's hash: the same event has the same one after a restart, too."""
    body = json.dumps(payload, allow_nan=False, separators=(",", ":"))
    event = notice.event
    is_named = event.event == NAMED
    return Delivery(
        id=hashlib.sha256(body.encode()).hexdigest()[:32],
        group=event.incident,
        merges=_names_of(notice) if is_named else "",
        body=body,
        created=now,
        due=now + (MERGE_S if is_named else 0.0),
    )


def _names_of(notice: Notice) -> str:
    """What events that name more streams of this alarm merge by."""
    return f"{NAMED} {notice.event.alarm.id}"


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds; 0 where there is none, or a date, which the backoff serves as well."""
    text = headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdigit() else 0.0


async def _beginning(reply: "httpx.Response") -> str:
    """Of the answer's text, printable; no more is read of it."""
    data = b""
    async for piece in reply.aiter_raw():
        data += piece
        if len(data) >= ANSWER_BYTES_MAX:
            break
    text = data[:ANSWER_BYTES_MAX].decode(errors="replace")
    return "".join(one if one.isprintable() else " " for one in text).strip()
