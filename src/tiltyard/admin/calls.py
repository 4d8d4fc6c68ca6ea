"""Each RPC as a plain function: checks its request, calls Control, and makes the response.

They block as long as Control does, and raise TiltyardError.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from tiltyard.admin.messages import (
    model_message,
    route_message,
    statistics_message,
    version_message,
)
from tiltyard.admin.request_fields import (
    model_of,
    model_or_all,
    number_of_field,
    text_of,
    version_of,
    version_or_any,
)
from tiltyard.admin.upload import Upload
from tiltyard.control.errors import ArgumentError
from tiltyard.control.interface import ChangeTerms, ControlInterface
from tiltyard.control.views import OutputRule, RouteView
from tiltyard.protocol.admin_words import admin_message, word_of

# What is left of a call's deadline for the error to reach the caller before its own clock ends it.
ANSWER_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and how long it waits: None without a deadline."""

    peer: str
    remaining_s: float | None = None


Call = Callable[[ControlInterface, Any, Caller], Any]


def publish_version(control: ControlInterface, upload: Upload, caller: Caller) -> Any:
    start = upload.start
    view = control.publish_version(
        model_of(start),
        version_or_any(start),
        upload.model,
        upload.samples,
        start.batchable,
        **_terms(start, caller),
    )
    return admin_message("PublishVersionResponse")(version=version_message(view))


def list_models(control: ControlInterface, _request: Any, _caller: Caller) -> Any:
    models = [model_message(view) for view in control.list_models()]
    return admin_message("ListModelsResponse")(models=models)


def get_model(control: ControlInterface, request: Any, _caller: Caller) -> Any:
    view = control.get_model(model_of(request))
    return admin_message("GetModelResponse")(model=model_message(view))


def load_version(control: ControlInterface, request: Any, caller: Caller) -> Any:
    view = control.load_version(
        model_of(request),
        version_of(request),
        timeout_s=_timeout_s(request, caller),
        **_terms(request, caller),
    )
    return _response("LoadVersion", view)


def unload_version(control: ControlInterface, request: Any, caller: Caller) -> Any:
    view = control.unload_version(model_of(request), version_of(request), **_terms(request, caller))
    return _response("UnloadVersion", view)


def set_champion(control: ControlInterface, request: Any, caller: Caller) -> Any:
    view = control.set_champion(
        model_of(request),
        version_of(request),
        timeout_s=_timeout_s(request, caller),
        **_terms(request, caller),
    )
    return _response("SetChampion", view)


def start_challenge(control: ControlInterface, request: Any, caller: Caller) -> Any:
    mode: Any = _word(request, "mode", "Mode")
    if not mode:
        raise ArgumentError("the mode is unspecified, expected canary or shadow", field="mode")
    split: Any = _word(request, "split", "Split")
    view = control.start_challenge(
        model_of(request),
        version_of(request),
        mode,
        share=_percent(request, "share"),
        sample=_percent(request, "sample"),
        split=split or None,
        reverse_shadow=request.reverse_shadow,
        compare=_comparison(request) or (),
        timeout_s=_timeout_s(request, caller),
        **_terms(request, caller),
    )
    return _response("StartChallenge", view)


def update_challenge(control: ControlInterface, request: Any, caller: Caller) -> Any:
    view = control.update_challenge(
        model_of(request),
        version_of(request),
        share=_percent(request, "share"),
        sample=_percent(request, "sample"),
        reverse_shadow=request.reverse_shadow if request.HasField("reverse_shadow") else None,
        compare=_comparison(request),
        **_terms(request, caller),
    )
    return _response("UpdateChallenge", view)


def stop_challenge(control: ControlInterface, request: Any, caller: Caller) -> Any:
    view = control.stop_challenge(model_of(request), version_of(request), **_terms(request, caller))
    return _response("StopChallenge", view)


def promote(control: ControlInterface, request: Any, caller: Caller) -> Any:
    view = control.promote(model_of(request), version_or_any(request), **_terms(request, caller))
    return _response("Promote", view)


def rollback(control: ControlInterface, request: Any, caller: Caller) -> Any:
    to: Any = _word(request, "to", "RollbackRequest.To")
    view = control.rollback(model_of(request), to or None, **_terms(request, caller))
    return _response("Rollback", view)


def get_route(control: ControlInterface, request: Any, _caller: Caller) -> Any:
    views = control.get_route(model_or_all(request))
    return admin_message("GetRouteResponse")(routes=[route_message(view) for view in views])


def get_statistics(control: ControlInterface, request: Any, _caller: Caller) -> Any:
    rows = control.get_statistics(model_or_all(request))
    return admin_message("GetStatisticsResponse")(rows=[statistics_message(row) for row in rows])


def drain(control: ControlInterface, request: Any, caller: Caller) -> Any:
    control.drain(actor=text_of(request, "actor", "terms.actor") or caller.peer)
    return admin_message("DrainResponse")()


def watched(request: Any) -> tuple[int | None, str | None]:
    """After which event a watch begins, and of which model; None is now, and all."""
    return number_of_field(request, "after_seq", "after_seq"), model_or_all(request)


def _response(method: str, view: RouteView) -> Any:
    return admin_message(f"{method}Response")(route=route_message(view))


def _percent(request: Any, field: str) -> Decimal | None:
    """A fraction of the wire as the percentage that somebody wrote: 0.05 is 5, to the digit."""
    if not request.HasField(field):
        return None
    fraction: float = getattr(request, field)
    if not 0 <= fraction <= 1:  # NaN is neither
        raise ArgumentError(f"{field} is {fraction:g}, expected a fraction of 0 to 1", field=field)
    return Decimal(repr(fraction)) * 100


def _word(request: Any, field: str, enum: str) -> str:
    word = word_of(enum, getattr(request, field))
    if word.isdigit():
        raise ArgumentError(f"{field} is {word}, which this gateway does not know", field=field)
    return word


def _comparison(request: Any) -> tuple[OutputRule, ...] | None:
    """What a rule may say is for Control to judge, but for words that it does not know."""
    if not request.HasField("compare"):
        return None
    rules = []
    for rule in request.compare.rules:
        mode: Any = word_of("CompareMode", rule.mode)
        if not mode or mode.isdigit():
            raise ArgumentError(
                f"output {rule.output!r} is to be compared in mode {rule.mode}, expected"
                " COMPARE_MODE_LABEL, COMPARE_MODE_ARGMAX or COMPARE_MODE_TOLERANCE",
                field="compare",
            )
        rules.append(OutputRule(rule.output, mode, rule.atol, rule.rtol))
    return tuple(rules)


def _timeout_s(request: Any, caller: Caller) -> float | None:
    """How long to wait: as asked, but not beyond the call's own deadline."""
    bounds = []
    if request.HasField("timeout_s"):
        if not (math.isfinite(request.timeout_s) and request.timeout_s > 0):
            raise ArgumentError(
                f"timeout_s is {request.timeout_s:g}, expected more than 0", field="timeout_s"
            )
        bounds.append(request.timeout_s)
    if caller.remaining_s is not None:
        bounds.append(max(caller.remaining_s - ANSWER_S, caller.remaining_s / 2))
    return min(bounds, default=None)


def _terms(request: Any, caller: Caller) -> ChangeTerms:
    terms = request.terms
    return ChangeTerms(
        expected_epoch=number_of_field(terms, "expected_epoch", "terms.expected_epoch"),
        idempotency_key=text_of(terms, "idempotency_key", "terms.idempotency_key") or None,
        actor=text_of(terms, "actor", "terms.actor") or caller.peer,
    )
