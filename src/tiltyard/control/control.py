"""What operators can do, for real: every change goes to the registry, and from there to the engine.

See interface.py for what each method promises.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final, Unpack

from tiltyard._core import Engine
from tiltyard.control.changes import Call, Changes
from tiltyard.control.comparison import registry_rules
from tiltyard.control.errors import LoadTimeoutError, VersionExistsError
from tiltyard.control.interface import ChangeTerms, RollbackTo
from tiltyard.control.publishing import Turns, files_digest, stored_before
from tiltyard.control.reconciler import Reconciler
from tiltyard.control.refusals import event_view, refusals
from tiltyard.control.rollbacks import Finish, Rollbacks, at_once
from tiltyard.control.route_views import route_view, statistics_rows
from tiltyard.control.version_views import model_view, version_view
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
from tiltyard.errors import AlreadyExistsError
from tiltyard.registry import (
    SALT_BYTES,
    Change,
    Event,
    ModelState,
    Registry,
    load,
    promote,
    set_champion,
    start_challenge,
    stop_challenge,
    unload,
    update_challenge,
)
from tiltyard.store import Store
from tiltyard.store.manifest import Manifest
from tiltyard.store.publish import publish_model

EVENTS_READ: Final = 100


class Control:
    """The one implementation of ControlInterface.

    `on_drain` begins what SIGTERM begins; it is told who asks. `finish`: see Rollbacks.
    """

    def __init__(
        self,
        reconciler: Reconciler,
        engine: Engine,
        store: Store,
        *,
        rollback_window_s: float,
        on_drain: Callable[[str], None],
        finish: Finish = at_once,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._changes = Changes(reconciler)
        self._rollbacks = Rollbacks(
            reconciler,
            self._changes,
            rollback_window_s=rollback_window_s,
            finish=finish,
            clock=clock,
        )
        self._reconciler = reconciler
        self._engine = engine
        self._store = store
        self._rollback_window_s = rollback_window_s
        self._on_drain = on_drain
        self._turns = Turns()
        self._clock = clock

    # ---- versions

    def publish_version(
        self,
        name: str,
        version: int | None,
        model_path: Path,
        samples: Path | None,
        batchable: bool,
        **terms: Unpack[ChangeTerms],
    ) -> VersionView:
        key = terms.get("idempotency_key")
        files = files_digest(model_path, samples) if key else ""
        call = Call("publish_version", name, version, terms, (files, batchable))
        with self._turns.wait_for(key):
            return self._publish_once(call, model_path, samples, batchable)

    def list_models(self) -> Sequence[ModelView]:
        report = self._reconciler.report()
        return [
            model_view(self._store, state, report)
            for _, state in sorted(self._reconciler.states().items())
        ]

    def get_model(self, name: str) -> ModelView:
        return model_view(self._store, self._changes.state(name), self._reconciler.report())

    def load_version(
        self,
        name: str,
        version: int,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        call = Call("load_version", name, version, terms)
        done = self._changes.made_before(call)
        if done is not None:
            return done
        state = self._changes.at_epoch(self._changes.state(name, version), call)
        # One that is wanted by itself, and for good, has only to be waited for.
        is_news = version in state.unloaded or state.kept_until(version) is not None
        transition = partial(load, version=version)
        try:
            with self._changes.loaded(state, version, timeout_s):
                if is_news:
                    return self._changes.make(call, transition)
                return self._changes.route(state)
        except LoadTimeoutError as error:
            if is_news:
                self._changes.make(call, transition)  # so that it goes on loading
            raise LoadTimeoutError(str(error), model=name, version=version) from error

    def unload_version(self, name: str, version: int, **terms: Unpack[ChangeTerms]) -> RouteView:
        self._changes.state(name, version)

        def transition(state: ModelState) -> tuple[ModelState, Event]:
            return unload(state, version, now=self._clock())

        return self._changes.make(Call("unload_version", name, version, terms), transition)

    # ---- slots

    def set_champion(
        self,
        name: str,
        version: int,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        def transition(state: ModelState) -> tuple[ModelState, Event]:
            return set_champion(
                state, version, now=self._clock(), rollback_window_s=self._rollback_window_s
            )

        call = Call("set_champion", name, version, terms)
        return self._changes.make_loaded(call, version, transition, timeout_s)

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
        transition = partial(
            start_challenge,
            version=version,
            mode=mode,
            new_salt=secrets.token_bytes(SALT_BYTES),
            share=share,
            sample=sample,
            split=split,
            reverse_shadow=reverse_shadow,
            compare=registry_rules(compare),
        )
        rules = [astuple(rule) for rule in compare]
        said = (mode, _told(share), _told(sample), split, reverse_shadow, rules)
        call = Call("start_challenge", name, version, terms, said)
        return self._changes.make_loaded(call, version, transition, timeout_s, compare)

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
        transition = partial(
            update_challenge,
            version=version,
            share=share,
            sample=sample,
            reverse_shadow=reverse_shadow,
            compare=None if compare is None else registry_rules(compare),
        )
        rules = None if compare is None else [astuple(rule) for rule in compare]
        said = (_told(share), _told(sample), reverse_shadow, rules)
        call = Call("update_challenge", name, version, terms, said)
        if not compare:
            return self._changes.make(call, transition)
        return self._changes.make_loaded(call, version, transition, compare=compare)

    def stop_challenge(self, name: str, version: int, **terms: Unpack[ChangeTerms]) -> RouteView:
        def transition(state: ModelState) -> tuple[ModelState, Event]:
            return stop_challenge(
                state, version, now=self._clock(), rollback_window_s=self._rollback_window_s
            )

        return self._changes.make(Call("stop_challenge", name, version, terms), transition)

    def promote(
        self, name: str, version: int | None = None, **terms: Unpack[ChangeTerms]
    ) -> RouteView:
        call = Call("promote", name, version, terms)
        done = self._changes.made_before(call)
        if done is not None:
            return done
        challengers = self._changes.state(name, version).challengers
        only = challengers[0].version if len(challengers) == 1 else None
        chosen = only if version is None else version

        def transition(state: ModelState) -> tuple[ModelState, Event]:
            return promote(
                state, chosen, now=self._clock(), rollback_window_s=self._rollback_window_s
            )

        if chosen is None:  # the transition says what is wrong
            return self._changes.make(call, transition)
        return self._changes.make_loaded(call, chosen, transition)

    def rollback(
        self, name: str, to: RollbackTo | None = None, **terms: Unpack[ChangeTerms]
    ) -> RouteView:
        return self._rollbacks.roll_back(name, to, terms)

    # ---- reading

    def get_route(self, name: str | None = None) -> Sequence[RouteView]:
        report = self._reconciler.report()
        if name is not None:
            return [route_view(self._reconciler, self._changes.state(name), report)]
        states = self._reconciler.states()
        return [route_view(self._reconciler, states[model], report) for model in sorted(states)]

    def get_statistics(self, name: str | None = None) -> Sequence[StatisticsRow]:
        names = [self._changes.state(name).name] if name else sorted(self._reconciler.states())
        versions = self._engine.statistics()
        tables = self._reconciler.table.tables()
        return [
            row
            for model in names
            for row in statistics_rows(
                tables.get(model), [entry for entry in versions if entry["model"] == model]
            )
        ]

    def watch(
        self,
        after_seq: int | None,
        model: str | None = None,
        *,
        follow: bool = True,
        stop: Callable[[], bool],
    ) -> Iterator[EventView]:
        registry = self._changes.registry()
        if model is not None:
            self._changes.state(model)
        with refusals(model or ""):
            begin = registry.last_seq() if after_seq is None else after_seq
        return self._events(registry, begin, model, follow, stop)

    def drain(self, *, actor: str = "") -> None:
        self._on_drain(actor)

    # ---- inside

    def _events(
        self,
        registry: Registry,
        seq: int,
        model: str | None,
        follow: bool,
        stop: Callable[[], bool],
    ) -> Iterator[EventView]:
        while not stop():
            newest = self._reconciler.new_events.seq
            with refusals(model or ""):
                events = registry.events(seq, EVENTS_READ, model)
            for event in events:
                seq = event.seq
                yield event_view(event)
            if events:
                continue
            if not follow or not self._reconciler.new_events.wait(newest, stop):
                return

    def _publish_once(
        self, call: Call, model_path: Path, samples: Path | None, batchable: bool
    ) -> VersionView:
        registry, made = self._changes.registry(), None
        with call.refusals():
            saved = registry.find_reply(call.key, call.digest)
            if saved is not None:
                return self._version(saved.state, _published(saved, call.version))
            if call.key:
                made = stored_before(
                    self._store, registry, call.name, call.version, model_path, batchable
                )
        # Of a model that the registry does not know yet: a version more changes no champion.
        champion = self._reconciler.serving(call.name) or self._reconciler.coming(call.name)
        if made is None:
            made = self._publish(call, model_path, samples, batchable)
        with call.refusals():
            self._reconciler.introduce(call.name, champion)
            change = registry.note_versions(
                call.name,
                [(made.version, made.digest)],
                idempotency_key=call.key,
                request_digest=call.digest,
                actor=call.actor,
            )
        self._reconciler.look_at_store()
        self._reconciler.adopt(change)
        return self._version(change.state, made.version)

    def _publish(
        self, call: Call, model_path: Path, samples: Path | None, batchable: bool
    ) -> Manifest:
        try:
            return publish_model(
                self._store,
                call.name,
                model_path,
                version=call.version,
                samples=samples,
                batchable=batchable,
            )
        except AlreadyExistsError as error:
            # The store's own sentence has a remedy in it, and so has this error beside its own.
            raise VersionExistsError(
                f"version {call.version} of {call.name} exists, and versions are never changed",
                model=call.name,
                version=call.version,
            ) from error

    def _version(self, state: ModelState, version: int) -> VersionView:
        return version_view(self._store, state, version, self._reconciler.report())


def _published(change: Change, version: int | None) -> int:
    """The version that a call has published before."""
    noted = [event.version for event in change.events if event.version is not None]
    return version or (noted[-1] if noted else max(change.state.versions))


def _told(percent: Decimal | None) -> str:
    """5 and 5.00 are one request."""
    return "" if percent is None else str(percent.normalize())
