"""The log: one line an event, on stderr, for people or as JSON.

structlog takes a seventh of a second to import, so nothing here is called before the gateway
serves, unless something went wrong.
"""

import sys
from functools import cache
from typing import Any, Literal

LogFormat = Literal["console", "json"]


@cache
def logger(log_format: LogFormat) -> Any:
    """A structlog logger; events are snake_case and everything else is a named value."""
    import structlog

    if log_format == "json":
        renderers: list[Any] = [
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ]
    else:
        renderers = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderers,
        ],
        cache_logger_on_first_use=True,
    )
