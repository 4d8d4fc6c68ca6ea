"""prometheus-client's own encoders and parsers, with types."""

from typing import Any

from prometheus_client import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_strict
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_strict
from prometheus_client.parser import text_string_to_metric_families as parse_plain
from prometheus_client.registry import CollectorRegistry

_UNTYPED: dict[str, Any] = {
    "encode_text": generate_latest,
    "encode_openmetrics": generate_strict,
    "parse_text": parse_plain,
    "parse_openmetrics": parse_strict,
}


def encode_text(registry: CollectorRegistry) -> str:
    data: bytes = _UNTYPED["encode_text"](registry)
    return data.decode()


def encode_openmetrics(registry: CollectorRegistry) -> str:
    data: bytes = _UNTYPED["encode_openmetrics"](registry)
    return data.decode()


def parse_text(text: str) -> list[Metric]:
    return list(_UNTYPED["parse_text"](text))


def parse_openmetrics(text: str) -> list[Metric]:
    """Strict: raises ValueError where the text breaks the standard."""
    return list(_UNTYPED["parse_openmetrics"](text))
