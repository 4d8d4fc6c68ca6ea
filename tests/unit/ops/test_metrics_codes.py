"""The table of codes is the data plane's own."""

import re
from pathlib import Path

from tiltyard.ops.metrics_codes import CODE_OF, code_of

STATUS = Path(__file__).parents[3] / "native/base/status.cpp"
ROW = re.compile(r"\{Error::\w+,\s*GrpcCode::(\w+),\s*\"(\w+)\"")


def test_every_error_has_the_code_that_the_data_plane_answers_with() -> None:
    found = {name: code.upper() for code, name in ROW.findall(STATUS.read_text(encoding="utf-8"))}
    assert len(found) > 50
    assert found == CODE_OF


def test_an_error_that_is_not_listed_is_unknown() -> None:
    assert code_of("zebra") == "UNKNOWN"
