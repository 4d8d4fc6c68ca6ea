"""The JSON of immutable values, each made once however often it is saved."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Encoded:
    """Of one thread. It keeps the texts of the values that it was given last."""

    def __init__(self) -> None:
        # By identity: frozen values that are equal may be many, and hashing them is as long.
        self._texts: dict[int, tuple[Any, str]] = {}

    def array(self, values: "Sequence[DataclassInstance]") -> str:
        """A JSON array of frozen dataclass instances.

        One at a time, so that nobody waits long for the interpreter.
        """
        texts: dict[int, tuple[Any, str]] = {}
        for value in values:
            known = self._texts.get(id(value))
            if known is None or known[0] is not value:
                known = (value, json.dumps(asdict(value)))
            texts[id(value)] = known
        self._texts = texts
        return f"[{', '.join(text for _, text in texts.values())}]"
