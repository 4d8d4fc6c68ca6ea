"""Operators' commands against a gateway that serves: what they change, say, and end with."""

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import models
from tests.conftest import Publish, Serve, publisher
from tiltyard.client import InferenceClient
from tiltyard.ops.gateway_process import GatewayProcess
from tiltyard.store import open_store

TIMEOUT_S = 60
ROW = np.zeros((1, 30), np.float32)


class Operator:
    """Somebody at a shell, with a gateway that serves `fraud` version 1."""

    def __init__(self, gateway: GatewayProcess, folder: Path) -> None:
        self.gateway = gateway
        self.folder = folder
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("TILTYARD_")}
        self.env["TILTYARD_ADMIN"] = gateway.admin_address

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
            env=self.env,
        )

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "tiltyard", *map(str, arguments)]

    def does(self, *arguments: object) -> list[str]:
        """The lines that a command prints; it must succeed."""
        done = self.run(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout.splitlines()

    def reads(self, *arguments: object) -> Any:
        """The document that a command prints with --json."""
        return json.loads("\n".join(self.does(*arguments, "--json")))

    def is_refused(self, code: int, *arguments: object) -> str:
        """The one line that a command fails with."""
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        (line,) = done.stderr.splitlines()
        assert line.startswith("tiltyard: error: ")
        return line

    def versions_answering(self, count: int = 1) -> set[str]:
        with InferenceClient(self.gateway.address) as client:
            return {client.infer("fraud", {"X": ROW}).version for _ in range(count)}


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    """Publishes beside the gateway, into its store."""
    return publisher(open_store(str(tmp_path / "store"), create=True), tmp_path)


@pytest.fixture
def operator(serve: Serve, publish: Publish, tmp_path: Path) -> Operator:
    publish("fraud", models.w1())
    return Operator(serve("--store", str(tmp_path / "store")), tmp_path)


def test_the_story_from_version_1_to_2_and_back(operator: Operator, tmp_path: Path) -> None:
    model = tmp_path / "next.onnx"
    model.write_bytes(models.w2())
    said = operator.does("publish", "fraud", model, "--admin", operator.gateway.admin_address)
    assert said[0] == f"published fraud version 2 on {operator.gateway.admin_address}"
    assert operator.versions_answering() == {"1"}

    said = operator.does("challenge", "fraud", 2, "--shadow", "--sample", "20%")
    assert said[0] == "shadow 2 of 20 % challenges champion 1 of fraud"
    assert said[1] == "  now:  champion 1, shadow 2 of 20 %, epoch 2"
    assert operator.versions_answering(20) == {"1"}

    said = operator.does("challenge", "fraud", 2, "--canary", "5%")
    assert said[1] == "  now:  champion 1, canary 2 with 5 %, epoch 3"
    said = operator.does("challenge", "fraud", 2, "--canary", "50%", "--expected-epoch", 3)
    assert said[1] == "  now:  champion 1, canary 2 with 50 %, epoch 4"
    assert operator.versions_answering(200) == {"1", "2"}

    said = operator.does("promote", "fraud")
    assert said == [
        "version 2 of fraud is promoted",
        "  now:  champion 2, previous 1 (warm for 3 d), epoch 5",
        "  next: tiltyard rollback fraud --to previous  # if version 2 is wrong; kept warm for 3 d",
    ]
    assert operator.versions_answering(20) == {"2"}

    said = operator.does("rollback", "fraud")
    assert said[1] == "  now:  champion 1, previous 2 (warm for 3 d), epoch 6"
    assert operator.versions_answering(20) == {"1"}

    kinds = [json.loads(line)["kind"] for line in operator.does("events", "--json")]
    assert kinds == [
        "model_added",
        "version_added",
        "challenge_started",
        "challenge_started",
        "challenge_updated",
        "promoted",
        "rolled_back",
    ]


def test_a_status_tells_a_canary_from_its_champion(operator: Operator, publish: Publish) -> None:
    publish("fraud", models.w2())
    operator.does("challenge", "fraud", 2, "--canary", "50%")
    operator.versions_answering(300)
    found = operator.reads("status", "fraud")
    (route,), (model,) = found["routes"], found["models"]
    (canary,) = route["challengers"]
    assert (canary["version"], canary["state"], canary["share"]["fraction"]) == (2, "ready", 0.5)
    assert canary["requests"] + route["champion"]["requests"] == 300
    assert canary["requests"] / 300 == pytest.approx(canary["share_measured"])
    assert canary["latency"]["p50_ms"] > 0
    assert [version["state"] for version in model["versions"]] == ["ready", "ready"]

    lines = operator.does("status")
    assert lines[0].startswith(f"fraud  epoch 2  {operator.gateway.admin_address}  2")
    rows = {tuple(line.split()[:2]): line.split() for line in lines[3:5]}
    assert "50 %" in " ".join(rows["champion", "1"])
    assert rows["canary", "2"][-1] == "ready"
    assert lines[-1].split("  #")[0].endswith("tiltyard promote fraud")


def test_a_shadow_is_compared_with_its_champion(operator: Operator, publish: Publish) -> None:
    publish("fraud", models.w1())
    operator.does("challenge", "fraud", 2, "--shadow")
    operator.versions_answering(120)

    def agreement() -> Any:
        (route,) = operator.reads("status", "fraud")["routes"]
        return route["challengers"][0]["agreement"]

    found = agreement()
    while found is None or found["queued"] != found["ok"] + found["error"] + found["expired"]:
        found = agreement()
    assert found["offered"] == found["queued"] + sum(found["dropped"].values()) == 120
    assert {output["agreement"] for output in found["outputs"]} == {1.0}
    lines = operator.does("status", "fraud")
    assert lines[4].startswith("shadow 2")
    assert "100 %  ready" in lines[4]


def test_a_rollback_that_cannot_be_recorded_holds_and_says_so(
    operator: Operator, publish: Publish
) -> None:
    publish("fraud", models.w2())
    operator.does("champion", "fraud", 2)
    registry = sqlite3.connect(operator.folder / "store" / "registry.sqlite3")
    registry.execute("BEGIN IMMEDIATE")  # somebody else's, for as long as they like
    said = operator.does("rollback", "fraud")
    assert said[1].startswith("  now:  champion 1, previous 2")
    assert any(line.startswith("  NOT RECORDED: a restart now would undo") for line in said)
    assert operator.versions_answering() == {"1"}
    (route,) = operator.reads("status", "fraud")["routes"]
    assert not route["durable"]
    assert any(line.startswith("NOT RECORDED:") for line in operator.does("status", "fraud"))
    registry.close()
    while not operator.reads("route", "fraud")["durable"]:
        pass
    assert operator.versions_answering() == {"1"}


def test_a_version_that_does_not_load_never_serves(operator: Operator, publish: Publish) -> None:
    publish("fraud", models.w2())
    with (operator.folder / "store" / "fraud" / "2" / "model.onnx").open("ab") as file:
        file.write(b"\0")
    assert "model.onnx" in operator.is_refused(11, "champion", "fraud", 2)
    assert operator.versions_answering() == {"1"}
    lines = operator.does("status", "fraud")
    assert lines[3].startswith("champion 1")
    assert any(line.startswith("failed:") and "version 2" in line for line in lines)


def test_versions_come_and_go(operator: Operator, publish: Publish) -> None:
    publish("fraud", models.w2())
    assert operator.does("load", "fraud", 2)[0] == "version 2 of fraud is loaded"
    assert operator.does("champion", "fraud", 2)[0] == "version 2 of fraud serves"
    assert "kept warm" in operator.is_refused(11, "unload", "fraud", 1)
    publish("fraud", models.w1())
    operator.does("challenge", "fraud", 3, "--canary", "1%", "--split", "key")
    assert "requests of a key" in operator.does("route", "fraud")[2]
    route = operator.reads("route", "fraud")
    assert (route["split"], len(route["salt_hex"])) == ("key", 32)
    assert operator.reads("stop-challenge", "fraud", 3)["challengers"] == []
    assert operator.does("unload", "fraud", 3)[0] == "version 3 of fraud is unloaded"


def test_of_two_operators_one_is_told_what_the_other_did(
    operator: Operator, publish: Publish
) -> None:
    publish("fraud", models.w2())
    epoch = operator.reads("route", "fraud")["epoch"]
    operator.does("champion", "fraud", 2, "--expected-epoch", epoch)
    line = operator.is_refused(12, "rollback", "fraud", "--expected-epoch", epoch)
    assert "is at epoch 2, the call expected 1" in line
    assert "champion of fraud set to 2 (was 1) (epoch 2) by " in line
    assert operator.versions_answering() == {"2"}


def test_mistakes_are_one_line_that_says_what_to_do(operator: Operator) -> None:
    data_port = operator.gateway.address
    assert "tiltyard status" in operator.is_refused(4, "promote", "nobody")
    assert "versions: 1" in operator.is_refused(4, "champion", "fraud", 9)
    assert "Start" in operator.is_refused(11, "promote", "fraud")
    assert "admin port" in operator.is_refused(13, "status", "--admin", data_port)
    assert "see that it runs" in operator.is_refused(13, "status", "--admin", "127.0.0.1:1")
    assert "--canary SHARE" in operator.is_refused(2, "challenge", "fraud", 1)


def test_a_model_that_is_refused_says_why(operator: Operator, tmp_path: Path) -> None:
    model = tmp_path / "odd.onnx"
    model.write_bytes(models.custom_operator())
    line = operator.is_refused(
        6, "publish", "odd", model, "--admin", operator.gateway.admin_address
    )
    assert "custom operator" in line
    assert "nothing was stored" in line


def test_events_are_followed_until_ctrl_c(operator: Operator, publish: Publish) -> None:
    publish("fraud", models.w2())
    command = operator.command("events", "fraud", "--follow")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=operator.env
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith("fraud added with version 1, champion 1\n")
        operator.does("champion", "fraud", 2)
        followed = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=TIMEOUT_S)
    assert "version 2 of fraud added" in followed[0]
    assert "champion of fraud set to 2 (was 1), by " in followed[1]
    assert (process.returncode, log) == (0, "")


