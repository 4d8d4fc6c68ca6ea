"""An engine that records what is published, and a loader whose loads end when a test says so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from tiltyard._core import Engine, LoadedVersion
from tiltyard.loading import STILL_LOADING, Key, Loader, LoadReport, Stopping

NO_LATENCY = {"p50": 0, "p90": 0, "p99": 0, "p999": 0, "max": 0}


@dataclass(eq=False)
class FakeVersion:
    """What is seen of a LoadedVersion."""

    model: str
    version: int
    inputs: tuple[Any, ...] = ()
    outputs: tuple[Any, ...] = ()
    batchable: bool = True
    batch_rows_max: int = 8
    rows_min: int = 1
    bitwise: bool = True
    error_max: float = 0.0
    batch_reason: str = ""
    base_ns: float = 0.0
    row_ns: float = 0.0
    inline: bool = True


@dataclass
class FakeOutput:
    """What is seen of a TensorSpec."""

    name: str
    datatype: str = "FP32"
    shape: tuple[int, ...] = (-1, 2)


def loaded(model: str, number: int, *outputs: str) -> LoadedVersion:
    """A version with outputs of these names, or with one, y."""
    named = tuple(FakeOutput(name) for name in outputs or ("y",))
    return cast(LoadedVersion, FakeVersion(model, number, outputs=named))


def arm(role: str, version: int, **counts: Any) -> dict[str, Any]:
    """One of Rollout.counters()["arms"]."""
    zero = dict.fromkeys(
        ("assigned", "completed", "cancelled", "rerouted", "non_finite", "in_flight", "queued"), 0
    )
    return {
        "role": role,
        "version": version,
        **zero,
        "errors": {},
        "units_seen": 0,
        "units_failed": 0,
        "latency_ns": NO_LATENCY,
        "run_ns": NO_LATENCY,
        "latency_buckets": {},
        "run_buckets": {},
        **counts,
    }


def shadow(version: int, source: int, sample_ppm: int = 1_000_000, **counts: Any) -> dict[str, Any]:
    """One of Rollout.counters()["shadows"]."""
    names = ("offered", "sampled_out", "queued", "ok", "error", "expired", "in_flight")
    return {
        "version": version,
        "source": source,
        "sample_ppm": sample_ppm,
        **dict.fromkeys(names, 0),
        "dropped": {"queue_full": 0},
        "errors": {},
        "latency_ns": NO_LATENCY,
        "champion_latency_ns": NO_LATENCY,
        "run_ns": NO_LATENCY,
        "latency_buckets": {},
        "champion_latency_buckets": {},
        "run_buckets": {},
        "outputs": [],
        **counts,
    }


@dataclass(eq=False)
class FakeRollout:
    """What is seen of a Rollout; a test may set the counts of its arms and shadows."""

    champion: LoadedVersion
    epoch: int
    canaries: Sequence[LoadedVersion] = ()
    salt: bytes = b""
    by_key: bool = False
    owners: bytes = b""
    shadows: Sequence[tuple[LoadedVersion, int, int, Sequence[Any]]] = ()
    unkeyed: int = 0
    unsplit: dict[str, Any] | None = None
    arms: list[dict[str, Any]] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)  # of the shadows

    def __post_init__(self) -> None:
        self.model = self.champion.model
        self.arms = [arm("champion", self.champion.version)]
        for canary in self.canaries:
            self.arms += [arm("canary", canary.version), arm("control", self.champion.version)]
        if self.canaries:
            self.unsplit = arm("unsplit", self.champion.version)
        self.seen = [
            shadow(version.version, self.arms[source]["version"], sample_ppm)
            for version, sample_ppm, source, _ in self.shadows
        ]

    def counters(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "epoch": self.epoch,
            "unkeyed": self.unkeyed,
            "ineligible": 0,
            "arms": self.arms,
            "unsplit": self.unsplit,
            "shadows": self.seen,
        }


@dataclass
class Published:
    """One call of Engine.publish()."""

    versions: list[LoadedVersion]
    unready: list[tuple[str, int, str]]
    ready: bool
    rollouts: dict[str, FakeRollout]
    champions: dict[str, int]

    def serving(self, model: str) -> int | None:
        """Who answers requests without a number, by the rules of Engine.publish()."""
        if model in self.rollouts:
            return self.rollouts[model].champion.version
        if model in self.champions:
            return None
        return max((one.version for one in self.versions if one.model == model), default=None)


class FakeEngine:
    """Records the tables."""

    def __init__(self) -> None:
        self.published: list[Published] = []
        self.rows: list[dict[str, Any]] = []

    @property
    def engine(self) -> Engine:
        return cast(Engine, self)

    @property
    def last(self) -> Published:
        return self.published[-1]

    def make_rollout(self, champion: LoadedVersion, epoch: int, **more: Any) -> FakeRollout:
        return FakeRollout(champion, epoch, **more)

    def publish(
        self,
        versions: Sequence[LoadedVersion],
        unready: Sequence[tuple[str, int, str]],
        _replies: Any,
        *,
        ready: bool,
        rollouts: Sequence[FakeRollout] = (),
        champions: Mapping[str, int] | None = None,
    ) -> int:
        by_model = {rollout.model: rollout for rollout in rollouts}
        for rollout in rollouts:
            named = (rollout.champion, *rollout.canaries)
            assert all(one in versions for one in named), "a rollout of what is not loaded"
        self.published.append(
            Published(list(versions), list(unready), ready, by_model, dict(champions or {}))
        )
        return len(self.published)

    def statistics(self) -> list[dict[str, Any]]:
        return self.rows


class FakeLoader:
    """Loads at once what is wanted, but for what is `slow` or `broken` (with its reason)."""

    def __init__(self) -> None:
        self.wanted: list[Key] = []
        self.slow: set[Key] = set()
        self.broken: dict[Key, str] = {}
        self.begun: list[Key] = []
        self._loaded: dict[Key, LoadedVersion] = {}
        self._failed: dict[Key, str] = {}

    @property
    def loader(self) -> Loader:
        return cast(Loader, self)

    def want(self, keys: Iterable[Key]) -> None:
        self.wanted = list(dict.fromkeys(keys))
        for outcomes in (self._loaded, self._failed):
            for gone in outcomes.keys() - self.wanted:
                del outcomes[gone]
        for key in self.wanted:
            self._load(key)

    def try_again(self, key: Key) -> None:
        if self._failed.pop(key, None) is not None:
            self._load(key)

    def come(self, *keys: Key) -> None:
        """What was slow has loaded."""
        self.slow -= set(keys)
        self.want(self.wanted)

    def run(self, stopping: Stopping, on_change: Any) -> None:
        on_change(self.report())
        assert stopping is not None

    def report(self) -> LoadReport:
        loading = [key for key in self.wanted if key not in self._loaded | self._failed]
        reasons = dict.fromkeys(loading, STILL_LOADING) | self._failed
        return LoadReport(
            versions=list(self._loaded.values()),
            unready=[(model, number, reason) for (model, number), reason in reasons.items()],
            loading=frozenset(loading),
            settled=not loading,
        )

    def _load(self, key: Key) -> None:
        if key in self._loaded or key in self._failed or key in self.slow:
            return
        self.begun.append(key)
        if key in self.broken:
            self._failed[key] = self.broken[key]
        else:
            self._loaded[key] = loaded(*key)
