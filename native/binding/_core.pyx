# cython: language_level=3, freethreading_compatible=False
# distutils: language = c++
"""The native data plane, bound to Python. See _core.pyi for the contract of every name."""

import operator
import os

from cpython.buffer cimport PyBuffer_FillInfo
from cython.operator cimport dereference as deref
from libc.stdint cimport int64_t, uint16_t, uint64_t
from libcpp cimport bool as cbool
from libcpp.memory cimport shared_ptr, unique_ptr
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.utility cimport move
from libcpp.vector cimport vector

from engine cimport (
    ArmCounters,
    Engine as CEngine,
    EngineOptions,
    Error,
    GatewayCounters,
    HistogramCounts,
    InferRequestView,
    InputView,
    ListenOptions,
    LoadRequest,
    ModelVersion,
    NamedCounts,
    OrtRuntime,
    ParameterKind,
    ParameterView,
    RecordCounts,
    RecordDraft,
    RecordPlan as CRecordPlan,
    RecordPlane,
    RecordReader as CRecordReader,
    RecordSpan,
    RepliesDraft,
    RepliesMap,
    ReplyDraft,
    Rollout as CRollout,
    RolloutCounters,
    RolloutDraft,
    RouteDraft,
    ScoreBuckets,
    ScoreQuantiles,
    ServedVersion,
    ShadowOutputStatistics,
    ShadowStatistics,
    Status,
    Taken,
    TensorSpec as CTensorSpec,
    VersionStatistics,
    append_contents_views,
    c_stop_recording,
    code_of_float,
    code_of_integer,
    code_of_text,
    data_type_name,
    decode_infer_request as c_decode_infer_request,
    engine_options_problem,
    enter_background,
    enter_control,
    enter_idle,
    error_name,
    grpc_code_number,
    kRecordPlanes,
    load_version,
    number_contents,
    read_counters,
    read_in_pieces as c_read_in_pieces,
    read_rollout,
    read_statistics,
    record_plane_name,
    set_engine_option,
    take_records,
)


class CoreError(Exception):
    """A native error value that crossed the binding; its message is the native sentence."""

    def __init__(self, message, code, name):
        super().__init__(message)
        self.code = code
        self.name = name


# The one door from native errors to exceptions.
cdef int check(const Status& status) except -1:
    if status.error == Error.none:
        return 0
    raise CoreError(
        status.message.decode("utf-8", "replace"),
        int(grpc_code_number(status.error)),
        (<bytes>error_name(status.error)).decode("ascii"),
    )


cdef string_view view_of_buffer(const unsigned char[::1] data):
    """Good for as long as whoever has given the buffer keeps it."""
    if data.shape[0] == 0:
        return string_view()
    return string_view(<const char*>&data[0], data.shape[0])


cdef string_view view_of(bytes data):
    return string_view(<const char*>data, len(data))


cdef str text_of(string_view view):
    return view.data()[:view.size()].decode("utf-8", "replace")


cdef dict counts_of(NamedCounts counts):
    return {(<bytes>row.first).decode("ascii"): int(row.second) for row in counts}


class TensorSpec:
    """One input or output of a loaded version."""

    __slots__ = ("name", "datatype", "shape")

    def __init__(self, name, datatype, shape):
        self.name = name
        self.datatype = datatype
        self.shape = shape

    def __repr__(self):
        return f"TensorSpec({self.name!r}, {self.datatype!r}, {self.shape!r})"


cdef object spec_of(const CTensorSpec& spec):
    shape = tuple([int(spec.shape[i]) for i in range(spec.shape.rank)])
    return TensorSpec(
        spec.name.decode("utf-8", "replace"), text_of(data_type_name(spec.type)), shape
    )


cdef class LoadedVersion:
    """A session that is warm and can be served. Freed when no route and no job uses it."""

    cdef shared_ptr[ServedVersion] served
    cdef readonly str model
    cdef readonly object version
    cdef readonly tuple inputs
    cdef readonly tuple outputs
    cdef readonly bint batchable
    cdef readonly int batch_rows_max
    cdef readonly int rows_min
    cdef readonly bint bitwise
    cdef readonly double error_max
    cdef readonly str batch_reason
    cdef readonly double base_ns
    cdef readonly double row_ns
    cdef readonly bint inline

    def __init__(self):
        raise TypeError("a LoadedVersion is made by Engine.load_version")


