"""What the admin service, Triton's repository RPCs and the tests call: the interface of Control.

Every method is synchronous, may be called from any thread, and raises the classes of
control/errors.py, or those of the store (PublishRefused, IntegrityError, StoreError).
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, Protocol, TypedDict, Unpack

from tiltyard.control.views import (
    EventView,
    Mode,
    ModelView,
    OutputRule,
    RouteView,
    Split,
    StatisticsRow,
    VersionView,
)

RollbackTo = Literal["previous", "champion"]
# Made at once, each on two threads: until it is in force, and for what is left then.
ROLLBACKS_MAX: Final = 16


class ChangeTerms(TypedDict, total=False):
    """The terms on which a change is made; each may be left out.

    expected_epoch: refuse the change when the model's epoch is another one (EpochMovedError).
    idempotency_key: a second call with the same key and arguments changes nothing and returns
    what the first did (`repeated`); with other arguments it is a KeyReusedError.
    actor: who asks; it is recorded.
    """

    expected_epoch: int | None
    idempotency_key: str | None
    actor: str


class ControlInterface(Protocol):
    """What operators can do. Where the same thing goes for all, it is said in the module."""

    def publish_version(
        self,
        name: str,
        version: int | None,
        model_path: Path,
        samples: Path | None,
        batchable: bool,
        **terms: Unpack[ChangeTerms],
    ) -> VersionView:
        """Examine and store the model at `model_path` as a version; the next one without `version`.

        External data files lie beside `model_path`, in a folder that has nothing else but them
        and the samples. The files are the caller's and may be gone after the call. No slot
        changes, but that a new model gets its first version as champion.
        Raises VersionExistsError, PublishRefused, ArgumentError.
        """

    def list_models(self) -> Sequence[ModelView]:
        """Every model of the registry, by name."""

    def get_model(self, name: str) -> ModelView:
        """One model with its versions. Raises UnknownNameError."""

    def load_version(
        self,
        name: str,
        version: int,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """Have a version loaded that no slot asks for; return when it is ready.

        It stays until it is unloaded, or has left a slot again. Raises PreconditionError
        (VERSION_FAILED) when it cannot be loaded; LoadTimeoutError, after which it goes on loading.
        """

    def unload_version(self, name: str, version: int, **terms: Unpack[ChangeTerms]) -> RouteView:
        """No longer keep a version loaded. Raises PreconditionError (VERSION_IN_SLOT)."""

    def set_champion(
        self,
        name: str,
        version: int,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """Hot swap: load, then record, then swap; return when the engine serves it.

        Raises PreconditionError (VERSION_FAILED) or LoadTimeoutError; then the champion stays.
        """

    def start_challenge(
        self,
        name: str,
        version: int,
        mode: Mode,
        *,
        share: Decimal | None = None,
        sample: Decimal | None = None,
        split: Split | None = None,
        reverse_shadow: bool = False,
        compare: Sequence[OutputRule] = (),
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """Put a version beside the champion. `share` and `sample` are percent: Decimal("5") is 5 %.

        A canary needs `share`; a shadow takes `sample`, all without. `split` None is the model's
        own, or "request". `compare` says how outputs are compared, for a shadow or a reverse
        shadow; both versions must have them. Raises ArgumentError (SHARES_EXCEEDED),
        PreconditionError.
        """

    def update_challenge(
        self,
        name: str,
        version: int,
        *,
        share: Decimal | None = None,
        sample: Decimal | None = None,
        reverse_shadow: bool | None = None,
        compare: Sequence[OutputRule] | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """Give a challenger another share (canary) or sample (shadow), in percent.

        `reverse_shadow` starts or ends a canary's. `compare` replaces all rules that there are.
        What is None stays.
        """

    def stop_challenge(self, name: str, version: int, **terms: Unpack[ChangeTerms]) -> RouteView:
        """Take a challenger out. Raises UnknownNameError (CHALLENGER_NOT_FOUND)."""

    def promote(
        self, name: str, version: int | None = None, **terms: Unpack[ChangeTerms]
    ) -> RouteView:
        """Make a challenger, the only one without `version`, the champion.

        Raises PreconditionError (NO_CHALLENGER, SEVERAL_CHALLENGERS).
        """

    def rollback(
        self, name: str, to: RollbackTo | None = None, **terms: Unpack[ChangeTerms]
    ) -> RouteView:
        """Stop all canaries; where there is none, swap the champion for the previous one.

        `to` says which of the two is meant: "champion" stops canaries, "previous" swaps. The
        engine comes first: with the registry unavailable it still happens, with `durable` false.
        Without `to` it is refused when a rollback was the last thing done. Raises PreconditionError
        (NO_PREVIOUS, NO_CHALLENGER, ROLLED_BACK).
        """

    def get_route(self, name: str | None = None) -> Sequence[RouteView]:
        """One model's route, or all by name. Raises UnknownNameError."""

    def get_statistics(self, name: str | None = None) -> Sequence[StatisticsRow]:
        """The counters per version and role, of one model or of all. Raises UnknownNameError."""

    def watch(
        self,
        after_seq: int | None,
        model: str | None = None,
        *,
        follow: bool = True,
        stop: Callable[[], bool],
    ) -> Iterator[EventView]:
        """The events after `after_seq` in order, none left out; 0 is from the beginning.

        None means those from the moment of this call on, not of the first next(). With `follow`
        the iterator waits for more, and ends soon after stop() has become true (it looks at least
        twice a second); without, it ends with the last event there is.
        """

    def drain(self, *, actor: str = "") -> None:
        """Begin what SIGTERM begins, and return at once."""
