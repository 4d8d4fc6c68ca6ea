"""`tiltyard demo`, whole: it checks itself and ends with an error when anything is wrong."""

import re
import subprocess
import sys
from pathlib import Path


def test_the_demo_works_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tiltyard", "demo", "--seconds", "0.2"],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "COLUMNS": "80"},
    )
    assert done.returncode == 0, done.stderr
    assert "removed ZipMap node" in done.stdout
    assert "tiltyard ready grpc=127.0.0.1:" in done.stdout
    assert len(re.findall(r"143 +9\d\.\d% +100\.0%", done.stdout)) == 2
    assert "p99.9" in done.stdout
    assert "Every answer is the one that scikit-learn gives." in done.stdout
    assert "…" not in done.stdout
    assert list(tmp_path.iterdir()) == []
