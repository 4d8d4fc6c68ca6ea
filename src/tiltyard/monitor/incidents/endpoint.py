"""Where alarm events are sent to, and how a receiver knows that they are ours."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from tiltyard.errors import ConfigError

SIGNATURE_HEADER: Final = "Tiltyard-Signature"
EVENT_ID_HEADER: Final = "Tiltyard-Event-Id"
SECRET_CHARACTERS_MIN: Final = 16


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook. `name` is what logs and metrics call it: without one the host.

    Skew does not page, so it is sent only where it is asked for. Raises ConfigError; no message
    has the secret or the path, which may be one.
    """

    url: str
    secret: str = field(repr=False)
    name: str = ""
    sends_skew: bool = False

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise ConfigError(f"webhook {self.name!r}: the url cannot be read: {error}") from None
        if parts.scheme not in ("http", "https") or not host:
            raise ConfigError(
                f"webhook {self.name!r}: expected a url https://HOST/.. or http://HOST/.., got one"
                f" with scheme {parts.scheme!r} and host {host or ''!r}"
            )
        if len(self.secret) < SECRET_CHARACTERS_MIN:
            raise ConfigError(
                f"webhook {self.name or host!r}: the secret has {len(self.secret)} characters;"
                f" expected {SECRET_CHARACTERS_MIN} or more"
            )
        if not self.name:
            object.__setattr__(self, "name", host)


def check_names(endpoints: Iterable[Endpoint]) -> None:
    """Every endpoint has a name of its own. Raises ConfigError."""
    seen: set[str] = set()
    for endpoint in endpoints:
        if endpoint.name in seen:
            raise ConfigError(f"two webhooks are called {endpoint.name!r}; give each its own name")
        seen.add(endpoint.name)


def signature(secret: str, time_s: int, body: bytes) -> str:
    """The value of the header Tiltyard-Signature, "t=<unix seconds>,v1=<hex>".

    v1 is HMAC-SHA256 with the endpoint's secret over the decimal seconds, a dot and the body as it
    was sent. To verify: take t and v1 from the header; compute the HMAC over t + "." + the raw
    body, before any JSON parsing; compare it with v1 in constant time; refuse when t is more than
    five minutes from now. A retry is signed anew; Tiltyard-Event-Id stays, so a receiver that keeps
    the ids of a day knows what it has had.

    >>> signature("0123456789abcdef", 1_700_000_000, b"{}")[:24]
    't=1700000000,v1=e4f8e2ec'
    """
    signed = f"{time_s}.".encode() + body
    mac = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={time_s},v1={mac}"
