"""What of the monitor could not be done, and why."""

from tiltyard.monitor.monitor import VersionKey

# A model and its version; None: the model whatever its version.
Whose = tuple[str, int | None]


class Problems(dict[str, str]):
    """Sentences, by what could not be done. From any thread.

    What is not told with whose it is, is of the gateway as a whole: its registry, its state file.
    """

    def __init__(self) -> None:
        super().__init__()
        self._whose: dict[str, Whose] = {}

    def tell(self, what: str, problem: str, whose: Whose | None = None) -> None:
        if whose is not None:
            self._whose[what] = whose  # first: what has no owner is everybody's
        self[what] = problem

    def of(self, key: VersionKey) -> tuple[str, ...]:
        """What a version's counts may lack: its own problems, its model's and the gateway's."""
        wanted = (None, (key[0], None), key)
        return tuple(why for what, why in list(self.items()) if self._whose.get(what) in wanted)

    def leave(self, key: VersionKey) -> None:
        """The version is not there any more, and neither are its problems."""
        for what, whose in list(self._whose.items()):
            if whose == key:
                self.pop(what, None)
                del self._whose[what]
