"""Health beside the wire: tests/wire/test_admin.py has it with grpcio's own client."""

import asyncio
from typing import Any

from tiltyard.admin.health import Health
from tiltyard.protocol import messages

REQUEST = messages.message_class("grpc.health.v1.HealthCheckRequest")


class Written:
    """A context that keeps what is written to it."""

    def __init__(self) -> None:
        self.statuses: list[int] = []

    async def write(self, reply: Any) -> None:
        self.statuses.append(reply.status)


def test_a_watch_that_begins_after_the_end_is_told_once() -> None:
    async def work() -> list[int]:
        health, context = Health(), Written()
        health.stop()
        health.stop()
        await health._watch(REQUEST(service=messages.ADMIN_SERVICE), context)
        return context.statuses

    not_serving = messages.message_class("grpc.health.v1.HealthCheckResponse").NOT_SERVING
    assert asyncio.run(work()) == [not_serving]
