"""The profile of a version that is being published: made before anything is stored or sent, so that
a reference that does not fit leaves nothing behind.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tiltyard.cli.reference_options import ReferenceOptions, declaration_of
from tiltyard.errors import TiltyardError

if TYPE_CHECKING:
    from tiltyard.monitor.profile.profile import Profile
    from tiltyard.store.manifest import Description


class ProfileNotStoredError(TiltyardError):
    """The version is published, and is not published again for want of its profile."""

    exit_code: ClassVar[int] = 15

    def __init__(self, name: str, version: int, error: TiltyardError) -> None:
        super().__init__(
            f"{name} version {version} is published, and its profile is not stored ({error}): give"
            f" it one with: tiltyard profile {name} {version} --reference FILE"
        )


class Draft:
    """Of the model at `model`; without `options` there is none. `batchable`: rows go together."""

    def __init__(self, model: Path, options: ReferenceOptions | None, *, batchable: bool) -> None:
        self._model = model
        self._options = options
        self._batchable = batchable
        self._profile: Profile | None = None
        # Said early, before the model is examined.
        self._declaration = None if options is None else declaration_of(options)

    def make(self, description: "Description") -> None:
        """Read the reference, run the model where outputs are missing, and count.

        Raises ReferenceRefused.
        """
        if self._options is None or self._declaration is None:
            return
        # Imported here: publishing without a reference needs none of it.
        from tiltyard.store.profiling import draft_of_file
        from tiltyard.store.reference_run import RunLimits

        self._profile = draft_of_file(
            self._options.path,
            self._declaration,
            description,
            self._model,
            is_batchable=self._batchable,
            limits=RunLimits(self._options.run_timeout_s),
        )

    def of(self, name: str, version: int) -> "Profile | None":
        """The profile, now that it is known whose it is; None without a reference."""
        return self._profile and replace(self._profile, model=name, version=version)
