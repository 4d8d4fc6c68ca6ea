"""What Control answers with: frozen values, in the words of the admin API.

Times are Unix seconds; None where nothing was measured or nothing was asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

BUCKETS: Final = 65_536
PPM: Final = 1_000_000

Mode = Literal["canary", "shadow"]
Split = Literal["request", "key"]
# `control` is the champion's slice beside a canary, `pinned` what asks for a version by number,
# `unsplit` what the split could not place: it has no key, or one whose canary cannot take it. The
# champion answers it, and it is no part of shares, of comparisons or of gates.
Role = Literal["champion", "canary", "shadow", "previous", "control", "pinned", "unsplit"]
# stored: in the store alone; ready: loaded and warm; failed: `reason` says why.
VersionState = Literal["stored", "loading", "ready", "failed", "unloading"]
CompareMode = Literal["argmax", "label", "tolerance"]


@dataclass(frozen=True, slots=True)
class Share:
    """A canary's part of the hash space, exact: so many of 65,536 buckets."""

    buckets: int

    @property
    def fraction(self) -> float:
        return self.buckets / BUCKETS


@dataclass(frozen=True, slots=True)
class Sample:
    """How many of the requests a shadow is offered, exact: so many of a million."""

    ppm: int

    @property
    def fraction(self) -> float:
        return self.ppm / PPM


@dataclass(frozen=True, slots=True)
class LatencyView:
    """Quantiles of `count` measurements."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float


@dataclass(frozen=True, slots=True)
class OutputRule:
    """How an output of a shadow is to be compared; without one it is as its type is.

    label: rows agree where all values are equal. argmax: where the largest stands at the same
    place. tolerance: where each value is within `atol` + `rtol` times what it is compared with.
    """

    output: str
    mode: CompareMode
    atol: float = 0.0
    rtol: float = 0.0


@dataclass(frozen=True, slots=True)
class ScoreBucketView:
    """How many rows differ by `lowest` to `highest`; quantiles are given as the latter."""

    lowest: float
    highest: float
    rows: int


@dataclass(frozen=True, slots=True)
class OutputAgreementView:
    """How one output of a shadow compares with the same output of what it shadows.

    `mode` is how they are compared in fact, and `atol` and `rtol` are of mode tolerance.
    `disagreed` is a sum of fractions: a batch of four rows of which one differs adds 0.25.
    `incompatible` are the requests that were not compared, by what the shadow's output has other
    than its source's: missing, dtype or shape. `score_diff` is of each row's largest difference.
    """

    name: str
    mode: CompareMode
    compared: int
    disagreed: float
    score_diff_p50: float = 0.0
    score_diff_p99: float = 0.0
    score_diff_max: float = 0.0
    non_finite_champion: int = 0
    non_finite_shadow: int = 0
    atol: float = 0.0
    rtol: float = 0.0
    incompatible: Mapping[str, int] = field(default_factory=dict)
    score_diff_buckets: tuple[ScoreBucketView, ...] = ()

    @property
    def agreement(self) -> float | None:
        """The part that agreed, 0 to 1; None before anything was compared."""
        return 1 - self.disagreed / self.compared if self.compared else None


@dataclass(frozen=True, slots=True)
class AgreementView:
    """A shadow's accounts: offered = sampled_out + queued + all of `dropped`; and, at rest,
    queued = ok + error + expired (+ in_flight meanwhile).

    `source_version` is the version that is shadowed: the champion, or a canary where the champion
    shadows it in reverse. `latency` is from leaving the shadow's queue to its outputs, and
    `champion_latency` that of the same requests on their source, from arrival to the reply.
    """

    source_version: int
    offered: int
    sampled_out: int
    queued: int
    ok: int
    error: int
    expired: int
    in_flight: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    outputs: tuple[OutputAgreementView, ...] = ()
    latency: LatencyView | None = None
    run: LatencyView | None = None
    champion_latency: LatencyView | None = None

    @property
    def agreement(self) -> float | None:
        """Of the output that agrees least; None before anything was compared."""
        found = [output.agreement for output in self.outputs if output.agreement is not None]
        return min(found, default=None)


@dataclass(frozen=True, slots=True)
class SlotView:
    """A version in a slot: what was asked for it, and what is.

    `state` is the version's on this gateway, with the `reason` where it is not ready.
    `share_measured` is the part that it was assigned of the requests that were split in this epoch.
    `requests` and what follows are, of a champion, with those of the roles control and unsplit.
    `compare` are the rules that were given for those who shadow.
    `until_unix_s` is for `previous`: how long it is kept warm. `non_finite` are answers with a NaN
    or an infinity; those of a shadow are in its agreement.
    """

    role: Role
    version: int
    state: VersionState
    since_unix_s: float
    reason: str = ""
    share: Share | None = None
    share_measured: float | None = None
    sample: Sample | None = None
    reverse_shadow: bool = False
    compare: tuple[OutputRule, ...] = ()
    until_unix_s: float | None = None
    requests: int = 0
    requests_per_s: float | None = None
    errors: Mapping[str, int] = field(default_factory=dict)
    non_finite: int = 0
    latency: LatencyView | None = None
    agreement: AgreementView | None = None


@dataclass(frozen=True, slots=True)
class RouteView:
    """How a model's requests are routed, desired and actual.

    `epoch` counts the changes of this model in the registry and is what `expected_epoch` means;
    `table_epoch` counts the engine's route tables, of all models. `desired_differs` has a sentence
    for each thing that is not as desired. `durable` is false while a rollback is served that the
    registry has not recorded. `repeated` says that this change had been made before, with the same
    idempotency key, and was not made again.
    """

    model: str
    epoch: int
    table_epoch: int
    champion: SlotView | None
    challengers: tuple[SlotView, ...] = ()
    previous: SlotView | None = None
    split: Split = "request"
    salt_hex: str = ""
    desired_differs: tuple[str, ...] = ()
    durable: bool = True
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version: what was published, and what has become of it on this gateway.

    `roles` are the slots it is in. `wanted` says whether it should be loaded, `kept_until_unix_s`
    when that ends if nothing asks for it; None: nothing ends it. From `batchable` to `error_max` it
    is what loading found, and None or empty before. `bitwise` says that batched answers are those
    of lone rows to the bit; else they differ by at most `error_max`.
    """

    model: str
    version: int
    state: VersionState
    reason: str = ""
    wanted: bool = False
    roles: tuple[Role, ...] = ()
    digest: str = ""
    size_bytes: int = 0
    created: str = ""
    batchable: bool | None = None
    batch_rows_max: int = 0
    batch_reason: str = ""
    bitwise: bool | None = None
    error_max: float | None = None
    kept_until_unix_s: float | None = None


