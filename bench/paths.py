"""Where the harness keeps what it makes. Nothing of it is committed."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
BUILD = ROOT / "build" / "bench"
LOADGEN = BUILD / "loadgen"
MODELS = BUILD / "models"
VENVS = ROOT / ".bench-venvs"
RESULTS = BENCH / "results" / "local"
