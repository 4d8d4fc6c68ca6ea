"""The native data plane, as Python sees it. Every call releases the GIL while it works."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

class CoreError(Exception):
    """A native error value that crossed the binding.

    `code` is the gRPC status number, `name` the snake_case name of the error in the native table,
    and the message its sentence.
    """

    code: int
    name: str

class TensorSpec:
    """One input or output of a loaded version. `shape` has -1 where a dimension is free."""

    name: str
    datatype: str
    shape: tuple[int, ...]

class LoadedVersion:
    """A session that is warm and can be served. Freed when no route and no job uses it.

    `batch_rows_max` is how many rows run together at most, the configured limit or what warm-up
    found the version's own to be; 0 where it is not batchable.
    """

    model: str
    version: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    batchable: bool
    batch_rows_max: int
    rows_min: int
    bitwise: bool
    error_max: float
    batch_reason: str
    base_ns: float
    row_ns: float
    inline: bool

class Rollout:
    """One model's routing at one epoch, and what its arms have counted. Made by an Engine."""

    model: str
    epoch: int

    def counters(self) -> dict[str, Any]:
        """At this epoch: {model, epoch, unkeyed, ineligible, arms, unsplit, shadows}.

        `arms` has one dict each, in the order of make_rollout(): role, version, assigned,
        completed, cancelled, rerouted, errors {name: n}, in_flight, queued, non_finite,
        units_seen, units_failed, latency_ns and run_ns {"p50": .., "p90": .., "p99": ..,
        "p999": .., "max": ..}, latency_buckets and run_buckets {smallest ns of the bucket: n}.
        assigned = completed + cancelled + rerouted + the errors + in_flight.

        `unsplit` is one more such dict, without units: of the requests that the split could not
        place (unkeyed and ineligible) and the champion answered. None without canaries.

        `shadows` has one dict each: version, source (the version it shadows), sample_ppm, offered,
        sampled_out, queued, dropped {reason: n}, ok, error, expired, in_flight, bytes_held, errors
        {name: n}; latency_ns (leaving the queue to the outputs), champion_latency_ns (of the same
        requests) and run_ns (of group runs, CPU time); latency_buckets, champion_latency_buckets
        and run_buckets as arms have them; and outputs, each with name, mode (label, argmax or
        tolerance), atol and rtol (0 but for a tolerance), compared, disagreed (the sum
        over requests of the fraction of rows that disagree), incompatible {reason: n},
        non_finite_champion and non_finite_shadow (requests), score_diff {"p50": .., "p90": ..,
        "p99": .., "max": ..} of each row's largest difference, score_diff_buckets {smallest
        difference: rows}.
        offered = sampled_out + queued + the dropped; queued = ok + error + expired + in_flight.
        """

class Replies:
    """Precomputed replies by (method, model, version), which route tables share.

    E.g. ("ModelMetadata", "fraud", "3"); model "" is a server-wide reply: ("ServerMetadata", "",
    ""), ("RepositoryIndex", "", "") and ("RepositoryIndex", "", "ready").
    """

    def __init__(self, replies: Mapping[tuple[str, str, str], bytes]) -> None: ...

SlotSpec: TypeAlias = tuple[str, str, int, int, str]
"""A word of a record: (side, tensor, column, count, reads).

`side` is "input" or "output", `column` the place of an element in a row: all dimensions after the
first, flattened. A row is an entry along dimension 0 where the version is batchable, or that
dimension is free or 1 in every input; else all of a tensor is one row. A tensor of rank 0 is the
same in every row, and an output with another number of rows than the request is missing.

`reads`, with count 1: "number", the element as float32 (FP64 beyond its range: an infinity);
"category", its category_code() as uint32; "length", a string's in bytes, as float32. Of `count`
elements, 0 for all up to the row's end: "one_hot", which of them is not 0, as uint32 (none:
0xFFFFFFFF; several, or a NaN: 0xFFFFFFFE); and as float32 "argmax" (the first of equals; NaN where
there is one), "mean", "spread" (population standard deviation), "norm" (Euclid), "min" and "max"
(which pass over NaN), computed in float64; of strings mean, min and max are of their lengths, and
"count_length" says how many there are. "width" is the number of elements of the row.
What a row does not have, and an output that was not asked for, is NaN, or 0xFFFFFFFF of codes.
"""

class RecordPlan:
    """What is recorded of a version, and how much was. Made by Engine.record()."""

    words: int
    """4-byte words from one record to the next: the head's 8, a slot each, and a padding of 0 that
    makes their number even."""

    def counters(self) -> dict[str, dict[str, int]]:
        """Rows: {"champion": {"offered": n, "dropped": n}, "canary", "shadow", "shadowed"}.

        offered = those in records + dropped, exactly whenever no thread is between the two.
        """