cdef LoadedVersion wrap_version(CEngine& engine, const shared_ptr[ServedVersion]& served):
    cdef LoadedVersion out = LoadedVersion.__new__(LoadedVersion)
    cdef const ModelVersion* version = deref(served).version.get()
    out.served = served
    out.model = version.model().decode("utf-8", "replace")
    out.version = int(version.number())
    out.inputs = tuple([spec_of(spec) for spec in version.signature().inputs])
    out.outputs = tuple([spec_of(spec) for spec in version.signature().outputs])
    out.batchable = version.batch_plan().batchable
    out.batch_rows_max = version.batch_rows_max() if out.batchable else 0
    out.rows_min = version.batch_plan().rows_min
    out.bitwise = version.batch_plan().bitwise
    out.error_max = version.batch_plan().error_max
    out.batch_reason = version.batch_plan().reason.decode("utf-8", "replace")
    out.base_ns = version.cost().base_ns
    out.row_ns = version.cost().row_ns
    out.inline = engine.is_inline(deref(version))
    return out


cdef class Replies:
    """Precomputed replies, which route tables share."""

    cdef shared_ptr[const RepliesMap] replies

    def __init__(self, replies):
        cdef RepliesDraft draft
        for (method, model, version), reply in replies.items():
            draft.add(method.encode(), model.encode(), version.encode(), reply)
        self.replies = draft.make()


include "rollout.pxi"
include "records.pxi"
include "slow_calls.pxi"


