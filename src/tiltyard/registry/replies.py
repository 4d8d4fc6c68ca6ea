"""Idempotency keys: a request that is sent again gets the reply of the first time."""

from sqlalchemy import Connection, delete, insert, select

from tiltyard.registry import schema
from tiltyard.registry.change import Change, decode, encode
from tiltyard.registry.errors import IdempotencyMismatchError, InvalidChangeError

REPLY_KEEP_S = 7 * 24 * 3600

_REPLIES = schema.idempotency


def find(connection: Connection, key: str | None, request_digest: str) -> Change | None:
    """The reply that was kept for `key`; None or "" is no key. Raises IdempotencyMismatchError."""
    if not key:
        return None
    if len(key) > schema.IDEMPOTENCY_KEY_CHARS_MAX:
        raise InvalidChangeError(
            f"the idempotency key has {len(key)} characters",
            f"give at most {schema.IDEMPOTENCY_KEY_CHARS_MAX}",
            "INVALID_IDEMPOTENCY_KEY",
        )
    row = connection.execute(select(_REPLIES).where(_REPLIES.c.key == key)).one_or_none()
    if row is None:
        return None
    change = decode(row.reply)
    if row.request_digest != request_digest:
        raise IdempotencyMismatchError(
            f"idempotency key {key!r} was used for another request, {row.method} of"
            f" {change.state.name}",
            "take a new key for each request, and the same only to send one again",
            "IDEMPOTENCY_MISMATCH",
        )
    return change


def save(
    connection: Connection, key: str | None, request_digest: str, change: Change, now: float
) -> None:
    """Keep the reply for `key`, and forget those that are old."""
    if not key:
        return
    connection.execute(delete(_REPLIES).where(_REPLIES.c.ts < now - REPLY_KEEP_S))
    connection.execute(
        insert(_REPLIES).values(
            key=key,
            method=change.event.kind if change.events else "nothing new",
            request_digest=request_digest,
            reply=encode(change),
            ts=now,
        )
    )