class RecordBlock:
    """Records of one plane from one thread, in the order of writing, in place.

    Has the buffer protocol: numpy.frombuffer(block, dtype=numpy.uint32) is [records * words] and
    read-only. A record's head: time_ns (uint64, CLOCK_MONOTONIC, when the answer was made),
    request_hash (uint64, XXH3-64 of the request's id; 0 without one), request_rows, row,
    latency_ns (arrival to answer made, at most 2**32 - 1), flags (uint32 each; flags is 0).

    The buffer is good until RecordReader.release(). Who looks later reads memory that is there, and
    bytes of other records.
    """

    plane: int
    words: int
    records: int
    def __buffer__(self, flags: int, /) -> memoryview: ...

class RecordReader:
    """The one reader of all records. Made by Engine.open_records(); good beyond the engine's end.

    Threads have blocks to write to from then on. How fast they can write is decided by how often
    the reader comes: a thread has the blocks that it needs for six of its visits, at least 64, and
    at most its share of half of `record_bytes_max`.
    """

    def take(self) -> list[RecordBlock]:
        """All records that were written and not taken before. Releases nothing."""

    def release(self) -> None:
        """What take() has given was counted: its blocks may be used again."""

class SlowCall:
    """A call whose answer Python makes."""

    id: int
    method: str
    request: bytes

class Engine:
    """The data plane: io threads, workers, and the route table they read.

    `options` are the names of native/base/limits.h with their values, and `io_threads`,
    `worker_threads`, `shadow_threads`, `busy_poll_us`. An unknown name raises ValueError.
    """

    def __init__(self, ort_library: str, options: Mapping[str, int]) -> None: ...
    def listen(
        self,
        host: str,
        port: int,
        *,
        tls_cert: bytes = b"",
        tls_key: bytes = b"",
        tls_client_ca: bytes = b"",
    ) -> int:
        """Bind, start to accept, and return the port. TLS material is PEM. Raises CoreError."""

    def load_version(
        self,
        model: str,
        version: int,
        model_bytes: bytes | memoryview,
        external: Mapping[str, bytes | memoryview],
        *,
        rowwise_proved: bool,
        batchable_claimed: bool = False,
        samples: Sequence[tuple[str, tuple[int, ...], bytes]] = (),
        intra_op_threads: int = 1,
        batch_rows_max: int = 0,
        warmup_ms_max: int = 200,
    ) -> LoadedVersion:
        """Make a session from verified bytes, warm it and prove its batching. Raises CoreError.

        `samples` is one (datatype, shape, raw bytes) an input, in the signature's order.
        """

    def make_rollout(
        self,
        champion: LoadedVersion,
        epoch: int,
        *,
        canaries: Sequence[LoadedVersion] = (),
        salt: bytes = b"",
        by_key: bool = False,
        owners: bytes = b"",
        shadows: Sequence[
            tuple[LoadedVersion, int, int, Sequence[tuple[str, str, float, float]]]
        ] = (),
    ) -> Rollout:
        """Who serves the champion's model where a request names no version.

        Arm 0 is the champion, canary i is arm 1 + 2i, and arm 2 + 2i its control: the champion in
        groups of its own. With canaries, `owners` has the arm of each of 65,536 buckets and `salt`
        is 16 bytes; a request's bucket is the top 16 bits of XXH3-64(salt + key). `by_key`: one
        without a key stays with the champion. A shadow is (version, sample of 1,000,000 requests,
        the arm whose answers it sees, rules); of arm 0 it also sees those of its controls. A rule,
        (output, "label" | "argmax" | "tolerance", atol, rtol), is for an output of that arm's
        version; outputs without one are compared as their types are. Raises ValueError.
        """

    def publish(
        self,
        versions: Sequence[LoadedVersion],
        unready: Sequence[tuple[str, int, str]],
        replies: Replies,
        *,
        ready: bool,
        rollouts: Sequence[Rollout] = (),
        champions: Mapping[str, int] | None = None,
    ) -> int:
        """Make this the route table and return its epoch.

        A model with a rollout is served by it; one of `champions` without a rollout by nobody, as
        its champion is not ready; any other by its newest ready version. What waits for a worker
        in a version that nobody is routed to any more is routed again. `unready` is (model,
        version, reason).
        `ready` is what ServerReady and health answer.
        """

    def record(
        self,
        version: LoadedVersion,
        slots: Sequence[SlotSpec],
        planes: tuple[int, int, int, int],
    ) -> RecordPlan:
        """Record each row that the version answers from now on; in place of what was recorded.

        `planes` are the numbers by which blocks of records tell the planes apart: of what it
        answers as champion (its controls and unsplit requests too, and without a rollout all that
        name no version), as canary, as shadow, and of the champion's replies to what it was
        compared on as shadow. They are above 0 and never used again. Requests for a version by its
        number are not recorded, nor those with the parameter `tiltyard_synthetic`.
        Raises ValueError that names the slot, the tensor, and what was expected.
        """

    def stop_recording(self, version: LoadedVersion) -> None:
        """Record nothing of the version any more. What was written can still be taken."""

    def open_records(self) -> RecordReader:
        """The reader of all records. Raises ValueError the second time."""

    def next_slow_call(self, timeout_ms: int) -> SlowCall | None:
        """Wait for a call of the slow path; None after the timeout or end_slow_calls()."""

    def end_slow_calls(self) -> None:
        """Hand out no more slow calls; those that are out may still be answered. Idempotent."""

    def finish_slow_call(self, call_id: int, reply: bytes) -> None:
        """Answer a call of next_slow_call(). Once; a second time raises ValueError.

        Once no more calls are handed out, a call that is not there any more is no mistake.
        """

    def fail_slow_call(self, call_id: int, code: int, message: str) -> None:
        """End a call of next_slow_call() with a gRPC code; else as finish_slow_call()."""

    def statistics(self) -> list[dict[str, Any]]:
        """One dict a version of the table: counters, per-batch-size counters, latency quantiles.

        Keys: model, version, success, success_ns, fail, fail_ns, queue_ns, compute_input_ns,
        compute_infer_ns, compute_output_ns, rows, runs, last_inference_ms, inline_runs,
        worker_runs, padded_runs, errors {name: n}, batch_sizes {rows: (runs, input_ns, infer_ns,
        output_ns)}, latency_ns {"p50": .., "p90": .., "p99": .., "p999": .., "max": ..}; and
        pinned, the requests that ask for the version by its number, as an arm of
        Rollout.counters().
        """

    def counters(self) -> dict[str, Any]:
        """Gateway-wide counters and gauges by name; per-thread ones are lists by io thread.

        Of records: record_blocks (allocated), record_blocks_free (of them, nothing in use),
        record_bytes, and records_dropped (rows, of all plans there were).
        """

    def drain(self) -> None:
        """Send GOAWAY everywhere, refuse new connections, finish what was accepted."""

    def drained(self) -> bool:
        """Whether no call and no connection is left."""

    def stop(self) -> None:
        """Close every connection and end every thread. Idempotent."""