cdef class Engine:
    """The data plane: io threads, workers, and the route table they read."""

    cdef unique_ptr[CEngine] engine

    def __cinit__(self, str ort_library, options):
        cdef EngineOptions chosen
        for name, value in options.items():
            if value < 0 or not set_engine_option(chosen, name.encode(), value):
                raise ValueError(
                    f"engine option {name!r} = {value!r}: there is no such option, or the value "
                    "does not fit 32 bits"
                )
        problem = (<bytes>engine_options_problem(chosen)).decode("ascii")
        if problem:
            raise ValueError(problem)
        cdef OrtRuntime* runtime = NULL
        cdef string library = ort_library.encode()
        cdef Status status
        with nogil:
            status = OrtRuntime.open(library, runtime)
        check(status)
        self.engine.reset(new CEngine(deref(runtime), chosen))

    def __dealloc__(self):
        with nogil:
            self.engine.reset()

    def listen(self, str host, int port, *, bytes tls_cert=b"", bytes tls_key=b"",
               bytes tls_client_ca=b""):
        cdef ListenOptions options
        options.host = host.encode()
        options.port = <uint16_t>port
        options.tls_certificate_pem = tls_cert
        options.tls_key_pem = tls_key
        options.tls_client_ca_pem = tls_client_ca
        cdef uint16_t bound = 0
        cdef Status status
        with nogil:
            status = deref(self.engine).listen(options, bound)
        check(status)
        return int(bound)

    def load_version(self, str model, version, model_bytes, external, *, rowwise_proved,
                     batchable_claimed=False, samples=(), int intra_op_threads=1,
                     batch_rows_max=0, warmup_ms_max=200):
        cdef LoadRequest request
        request.model = model.encode()
        request.number = version
        request.model_bytes = view_of_buffer(model_bytes)
        request.rowwise_proved = rowwise_proved
        request.batchable_claimed = batchable_claimed
        request.intra_op_threads = intra_op_threads
        request.batch_rows_max = batch_rows_max
        request.warmup_ms_max = warmup_ms_max
        for name, data in external.items():
            request.add_external(name.encode(), view_of_buffer(data))
        for datatype, shape, raw in samples:
            check(request.add_sample(datatype.encode(), shape, view_of(raw)))
        cdef shared_ptr[ServedVersion] served
        cdef Status status
        with nogil:
            status = load_version(deref(self.engine), request, served)
        check(status)
        return wrap_version(deref(self.engine), served)

    def make_rollout(self, LoadedVersion champion, epoch, *, canaries=(), bytes salt=b"",
                     by_key=False, bytes owners=b"", shadows=()):
        return make_rollout(deref(self.engine), champion, epoch, canaries, salt, by_key, owners,
                            shadows)

    def publish(self, versions, unready, Replies replies, *, cbool ready, rollouts=(),
                champions=None):
        cdef RouteDraft draft
        cdef LoadedVersion loaded
        cdef Rollout rollout
        for loaded in versions:
            draft.add_version(loaded.served)
        for model, number, reason in unready:
            draft.add_unready(model.encode(), number, reason.encode())
        for rollout in rollouts:
            draft.add_rollout(rollout.rollout)
        for model, number in (champions or {}).items():
            draft.set_champion(model.encode(), number)
        cdef uint64_t epoch
        with nogil:
            epoch = draft.publish(deref(self.engine), replies.replies, ready)
        return int(epoch)

    def record(self, LoadedVersion version, slots, planes):
        return make_record_plan(version, slots, planes)

    def stop_recording(self, LoadedVersion version):
        with nogil:
            c_stop_recording(version.served)

    def open_records(self):
        return make_record_reader(deref(self.engine))

    def next_slow_call(self, int timeout_ms):
        cdef Taken taken
        with nogil:
            taken = deref(self.engine).slow_path().take(timeout_ms)
        if taken.id == 0:
            return None
        return SlowCall(int(taken.id), text_of(taken.path), <bytes>taken.message)

    def end_slow_calls(self):
        deref(self.engine).slow_path().end()

    def finish_slow_call(self, call_id, bytes reply):
        if deref(self.engine).slow_path().finish(call_id, view_of(reply)):
            return
        self._check_ended(call_id)

    cdef int _check_ended(self, call_id) except -1:
        # When the engine stops it forgets the calls that are with Python; nobody waits for them.
        if deref(self.engine).slow_path().has_ended():
            return 0
        raise ValueError(f"slow call {call_id} is not with Python: it was answered, or never was")

    def fail_slow_call(self, call_id, int code, str message):
        cdef Status status
        status.error = <Error><int>HANDLER_ERRORS.get(code, int(Error.handler_internal))
        status.message = message.encode()
        if not deref(self.engine).slow_path().fail(call_id, move(status)):
            self._check_ended(call_id)

    def statistics(self):
        cdef vector[VersionStatistics] all_versions
        with nogil:
            all_versions = read_statistics(deref(self.engine))
        out = []
        for row in all_versions:
            entry = counts_of(row.counts)
            entry["model"] = row.model.decode("utf-8", "replace")
            entry["version"] = int(row.version)
            entry["queued"] = int(row.queued)
            entry["pinned"] = arm_of(row.pinned)
            entry["errors"] = counts_of(row.errors)
            entry["latency_ns"] = counts_of(row.latency_ns)
            entry["batch_sizes"] = {
                int(size.rows): (
                    int(size.runs),
                    int(size.compute_input_ns),
                    int(size.compute_infer_ns),
                    int(size.compute_output_ns),
                )
                for size in row.batch_sizes
            }
            out.append(entry)
        return out

    def counters(self):
        cdef GatewayCounters counters
        with nogil:
            counters = read_counters(deref(self.engine))
        out = counts_of(counters.gauges)
        for row in counters.io:
            out[row.first.decode("ascii")] = [int(value) for value in row.second]
        out["errors"] = counts_of(counters.errors)
        out["starved_ns"] = counts_of(counters.starved_ns)
        return out

    def drain(self):
        with nogil:
            deref(self.engine).drain()

    def drained(self):
        return deref(self.engine).drained()

    def stop(self):
        with nogil:
            deref(self.engine).stop()


def read_in_pieces(int file, unsigned char[::1] into):
    """Read a file into a buffer, without the GIL; see _core.pyi."""
    cdef int64_t done = 0
    if into.shape[0] > 0:
        with nogil:
            done = c_read_in_pieces(file, <char*>&into[0], <size_t>into.shape[0])
    if done < 0:
        raise OSError(-done, os.strerror(-done))
    return int(done)


include "priorities.pxi"
include "wire_probe.pxi"
