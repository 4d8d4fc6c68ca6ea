"""A synchronous client of the admin API: views in the words of control/views.py."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

import grpc

from tiltyard.client.admin_errors import admin_call_error
from tiltyard.client.admin_replies import (
    read_event,
    read_model,
    read_route,
    read_statistics,
    read_version,
)
from tiltyard.client.admin_requests import (
    CHANNEL_OPTIONS,
    DEFAULT_ADMIN_ADDRESS,
    Percent,
    call_coding,
    change_of,
    comparison_message,
    enum_number,
    fraction_of,
    request_of,
)
from tiltyard.client.admin_upload import OnProgress, find_sources, upload_parts
from tiltyard.client.drift_client import DriftClient
from tiltyard.client.event_stream import EventStream, open_stream
from tiltyard.client.inference_messages import TlsOptions
from tiltyard.control.interface import ChangeTerms, RollbackTo
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
from tiltyard.protocol.admin_words import admin_path


class AdminClient(DriftClient):
    """One connection to a gateway's admin port. Safe for several threads. A context manager.

    Every method raises AdminCallError, of the class that fits (client/admin_errors.py), and
    ClientError when the request cannot be made. `timeout_s` is for the whole call. Methods that
    change something take the terms of ChangeTerms: `expected_epoch` (AdminEpochError when somebody
    else was faster), `idempotency_key` (a call that is sent again is not done again) and `actor`,
    else the `actor` of the client.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADMIN_ADDRESS,
        *,
        tls: TlsOptions | None = None,
        actor: str = "",
    ) -> None:
        if tls is None:
            self._channel = grpc.insecure_channel(address, CHANNEL_OPTIONS)
        else:
            self._channel = grpc.secure_channel(address, tls.credentials(), CHANNEL_OPTIONS)
        self._actor = actor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; calls and watches under way fail."""
        self._channel.close()

    def publish_version(
        self,
        model: str,
        path: Path,
        *,
        version: int | None = None,
        samples: Path | None = None,
        external: Sequence[str] = (),
        batchable: bool = False,
        on_progress: OnProgress | None = None,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> VersionView:
        """Upload the ONNX file at `path` and store it as a version, the next without `version`.

        `external` are its external data files, by the paths that the model has for them, beside
        it. `on_progress(sent, total)` is called on another thread as bytes leave. Raises
        AdminExistsError, and AdminArgumentError when the model is refused or the upload is damaged.
        """
        parts = upload_parts(
            model,
            find_sources(path, external, samples),
            version=version,
            batchable=batchable,
            terms=terms,
            actor=self._actor,
            on_progress=on_progress,
        )
        call = self._channel.stream_unary(
            admin_path("PublishVersion"), **call_coding("PublishVersion")
        )
        try:
            return read_version(call(iter(parts), timeout=timeout_s).version)
        except grpc.RpcError as error:
            raise parts.error or admin_call_error(error) from error

    def list_models(self, *, timeout_s: float | None = None) -> list[ModelView]:
        """Every model with its versions, by name."""
        reply = self._call("ListModels", request_of("ListModels"), timeout_s)
        return [read_model(model) for model in reply.models]

    def get_model(self, model: str, *, timeout_s: float | None = None) -> ModelView:
        """One model with its versions. Raises AdminNotFoundError."""
        return read_model(
            self._call("GetModel", request_of("GetModel", model=model), timeout_s).model
        )

    def load_version(
        self,
        model: str,
        version: int,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """Keep a version loaded that is in no slot; return when it is ready.

        Raises AdminPreconditionError when it cannot be loaded, AdminTimeoutError when that takes
        longer than `timeout_s`; it goes on loading.
        """
        return self._change("LoadVersion", terms, timeout_s, model=model, version=version)

    def unload_version(
        self,
        model: str,
        version: int,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """No longer keep a version. Raises AdminPreconditionError when it is in a slot."""
        return self._change("UnloadVersion", terms, timeout_s, model=model, version=version)

    def set_champion(
        self,
        model: str,
        version: int,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """Hot swap: load, record, swap; return when the gateway answers with the version.

        Raises AdminPreconditionError when it cannot be loaded; the champion stays.
        """
        return self._change("SetChampion", terms, timeout_s, model=model, version=version)

    def start_challenge(
        self,
        model: str,
        version: int,
        mode: Mode,
        *,
        share: Percent | None = None,
        sample: Percent | None = None,
        split: Split | None = None,
        reverse_shadow: bool = False,
        compare: Sequence[OutputRule] = (),
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """Put a version beside the champion: a canary with a share, or a shadow with a sample.

        Both are percent. Without `sample` a shadow sees every request. With `split` "key" a key
        always meets the same version. `reverse_shadow`: the champion shadows the canary's requests.
        `compare` says how outputs are compared, where their types do not.
        """
        return self._change(
            "StartChallenge",
            terms,
            timeout_s,
            model=model,
            version=version,
            mode=enum_number("Mode", "mode", mode),
            share=fraction_of("share", share),
            sample=fraction_of("sample", sample),
            split=enum_number("Split", "split", split),
            reverse_shadow=reverse_shadow,
            compare=comparison_message(compare),
        )

    def update_challenge(
        self,
        model: str,
        version: int,
        *,
        share: Percent | None = None,
        sample: Percent | None = None,
        reverse_shadow: bool | None = None,
        compare: Sequence[OutputRule] | None = None,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """Another share for a canary, or another sample for a shadow, in percent.

        `reverse_shadow` starts or ends a canary's; `compare` takes the place of all rules.
        """
        return self._change(
            "UpdateChallenge",
            terms,
            timeout_s,
            model=model,
            version=version,
            share=fraction_of("share", share),
            sample=fraction_of("sample", sample),
            reverse_shadow=reverse_shadow,
            compare=comparison_message(compare),
        )

    def stop_challenge(
        self,
        model: str,
        version: int,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """Take a challenger out. Raises AdminNotFoundError when it is none."""
        return self._change("StopChallenge", terms, timeout_s, model=model, version=version)

    def promote(
        self,
        model: str,
        version: int | None = None,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """Make a challenger, the only one without `version`, the champion.

        Raises AdminPreconditionError when there is none, or several.
        """
        return self._change("Promote", terms, timeout_s, model=model, version=version)

    def rollback(
        self,
        model: str,
        to: RollbackTo | None = None,
        *,
        timeout_s: float | None = None,
        **terms: Unpack[ChangeTerms],
    ) -> RouteView:
        """Back to what was before, at once: stop the canaries, or without any swap in the previous.

        `to` says which is meant: "champion" stops canaries, "previous" swaps. A reply that is not
        `durable` is in force and not yet recorded. Raises AdminPreconditionError when there is no
        previous champion, and without `to` when a rollback was the last thing done.
        """
        number = enum_number("RollbackRequest.To", "to", to)
        return self._change("Rollback", terms, timeout_s, model=model, to=number)

    def get_route(self, model: str = "", *, timeout_s: float | None = None) -> list[RouteView]:
        """One model's route, or all by name. Raises AdminNotFoundError."""
        reply = self._call("GetRoute", request_of("GetRoute", model=model), timeout_s)
        return [read_route(route) for route in reply.routes]

    def get_statistics(
        self, model: str = "", *, timeout_s: float | None = None
    ) -> list[StatisticsRow]:
        """The counters per version and role, of one model or of all. Raises AdminNotFoundError."""
        reply = self._call("GetStatistics", request_of("GetStatistics", model=model), timeout_s)
        return [read_statistics(row) for row in reply.rows]

    def watch(
        self,
        after_seq: int | None = None,
        model: str = "",
        *,
        follow: bool = True,
        timeout_s: float | None = None,
    ) -> EventStream[EventView]:
        """The events after a sequence number, 0 for all; None for those from now on.

        With `follow` it goes on until it is closed; without, it ends with the last event there is.
        The watch stands when this returns. Raises AdminNotFoundError.
        """
        request = request_of("Watch", after_seq=after_seq, model=model, until_now=not follow)
        return open_stream(self._channel, "Watch", request, timeout_s, read_event)

    def drain(self, *, actor: str = "", timeout_s: float | None = None) -> None:
        """Have the gateway finish what it accepted and end. Returns when it has begun to."""
        self._call("Drain", request_of("Drain", actor=actor or self._actor), timeout_s)

    def _change(
        self, method: str, terms: ChangeTerms, timeout_s: float | None, **fields: Any
    ) -> RouteView:
        request = change_of(method, terms, self._actor, **fields)
        return read_route(self._call(method, request, timeout_s).route)
