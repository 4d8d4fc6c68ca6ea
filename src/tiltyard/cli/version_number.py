"""The number of a version, as commands take it."""

from typing import Any, Final

import click


class VersionNumber(click.ParamType[int]):
    """A whole number from 1."""

    name = "version"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Raises BadParameter."""
        if isinstance(value, str) and not (value.isascii() and value.isdigit() and int(value)):
            self.fail(f"a version is a whole number from 1, got {value!r}", param, ctx)
        return int(value)


VERSION: Final = VersionNumber()
