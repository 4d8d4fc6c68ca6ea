"""The asyncio client is the synchronous one, awaited; against a gateway: wire/test_clients.py."""

import asyncio
import inspect

import pytest

from tiltyard.client import AsyncInferenceClient, CallError, InferenceClient


def public(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(method).replace(return_annotation=None)
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def test_it_has_the_methods_of_the_synchronous_client() -> None:
    assert public(AsyncInferenceClient) == public(InferenceClient)
    for name in public(AsyncInferenceClient):
        assert inspect.iscoroutinefunction(getattr(AsyncInferenceClient, name)), name


def test_nobody_there_is_one_sentence() -> None:
    async def ask() -> None:
        async with AsyncInferenceClient("127.0.0.1:1") as client:
            await client.is_live(timeout_s=5.0)

    with pytest.raises(CallError) as caught:
        asyncio.run(ask())
    assert str(caught.value).startswith("UNAVAILABLE: ")
