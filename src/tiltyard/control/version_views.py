"""Versions and models as operators see them: from the manifest, the registry and the loader."""

from typing import TYPE_CHECKING, Any

from tiltyard.control.route_views import version_state
from tiltyard.control.views import ModelView, Role, VersionView
from tiltyard.errors import StoreError
from tiltyard.loading import LoadReport
from tiltyard.store import Store

if TYPE_CHECKING:
    from tiltyard.registry import ModelState


def model_view(store: Store, state: "ModelState", report: LoadReport) -> ModelView:
    """A model with all its versions, the newest last."""
    return ModelView(
        model=state.name,
        epoch=state.epoch,
        champion=state.champion,
        previous=state.previous,
        challengers=tuple(entry.version for entry in state.challengers),
        versions=tuple(
            version_view(store, state, version, report) for version in sorted(state.versions)
        ),
    )


def version_view(
    store: Store, state: "ModelState", version: int, report: LoadReport
) -> VersionView:
    """One version: what was published, and what has become of it here."""
    ready, reason = version_state(report, state.name, version)
    return VersionView(
        model=state.name,
        version=version,
        state=ready,
        reason=reason,
        wanted=version not in state.unloaded and (state.name, version) not in report.unloaded,
        roles=_roles(state, version),
        kept_until_unix_s=state.kept_until(version),
        **_published(store, state.name, version),
        **_loaded(report, state.name, version),
    )


def _roles(state: "ModelState", version: int) -> tuple[Role, ...]:
    roles: list[Role] = []
    if version == state.champion:
        roles.append("champion")
    if version == state.previous:
        roles.append("previous")
    challenger = state.challenger(version)
    if challenger is not None:
        roles.append(challenger.mode)
    return tuple(roles)


def _published(store: Store, name: str, version: int) -> dict[str, Any]:
    """Nothing where the manifest is missing or cannot be read: the state says why."""
    try:
        manifest = store.read_manifest(name, version)
        size_bytes = sum(store.file_sizes(name, version).values())
    except StoreError:
        return {}
    if manifest is None:
        return {"size_bytes": size_bytes}
    return {"digest": manifest.digest, "size_bytes": size_bytes, "created": manifest.created}


def _loaded(report: LoadReport, name: str, version: int) -> dict[str, Any]:
    found = report.find(name, version)
    if found is None:
        return {}
    return {
        "batchable": found.batchable,
        "batch_rows_max": found.batch_rows_max,
        "batch_reason": found.batch_reason,
        "bitwise": found.bitwise,
        "error_max": found.error_max,
    }
