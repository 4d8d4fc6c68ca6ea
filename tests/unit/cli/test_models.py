import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests import models
from tiltyard.cli.models import models as command
from tiltyard.errors import ConfigError
from tiltyard.store import open_store


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A store with ten plain versions of one model and one of another."""
    store = open_store(str(tmp_path / "store"), create=True)
    for version in range(1, 11):
        store.objects.put(f"fraud/{version}/model.onnx", models.identity())
    store.objects.put("churn/4/model.onnx", b"x" * 1500)
    return store.uri


def _run(*arguments: str) -> str:
    done = CliRunner().invoke(command, arguments, env={"COLUMNS": "120"})
    if done.exception is not None:
        raise done.exception
    return done.output


def test_a_person_reads_a_table(uri: str) -> None:
    head, churn, fraud = _run("--store", uri).splitlines()
    assert head.split() == ["model", "versions", "newest", "size", "published"]
    assert churn.split()[:5] == ["churn", "4", "4", "1.5", "kB"]
    assert "fraud  4 more, 5, 6, 7, 8, 9, 10" in fraud
    assert fraud.rstrip().endswith("(no manifest)")


def test_a_program_reads_every_version(uri: str) -> None:
    churn, fraud = json.loads(_run("--store", uri, "--json"))
    assert (churn["model"], fraud["model"]) == ("churn", "fraud")
    assert list(range(1, 11)) == [entry["version"] for entry in fraud["versions"]]
    (version,) = churn["versions"]
    assert (version["size_bytes"], version["has_manifest"]) == (1500, False)
    assert datetime.fromisoformat(version["published"]) <= datetime.now(UTC)


def test_an_empty_store_says_how_to_fill_it(tmp_path: Path) -> None:
    assert "tiltyard publish NAME FILE.onnx" in _run("--store", str(tmp_path))
    assert json.loads(_run("--store", str(tmp_path), "--json")) == []


def test_a_store_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such folder"):
        _run("--store", str(tmp_path / "none"))
