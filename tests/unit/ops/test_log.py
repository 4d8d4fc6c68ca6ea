"""What the log writes, as a child process whose stderr can be read."""

import json
import subprocess
import sys

CODE = """
from tiltyard.ops.log import logger
log = logger({!r})
log.info("version_serving", model="fraud", version=3)
try:
    1 / 0
except ZeroDivisionError as error:
    log.error("load_bug", exc_info=error)
"""


def lines_of(log_format: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(log_format)], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_is_one_object_a_line() -> None:
    first, second = (json.loads(line) for line in lines_of("json"))
    assert (first["event"], first["level"]) == ("version_serving", "info")
    assert (first["model"], first["version"]) == ("fraud", 3)
    assert first["timestamp"].endswith("Z")
    assert second["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_console_is_for_people_and_has_no_colours_in_a_file() -> None:
    lines = lines_of("console")
    assert "version_serving" in lines[0]
    assert "model=fraud" in lines[0]
    assert "\x1b" not in "".join(lines)
    assert any("ZeroDivisionError" in line for line in lines)
