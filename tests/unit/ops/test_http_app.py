"""What the operations port answers, without a socket."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from tiltyard.ops.http_app import FORMATS_MAX, BusyError, Scrapes, operations_app
from tiltyard.ops.metrics import Page

TIMEOUT_S = 20.0


class Metrics:
    """Pages that say which headers they were made for."""

    def __init__(self) -> None:
        self.pages = 0
        self.error: Exception | None = None

    def page(self, accept: str, accept_encoding: str) -> Page:
        self.pages += 1
        if self.error is not None:
            raise self.error
        return Page(f"{accept}|{accept_encoding}".encode(), "text/plain; version=0.0.4", False)


class World:
    def __init__(self) -> None:
        self.metrics = Metrics()
        self.not_ready = ""
        self.bugs: list[str] = []
        self.app = operations_app(
            self.metrics,  # type: ignore[arg-type]  # what is asked of it
            lambda: self.not_ready,
            on_bug=lambda where, error: self.bugs.append(f"{where}: {error!r}"),
            enter_priority=lambda _: None,
        )

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def work() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://ops") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(asyncio.wait_for(work(), TIMEOUT_S))


def test_metrics_have_their_type_and_depend_on_the_headers() -> None:
    reply = World().ask("GET", "/metrics", {"accept": "a/b", "accept-encoding": "identity"})
    assert (reply.status_code, reply.text) == (200, "a/b|identity")
    assert reply.headers["content-type"] == "text/plain; version=0.0.4"
    assert reply.headers["vary"] == "accept, accept-encoding"


def test_health_and_readiness_are_two_things() -> None:
    world = World()
    assert world.ask("GET", "/healthz").text == "alive\n"
    assert (world.ask("GET", "/readyz").status_code, world.bugs) == (200, [])
    world.not_ready = "models are loaded"
    reply = world.ask("GET", "/readyz")
    assert (reply.status_code, reply.text) == (503, "not ready: models are loaded\n")
    assert world.ask("GET", "/healthz").status_code == 200
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "code", "text"),
    [
        ("GET", "/zebra", 404, "there is nothing at this path\n"),
        ("POST", "/metrics", 405, "expected the method GET\n"),
    ],
)
def test_anything_else_is_refused_shortly(method: str, path: str, code: int, text: str) -> None:
    reply = World().ask(method, path)
    assert (reply.status_code, reply.text) == (code, text)
    assert ("allow" in reply.headers) == (code == 405)


def test_a_mistake_of_ours_is_told_to_the_log_alone() -> None:
    world = World()
    world.metrics.error = ValueError("secret")
    reply = world.ask("GET", "/metrics")
    assert (reply.status_code, "secret" in reply.text) == (500, False)
    assert world.bugs == ["http GET /metrics: ValueError('secret')"]


class Slow:
    """Makes a page when a test lets it."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Event()
        self.made: list[str] = []
        self.at_once = self.at_once_max = 0

    def page(self, accept: str, _: str) -> Page:
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        self.begun.set()
        assert self.go.wait(TIMEOUT_S)
        self.made.append(accept)
        self.at_once -= 1
        return Page(accept.encode(), "", False)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), TIMEOUT_S))


def test_many_who_ask_at_once_make_one_page_a_format() -> None:
    async def work() -> None:
        slow = Slow()
        scrapes = Scrapes(slow.page, lambda _: None)
        asked = [asyncio.create_task(scrapes.page(name, "")) for name in "aaabbb"]
        await asyncio.to_thread(slow.begun.wait, TIMEOUT_S)
        gone = asyncio.create_task(scrapes.page("a", ""))
        await asyncio.sleep(0)  # let it begin to wait
        gone.cancel()
        slow.go.set()
        pages = await asyncio.gather(*asked)
        assert [page.body for page in pages] == [b"a"] * 3 + [b"b"] * 3
        assert sorted(slow.made) == ["a", "b"]
        assert slow.at_once_max == 1
        assert (await scrapes.page("a", "")).body == b"a"
        assert len(slow.made) == 3

    run(work)


def test_the_line_is_bounded() -> None:
    async def work() -> None:
        slow = Slow()
        scrapes = Scrapes(slow.page, lambda _: None)
        asked = [asyncio.create_task(scrapes.page(str(n), "")) for n in range(FORMATS_MAX)]
        await asyncio.to_thread(slow.begun.wait, TIMEOUT_S)
        with pytest.raises(BusyError):
            await scrapes.page("one more", "")
        slow.go.set()
        await asyncio.gather(*asked)

    run(work)