def test_a_status_is_watched_until_ctrl_c(operator: Operator) -> None:
    ours, theirs = pty.openpty()
    env = {**operator.env, "TERM": "xterm", "COLUMNS": "100", "LINES": "24"}
    with subprocess.Popen(
        operator.command("status", "fraud", "--watch"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=env,
    ) as process:
        os.close(theirs)
        written, interrupted = b"", False
        for part in parts_of(ours):
            written += part
            if not interrupted and written.count(b"every second; Ctrl-C ends it") == 2:
                process.send_signal(signal.SIGINT)  # once: a second one may meet its end
                interrupted = True
        assert process.wait(TIMEOUT_S) == 0
    assert b"champion 1" in written
    assert written.rstrip().endswith(b"\x1b[?25h")  # the cursor is back


def parts_of(terminal: int) -> Iterator[bytes]:
    """What comes out of a terminal, until the last program has left it."""
    with os.fdopen(terminal, "rb", buffering=0) as reader:
        while True:
            try:
                part = reader.read(4096)
            except OSError:  # Linux says so when nobody has the other end any more
                return
            if not part:
                return
            yield part


def test_a_gateway_is_drained(operator: Operator) -> None:
    said = operator.does("drain")
    assert said == [f"{operator.gateway.admin_address} finishes what it accepted, and ends"]
    assert operator.gateway.wait() == 0
    assert "see that it runs" in operator.is_refused(13, "status")
