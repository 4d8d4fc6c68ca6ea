"""The calls of AsyncAdminClient about drift: each does what the synchronous one does."""

import asyncio

import pytest

from tests.unit.admin.fake_planes import ALARM, BASELINE, PROFILE, SNAPSHOT
from tests.unit.admin.serving import TIMEOUT_S, Served, serving
from tests.unit.admin.test_drift_messages import same
from tiltyard.client import AsyncAdminClient
from tiltyard.client.admin_errors import AdminEpochError, AdminNotFoundError, AdminUnavailableError
from tiltyard.monitor.interface import DriftQuery


async def every_method(client: AsyncAdminClient, served: Served) -> None:
    query = DriftQuery("fraud", window_s=60.0)
    (found,) = await client.get_drift(query, baseline_parts=True, timeout_s=TIMEOUT_S)
    assert same(SNAPSHOT, found)
    assert served.monitoring.calls[-1][1]["query"] == query
    assert await client.list_alarms("fraud", open_only=True) == [ALARM]
    assert (await client.ack_alarm("a-17", "known")).acknowledged_by == "anna"
    with pytest.raises(AdminNotFoundError):
        await client.ack_alarm("a-18")
    assert (await client.get_drift_policy("fraud")).epoch == 0
    assert (await client.set_drift_policy("fraud", delta=0.05)).delta == 0.05
    with pytest.raises(AdminEpochError):
        await client.set_drift_policy("fraud", delta=0.05, expected_epoch=0)
    baseline = await client.accept_baseline("fraud", 3, window_s=60.0)
    assert (baseline.digest, baseline.slots) == (BASELINE.digest, None)
    assert same(await client.add_profile("fraud", 3, bytes(3_000_000)), PROFILE)
    assert served.monitoring.calls[-1][1]["data"] == bytes(3_000_000)
    served.monitoring.happen("opened")
    async with await client.watch_alarms(0, follow=False) as past:
        assert [event.seq async for event in past] == [1]
    async with await client.watch_alarms() as watch:
        served.monitoring.happen("recovered")
        assert (await anext(watch)).event == "recovered"


def test_every_method() -> None:
    async def work() -> None:
        with serving() as served:
            async with AsyncAdminClient(served.address, actor="anna") as client:
                await every_method(client, served)

    asyncio.run(asyncio.wait_for(work(), TIMEOUT_S))


def test_nobody_there() -> None:
    async def work() -> None:
        async with AsyncAdminClient("127.0.0.1:1") as client:
            with pytest.raises(AdminUnavailableError):
                await client.get_drift(timeout_s=TIMEOUT_S)
            with pytest.raises(AdminUnavailableError):
                await client.add_profile("fraud", 1, b"x", timeout_s=TIMEOUT_S)

    asyncio.run(asyncio.wait_for(work(), TIMEOUT_S))
