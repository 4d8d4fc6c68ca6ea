"""What the operations port answers: /metrics, /healthz and /readyz; anything else is 404 or 405."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tiltyard.ops.metrics import Metrics, Page

OnBug = Callable[[str, BaseException], None]

FORMATS_MAX: Final = 8  # pages in the making or in line; one a format and encoding


class BusyError(Exception):
    """More formats are asked for at once than anybody needs."""


class Scrapes:
    """Makes one page at a time, on a thread of its own. Used on one event loop.

    Who asks while a page is made for others gets the same one, and who asks for it in another
    format gets in line, so however many ask, there is work for one.
    """

    def __init__(
        self, page: Callable[[str, str], Page], enter_priority: Callable[[str], None]
    ) -> None:
        self._page = page
        self._pool = ThreadPoolExecutor(
            1, thread_name_prefix="metrics", initializer=enter_priority, initargs=("metrics",)
        )
        self._under_way: dict[tuple[str, str], asyncio.Future[Page]] = {}

    async def page(self, accept: str, accept_encoding: str) -> Page:
        """Raises BusyError, and what making it does."""
        key = (accept, accept_encoding)
        making = self._under_way.get(key)
        if making is None:
            if len(self._under_way) >= FORMATS_MAX:
                raise BusyError
            loop = asyncio.get_running_loop()
            making = loop.run_in_executor(self._pool, self._page, accept, accept_encoding)
            self._under_way[key] = making
            making.add_done_callback(lambda _: self._under_way.pop(key))
        # Who gives up waiting does not end it for the others.
        return await asyncio.shield(making)


def operations_app(
    metrics: Metrics,
    not_ready: Callable[[], str],
    *,
    on_bug: OnBug,
    enter_priority: Callable[[str], None],
    more: Sequence[BaseRoute] = (),
) -> Starlette:
    """The application. `not_ready` is "" when the gateway is ready, else why not, in a sentence.

    `more` are further routes. `on_bug(where, error)` is told of what no caller is shown.
    """
    scrapes = Scrapes(metrics.page, enter_priority)

    async def scrape(request: Request) -> Response:
        headers = request.headers
        try:
            page = await scrapes.page(headers.get("accept", ""), headers.get("accept-encoding", ""))
        except BusyError:
            return _text("too many scrapes at once; expected fewer\n", 503, {"retry-after": "1"})
        encoding = {"content-encoding": "gzip"} if page.is_gzip else {}
        return Response(
            page.body,
            headers={
                "content-type": page.content_type,
                "vary": "accept, accept-encoding",
                **encoding,
            },
        )

    async def healthz(_: Request) -> Response:
        return _text("alive\n")

    async def readyz(_: Request) -> Response:
        why = not_ready()
        return _text(f"not ready: {why}\n", 503) if why else _text("ready\n")

    async def failed(request: Request, error: Exception) -> Response:
        on_bug(f"http {request.method} {request.url.path}", error)
        return _text("an internal error; the gateway's log has it\n", 500)

    async def refused(_: Request, error: Exception) -> Response:
        code: int = getattr(error, "status_code", 400)
        words = {404: "there is nothing at this path\n", 405: "expected the method GET\n"}
        return _text(words.get(code, "the request was refused\n"), code, _allow(error))

    return Starlette(
        routes=[
            Route("/metrics", scrape),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            *more,
        ],
        exception_handlers={404: refused, 405: refused, 500: failed},
    )


def _allow(error: Exception) -> dict[str, str]:
    headers: dict[str, str] | None = getattr(error, "headers", None)
    return headers or {}


def _text(text: str, code: int = 200, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(text, code, {"cache-control": "no-store", **(headers or {})})