@dataclass(frozen=True, slots=True)
class ModelView:
    """A model with all its versions, the newest last."""

    model: str
    epoch: int
    champion: int | None
    previous: int | None = None
    challengers: tuple[int, ...] = ()
    versions: tuple[VersionView, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchSizeView:
    """How often so many rows ran together."""

    rows: int
    runs: int


@dataclass(frozen=True, slots=True)
class StatisticsRow:
    """The counters of one version in one role: of `epoch` for the roles of a rollout, and for
    pinned requests since the version was loaded. `version_batch_sizes` stand in that row alone:
    they are of the version in all its roles, since it was loaded.

    `run` are group runs: a reply's latency measures its batch, a run measures the model. Units
    are hash buckets, with `split: key` alone. `unkeyed` and `ineligible` say why requests are
    unsplit, in that row. `shadow` is for shadows.
    """

    model: str
    version: int
    role: Role
    epoch: int = 0
    assigned: int = 0
    completed: int = 0
    cancelled: int = 0
    rerouted: int = 0
    non_finite: int = 0
    unkeyed: int = 0
    ineligible: int = 0
    units_seen: int = 0
    units_failed: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    latency: LatencyView | None = None
    run: LatencyView | None = None
    version_batch_sizes: tuple[BatchSizeView, ...] = ()
    shadow: AgreementView | None = None


@dataclass(frozen=True, slots=True)
class EventView:
    """Something that happened, as the registry recorded it. `data` is JSON: what it was about."""

    seq: int
    at_unix_s: float
    model: str
    epoch: int
    kind: str
    actor: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