def category_code(value: bytes | float) -> int:
    """The code of a category in a record: the low 32 bits of XXH3-64 over its bytes.

    An int or bool is hashed as int64, one from 2**63 on by its bits, and a float as float64 (-0.0
    as 0.0), both as 8 little-endian bytes. 0xFFFFFFFF is missing: NaN, b""; 0xFFFFFFFE is invalid:
    an infinity. A hash from 0xFFFFFFFE on is lowered by 2. Raises ValueError for an int of more
    than 64 bits.
    """

def read_in_pieces(file: int, into: memoryview) -> int:
    """Read from a file descriptor until the buffer is full: how many bytes there were.

    Small reads, without the GIL: nobody waits for them. Raises OSError.
    """

def enter_control_priority(name: str) -> None:
    """Give the calling thread a name, and the core as soon as it wants it, for short times.

    It is for what operators wait for. Threads that it starts inherit the priority.
    """

def enter_background_priority(name: str) -> None:
    """Give the calling thread nice 19 and a name; threads it starts inherit the priority.

    Call it only after the Engine was made: its io threads would inherit it too.
    """

def enter_idle_priority(name: str) -> None:
    """The same with what cores have left over: for much work, and little of it with the GIL held.

    On a busy machine who has the GIL must not be the one who waits longest.
    """

def decode_infer_request(message: bytes) -> dict[str, Any]:
    """What the data plane sees in a ModelInferRequest; for tests and tools. Raises CoreError.

    A dict with the names of the message's fields. A parameter is (field, value), or None where it
    has no value. An input has at most 16 dimensions in `shape` and the number sent in `rank`; its
    `contents` are None where none came, else the fields with values: bytes_contents a list, any
    other the elements' little-endian bytes.
    """

def encode_infer_response(
    model_name: bytes,
    model_version: bytes,
    id: bytes,  # noqa: A002 - the protocol's name for it
    outputs: Sequence[tuple[str, str, tuple[int, ...], bytes]],
    *,
    stream: bool = False,
) -> bytes:
    """The bytes of a reply with (name, datatype, shape, raw data) outputs; for tests and tools.

    Raises ValueError for an unknown datatype or more than 16 dimensions.
    """
