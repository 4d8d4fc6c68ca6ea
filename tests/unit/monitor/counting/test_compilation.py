import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tiltyard.monitor.counting import compilation
from tiltyard.monitor.counting.compilation import compile_kernel
from tiltyard.monitor.counting.errors import CountingError

PROGRAM = """
from tiltyard.monitor.counting.compilation import compile_kernel
made = compile_kernel()
print(made.from_cache, made.problem)
"""


def run(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that a first start has filled."""
    folder = tmp_path_factory.mktemp("cache")
    assert run(NUMBA_CACHE_DIR=str(folder)) == "False"
    return folder


def test_the_second_start_has_it_from_disk(cache: Path) -> None:
    assert run(NUMBA_CACHE_DIR=str(cache)) == "True"


def test_a_broken_cache_is_said_and_stops_nobody(cache: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(cache, tmp_path / "broken")
    (index,) = broken.rglob("*.nbi")
    index.write_bytes(index.read_bytes()[:40])
    said = run(NUMBA_CACHE_DIR=str(broken))
    assert said.startswith("False the compiled kernels cannot be kept on disk")
    assert "set NUMBA_CACHE_DIR" in said


def test_it_compiles_no_other_signature() -> None:
    """Minutes of surprise in the monitor thread; a wrong type is an error instead."""
    with pytest.raises(TypeError, match="No matching definition"):
        compile_kernel().kernel(1, 2, 3, 4, 5, 6, 7)


def test_when_nothing_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*, use_cache: bool) -> None:
        raise RuntimeError(f"no LLVM, cache {use_cache}")

    monkeypatch.setattr(compilation, "_compiled", broken)
    with pytest.raises(CountingError, match="do not compile: no LLVM, cache False"):
        compile_kernel()


def test_importing_the_rest_imports_no_numba() -> None:
    program = (
        "import sys, tiltyard.monitor.counting.block_counter, tiltyard.monitor.counting.selection,"
        " tiltyard.monitor.counting.compilation;"
        "print([name for name in sys.modules if name.split('.')[0] in ('numba', 'llvmlite')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"
