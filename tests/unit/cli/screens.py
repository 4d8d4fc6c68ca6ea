"""What people read, kept in files as they read it; lines end without spaces."""

from pathlib import Path

FOLDER = Path(__file__).parent / "screens"


def screen(name: str) -> list[str]:
    """The lines of screens/NAME.txt."""
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
