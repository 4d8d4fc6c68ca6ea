"""Where alarm events are sent to, and how a receiver knows that they are ours."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from tiltyard.errors import ConfigError

SIGNATURE_HEADER: Final = "Tiltyard-Signature"
EVENT_ID_HEADER: Final = "Tiltyard-Event-Id"
SECRET_BYTES_MIN: Final = 16


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook. `name` is what logs and metrics call it: without one the host.

    Skew does not page, so it is sent only where it is asked for. Raises ConfigError; no message
    has the secret or the path, which may be one.
    """

    url: str
    secret: bytes = field(repr=False)
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
        if len(self.secret) < SECRET_BYTES_MIN:
            raise ConfigError(
                f"webhook {self.name or host!r}: the secret has {len(self.secret)} bytes;"
                f" expected {SECRET_BYTES_MIN} or more"
            )
        if not self.name:
            object.__setattr__(self, "name", host)

    @property
    def key(self) -> str:
        """What its undelivered events are saved under, so that no other endpoint gets them."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]


def distinct(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """The same, with names that differ: the second of a name is called NAME-2, and so on.

    Raises ConfigError where two have the same url.
    """
    seen: Counter[str] = Counter()
    urls: set[str] = set()
    found = []
    for endpoint in endpoints:
        if endpoint.url in urls:
            raise ConfigError(f"two webhooks at {endpoint.name!r} have the same url")
        urls.add(endpoint.url)
        seen[endpoint.name] += 1
        number = seen[endpoint.name]
        name = endpoint.name if number == 1 else f"{endpoint.name}-{number}"
        found.append(replace(endpoint, name=name))
    return found


def signature(secret: bytes, time_s: int, body: bytes) -> str:
    """The value of the header Tiltyard-Signature, "t=<unix seconds>,v1=<hex>".

    v1 is HMAC-SHA256 with the endpoint's secret over the decimal seconds, a dot and the body as it
    was sent. To verify: take t and v1 from the header; compute the HMAC over t + "." + the raw
    body, before any JSON parsing; compare it with v1 in constant time; refuse when t is more than
    five minutes from now. A retry is signed anew; Tiltyard-Event-Id stays, so a receiver that keeps
    the ids of a day knows what it has had.

    >>> signature(b"0123456789abcdef", 1_700_000_000, b"{}")[:24]
    't=1700000000,v1=e4f8e2ec'
    """
    signed = f"{time_s}.".encode() + body
    mac = hmac.new(secret, signed, hashlib.sha256).hexdigest()
    return f"t={time_s},v1={mac}"
