"""Drift policies as rows: one a model, JSON, with an epoch of its own."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from tiltyard.registry import schema

_POLICIES = schema.policies


def read_policies(connection: Connection, model: str | None = None) -> dict[str, dict[str, Any]]:
    """By model, of those that have one; `epoch` is among the values."""
    query = select(_POLICIES)
    if model is not None:
        query = query.where(_POLICIES.c.model == model)
    return {row.model: {**row.policy, "epoch": row.epoch} for row in connection.execute(query)}


def write_policy(connection: Connection, model: str, policy: Mapping[str, Any]) -> None:
    """`policy` is JSON-ready, with its `epoch`; 1 if it is the model's first."""
    values = {name: value for name, value in policy.items() if name != "epoch"}
    if policy["epoch"] == 1:
        row = {"model": model, "epoch": 1, "policy": values}
        connection.execute(insert(_POLICIES).values(row))
        return
    connection.execute(
        update(_POLICIES)
        .where(_POLICIES.c.model == model)
        .values(epoch=policy["epoch"], policy=values)
    )
