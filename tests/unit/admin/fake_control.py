"""A Control in memory: enough of the rules to test the service and the clients that sit on it.

`block`, when set, is waited for by every call that loads; `fail` is raised by the next call.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Unpack

from tests.unit.admin.fake_model import FakeModel
from tests.unit.admin.fake_views import BEGAN_UNIX_S, DIGEST, challenger
from tiltyard.control.errors import (
    ArgumentError,
    EpochMovedError,
    KeyReusedError,
    LoadTimeoutError,
    PreconditionError,
    Reason,
    UnknownNameError,
    VersionExistsError,
)
from tiltyard.control.interface import ChangeTerms, RollbackTo
from tiltyard.control.views import (
    EventView,
    Mode,
    ModelView,
    OutputRule,
    RouteView,
    SlotView,
    Split,
    StatisticsRow,
    VersionView,
)


class FakeControl:
    """Implements ControlInterface."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self.models: dict[str, FakeModel] = {}
        self.events: list[EventView] = []
        self.uploaded: dict[tuple[str, int], dict[str, bytes]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.block: threading.Event | None = None
        self.fail: BaseException | None = None
        self.drained_by: str | None = None
        self.broken: set[int] = set()
        self.durable = True
        self._keys: dict[str, tuple[Any, RouteView]] = {}

    def add(self, name: str, *versions: int) -> None:
        """A model whose first version is its champion."""
        for version in versions:
            self._store(name, version, {}, ChangeTerms())

    def publish_version(
        self,
        name: str,
        version: int | None,
        model_path: Path,
        samples: Path | None,
        batchable: bool,
        **terms: Unpack[ChangeTerms],
    ) -> VersionView:
        self._enter("publish_version", name=name, batchable=batchable, **terms)
        self._wait(None, name, version or 0)
        folder = model_path.parent
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        if samples is not None:
            files[samples.name] = samples.read_bytes()
        with self._lock:
            known = self.models.get(name, FakeModel()).versions
            number = version or max(known, default=0) + 1
            if number in known:
                raise VersionExistsError(
                    f"{name} version {number} exists", model=name, version=number
                )
            return self._store(name, number, files, terms)

    def list_models(self) -> Sequence[ModelView]:
        self._enter("list_models")
        with self._lock:
            return [self.models[name].view(name) for name in sorted(self.models)]

    def get_model(self, name: str) -> ModelView:
        self._enter("get_model", name=name)
        with self._lock:
            return self._find(name).view(name)

    def load_version(
        self,
        name: str,
        version: int,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        self._enter("load_version", name=name, version=version, timeout_s=timeout_s, **terms)
        self._wait(timeout_s, name, version)
        return self._change("load", name, terms, version=version)

    def unload_version(self, name: str, version: int, **terms: Unpack[ChangeTerms]) -> RouteView:
        self._enter("unload_version", name=name, version=version, **terms)
        with self._lock:
            model = self._find(name, version)
            if version in (model.champion, *model.challengers):
                raise PreconditionError(
                    f"version {version} of {name} is in a slot",
                    Reason.VERSION_IN_SLOT,
                    model=name,
                    version=version,
                )
        return self._change("unload", name, terms, version=version)

    def set_champion(
        self,
        name: str,
        version: int,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        self._enter("set_champion", name=name, version=version, timeout_s=timeout_s, **terms)
        self._wait(timeout_s, name, version)
        return self._change("set_champion", name, terms, version=version, champion=version)

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
        self._enter(
            "start_challenge",
            name=name,
            version=version,
            mode=mode,
            share=share,
            sample=sample,
            split=split,
            reverse_shadow=reverse_shadow,
            compare=compare,
            timeout_s=timeout_s,
            **terms,
        )
        if mode == "canary" and share is None:
            raise ArgumentError("a canary needs a share", field="share", model=name)
        self._wait(timeout_s, name, version)
        slot = challenger(mode, version, share, sample, reverse_shadow, compare)
        return self._change("start_challenge", name, terms, version=version, slot=slot, split=split)

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
        self._enter(
            "update_challenge",
            name=name,
            version=version,
            share=share,
            sample=sample,
            reverse_shadow=reverse_shadow,
            compare=compare,
            **terms,
        )
        old = self._challenger(name, version)
        mode: Mode = "canary" if old.role == "canary" else "shadow"
        rules = old.compare if compare is None else compare
        reverse = old.reverse_shadow if reverse_shadow is None else reverse_shadow
        slot = challenger(mode, version, share, sample, reverse, rules)
        return self._change("update_challenge", name, terms, version=version, slot=slot)

    def stop_challenge(self, name: str, version: int, **terms: Unpack[ChangeTerms]) -> RouteView:
        self._enter("stop_challenge", name=name, version=version, **terms)
        self._challenger(name, version)
        return self._change("stop_challenge", name, terms, version=version, stop=(version,))

    def promote(
        self, name: str, version: int | None = None, **terms: Unpack[ChangeTerms]
    ) -> RouteView:
        self._enter("promote", name=name, version=version, **terms)
        with self._lock:
            found = list(self._find(name).challengers)
        if version is None and len(found) != 1:
            reason = Reason.SEVERAL_CHALLENGERS if found else Reason.NO_CHALLENGER
            raise PreconditionError(f"{name} has {len(found)} challengers", reason, model=name)
        chosen = found[0] if version is None else version
        self._challenger(name, chosen)
        return self._change("promote", name, terms, champion=chosen, stop=(chosen,))

    def rollback(
        self, name: str, to: RollbackTo | None = None, **terms: Unpack[ChangeTerms]
    ) -> RouteView:
        self._enter("rollback", name=name, to=to, **terms)
        with self._lock:
            model = self._find(name)
            canaries = tuple(n for n, s in model.challengers.items() if s.role == "canary")
            previous = model.previous
        if canaries and to != "previous":
            return self._change("rollback", name, terms, stop=canaries)
        if previous is None:
            raise PreconditionError(f"{name} has no previous", Reason.NO_PREVIOUS, model=name)
        return self._change("rollback", name, terms, champion=previous)

    def get_route(self, name: str | None = None) -> Sequence[RouteView]:
        self._enter("get_route", name=name)
        with self._lock:
            if name is not None:
                self._find(name)
            return [
                self._route_view(found) for found in sorted(self.models) if name in (None, found)
            ]

    def get_statistics(self, name: str | None = None) -> Sequence[StatisticsRow]:
        self._enter("get_statistics", name=name)
        with self._lock:
            if name is not None:
                self._find(name)
            return [
                StatisticsRow(found, self.models[found].champion or 0, "champion")
                for found in sorted(self.models)
                if name in (None, found)
            ]

    def watch(
        self,
        after_seq: int | None,
        model: str | None = None,
        *,
        follow: bool = True,
        stop: Callable[[], bool],
    ) -> Iterator[EventView]:
        self._enter("watch", after_seq=after_seq, model=model, follow=follow)
        with self._lock:
            if model is not None:
                self._find(model)
            first = len(self.events) if after_seq is None else after_seq
        return self._events(first, model, follow, stop)

    def drain(self, *, actor: str = "") -> None:
        self._enter("drain", actor=actor)
        self.drained_by = actor

    def record(self, model: str, kind: str, actor: str = "", **data: Any) -> None:
        """An event out of the blue."""
        with self._lock:
            seq = len(self.events) + 1
            epoch = self.models[model].epoch
            event = EventView(seq, BEGAN_UNIX_S + seq, model, epoch, kind, actor, data)
            self.events.append(event)
            self._lock.notify_all()

    def _enter(self, method: str, **arguments: Any) -> None:
        self.calls.append((method, arguments))
        if self.fail is not None:
            error, self.fail = self.fail, None
            raise error

    def _wait(self, timeout_s: float | None, name: str, version: int) -> None:
        if self.block is not None and not self.block.wait(timeout_s):
            raise LoadTimeoutError(f"{name} version {version} loads", model=name, version=version)
        if version in self.broken:
            raise PreconditionError(
                f"version {version} of {name} cannot be loaded: its bytes are odd",
                Reason.VERSION_FAILED,
                model=name,
                version=version,
            )

    def _events(
        self, first: int, model: str | None, follow: bool, stop: Callable[[], bool]
    ) -> Iterator[EventView]:
        at = first
        while not stop():
            with self._lock:
                found = self.events[at:]
                if not found:
                    if not follow:
                        return
                    self._lock.wait(0.05)
            at += len(found)
            yield from (event for event in found if model in (None, event.model))

    def _find(self, name: str, version: int | None = None) -> FakeModel:
        if name not in self.models:
            raise UnknownNameError(f"no model {name!r}", Reason.MODEL_NOT_FOUND, model=name)
        model = self.models[name]
        if version is not None and version not in model.versions:
            raise UnknownNameError(
                f"{name} has no version {version}",
                Reason.VERSION_NOT_FOUND,
                model=name,
                version=version,
            )
        return model

    def _challenger(self, name: str, version: int) -> SlotView:
        with self._lock:
            found = self._find(name).challengers.get(version)
        if found is None:
            raise UnknownNameError(
                f"version {version} of {name} is no challenger",
                Reason.CHALLENGER_NOT_FOUND,
                model=name,
                version=version,
            )
        return found

    def _change(
        self,
        kind: str,
        name: str,
        terms: ChangeTerms,
        *,
        version: int | None = None,
        champion: int | None = None,
        slot: SlotView | None = None,
        split: Split | None = None,
        stop: tuple[int, ...] = (),
    ) -> RouteView:
        key, said = terms.get("idempotency_key"), (kind, name, version, champion, slot, split)
        with self._lock:
            if key in self._keys:
                if self._keys[key][0] != said:
                    raise KeyReusedError(key)
                return replace(self._keys[key][1], repeated=True)
            model = self._find(name, version)
            self._check_epoch(name, terms.get("expected_epoch"))
            if champion is not None:
                model.previous, model.champion = model.champion, champion
            if slot is not None:
                model.challengers[slot.version] = slot
            for number in stop:
                model.challengers.pop(number, None)
            model.split = split or model.split
            model.epoch += 1
            self.record(name, kind, terms.get("actor", ""), version=version or champion)
            route = self._route_view(name)
            if key is not None:
                self._keys[key] = (said, route)
            return route

    def _check_epoch(self, name: str, expected: int | None) -> None:
        now = self.models[name].epoch
        if expected not in (None, now):
            changes = [e for e in self.events if e.model == name and e.epoch > (expected or 0)]
            raise EpochMovedError(name, expected or 0, now, tuple(changes))

    def _store(
        self, name: str, version: int, files: dict[str, bytes], terms: ChangeTerms
    ) -> VersionView:
        model = self.models.setdefault(name, FakeModel())
        if model.champion is None:
            model.champion = version
        view = VersionView(name, version, "ready", digest=DIGEST, wanted=True, batchable=True)
        model.versions[version] = view
        model.epoch += 1
        self.uploaded[name, version] = files
        self.record(name, "version_published", terms.get("actor", ""), version=version)
        return view

    def _route_view(self, name: str) -> RouteView:
        return replace(
            self.models[name].route_view(name), table_epoch=len(self.events), durable=self.durable
        )
