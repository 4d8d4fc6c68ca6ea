# The C++ that _core.pyx uses: declarations only.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libcpp cimport bool as cbool
from libcpp.memory cimport shared_ptr, unique_ptr
from libcpp.pair cimport pair
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.vector cimport vector

cdef extern from "base/status.h" namespace "tiltyard" nogil:
    cdef enum class Error(uint8_t):
        none
        handler_invalid_argument
        handler_not_found
        handler_unavailable
        handler_unimplemented
        handler_internal
        handler_deadline_exceeded
        handler_failed_precondition
        handler_resource_exhausted

    cdef cppclass Status:
        Error error
        string message
        cbool ok()

    const char* error_name(Error error)
    uint8_t grpc_code_number(Error error)

cdef extern from "binding/build_options.h" namespace "tiltyard" nogil:
    cbool set_engine_option(EngineOptions& options, const string& name, uint64_t value)
    string engine_options_problem(const EngineOptions& options)

cdef extern from "base/file_read.h" namespace "tiltyard" nogil:
    int64_t read_in_pieces(int file, char* into, size_t size)

cdef extern from "base/thread_class.h" namespace "tiltyard" nogil:
    void enter_control(const string& name)
    void enter_background(const string& name)
    void enter_idle(const string& name)

cdef extern from "engine/shared.h" namespace "tiltyard" nogil:
    cdef cppclass Limits:
        uint32_t batch_rows_max

    cdef cppclass EngineOptions:
        EngineOptions()
        Limits limits
        uint32_t io_threads
        uint32_t worker_threads

cdef extern from "infer/tensor.h" namespace "tiltyard" nogil:
    cdef cppclass DataType:
        pass

    cdef cppclass Shape:
        uint8_t rank
        int64_t operator[](size_t index)

    cdef cppclass TensorSpec:
        string name
        DataType type
        Shape shape

    cdef cppclass Signature:
        vector[TensorSpec] inputs
        vector[TensorSpec] outputs

    string_view data_type_name(DataType type)

cdef extern from "infer/request_decode.h" namespace "tiltyard" nogil:
    cdef enum class ParameterKind "tiltyard::ParameterView::Kind"(uint8_t):
        boolean
        int64
        string
        float64
        uint64

    cdef cppclass ParameterView:
        string_view key
        ParameterKind kind
        cbool boolean
        int64_t int64
        uint64_t uint64
        double float64
        string_view string

    cdef cppclass InputView:
        string_view name
        string_view datatype
        Shape shape
        int64_t rank
        vector[string_view] contents
        vector[ParameterView] parameters

    cdef cppclass RequestedOutputView:
        string_view name
        vector[ParameterView] parameters

    cdef cppclass ReusedVector[T]:
        size_t size()
        const T& operator[](size_t index)

    cdef cppclass InferRequestView:
        string_view model_name
        string_view model_version
        string_view id
        vector[ParameterView] parameters
        ReusedVector[InputView] inputs
        ReusedVector[RequestedOutputView] outputs
        vector[string_view] raw_inputs

    Status decode_infer_request(string_view message, InferRequestView& request)

cdef extern from "infer/typed_contents.h" namespace "tiltyard" nogil:
    void append_contents_views(const vector[string_view]& parts, vector[string_view]& out)

cdef extern from "binding/wire_probe.h" namespace "tiltyard" nogil:
    vector[pair[string_view, string]] number_contents(const InputView& input)

    cdef cppclass ReplyDraft:
        cbool try_add(const string& name, const string& datatype, const vector[int64_t]& shape,
                      string_view data)
        string encode(string_view model_name, string_view model_version, string_view id,
                      cbool stream)

cdef extern from "model/ort_api.h" namespace "tiltyard" nogil:
    cdef cppclass OrtRuntime:
        @staticmethod
        Status open(const string& library, OrtRuntime*& out)

cdef extern from "model/model_version.h" namespace "tiltyard" nogil:
    cdef cppclass BatchPlan:
        cbool batchable
        uint32_t rows_min
        cbool bitwise
        double error_max
        string reason

    cdef cppclass RunCost:
        double base_ns
        double row_ns

    cdef cppclass ModelVersion:
        const string& model()
        int64_t number()
        const Signature& signature()
        const BatchPlan& batch_plan()
        const RunCost& cost()
        uint32_t batch_rows_max()

cdef extern from "infer/category_code.h" namespace "tiltyard" nogil:
    uint32_t code_of_text "tiltyard::category_code"(string_view text)
    uint32_t code_of_integer "tiltyard::category_code"(int64_t value)
    uint32_t code_of_float "tiltyard::category_code"(double value)

cdef extern from "infer/record_layout.h" namespace "tiltyard" nogil:
    cdef cppclass RecordLayout:
        uint32_t stride()

cdef extern from "model/record_plan.h" namespace "tiltyard" nogil:
    const size_t kRecordPlanes

    cdef enum class RecordPlane(uint8_t):
        pass

    const char* record_plane_name(RecordPlane plane)

    cdef cppclass RecordCounts:
        uint64_t offered
        uint64_t dropped

    cdef cppclass RecordPlan:
        const RecordLayout& layout()
        RecordCounts counts(RecordPlane plane)

cdef extern from "ring/record_reader.h" namespace "tiltyard" nogil:
    cdef cppclass RecordSpan:
        const void* data
        uint64_t plane
        uint32_t stride
        uint32_t records

    cdef cppclass RecordReader:
        void release()

cdef extern from "route/served_version.h" namespace "tiltyard" nogil:
    cdef cppclass ServedVersion:
        const shared_ptr[ModelVersion] version

cdef extern from "binding/record_draft.h" namespace "tiltyard" nogil:
    cdef cppclass RecordDraft:
        RecordDraft(const shared_ptr[ServedVersion]& served)
        string add_slot(const string& side, const string& tensor, int64_t column, int64_t count,
                        const string& reads)
        string set(const vector[uint64_t]& planes, shared_ptr[const RecordPlan]& out)

    void c_stop_recording "tiltyard::stop_recording"(const shared_ptr[ServedVersion]& served)
    void take_records(RecordReader& reader, vector[RecordSpan]& out)

cdef extern from "route/route_table.h" namespace "tiltyard" nogil:
    cdef cppclass RepliesMap "tiltyard::RouteTable::Replies":
        pass

cdef extern from "binding/load_request.h" namespace "tiltyard" nogil:
    cdef cppclass LoadRequest:
        LoadRequest()
        string model
        int64_t number
        string_view model_bytes
        cbool rowwise_proved
        cbool batchable_claimed
        int intra_op_threads
        uint32_t batch_rows_max
        uint64_t warmup_ms_max
        void add_external(const string& name, string_view data)
        Status add_sample(const string& datatype, const vector[int64_t]& shape, string_view raw)

    Status load_version(Engine& engine, LoadRequest& request, shared_ptr[ServedVersion]& out)

    cdef cppclass RepliesDraft:
        RepliesDraft()
        void add(const string& method, const string& model, const string& version,
                 const string& reply)
        shared_ptr[const RepliesMap] make()

    cdef cppclass RouteDraft:
        RouteDraft()
        void add_version(const shared_ptr[ServedVersion]& served)
        void add_unready(const string& model, int64_t number, const string& reason)
        void add_rollout(const shared_ptr[Rollout]& rollout)
        void set_champion(const string& model, int64_t number)
        uint64_t publish(Engine& engine, shared_ptr[const RepliesMap] replies, cbool ready)

cdef extern from "route/rollout.h" namespace "tiltyard" nogil:
    cdef cppclass Rollout:
        const string& model()
        uint64_t epoch()

cdef extern from "binding/rollout_draft.h" namespace "tiltyard" nogil:
    cdef cppclass RolloutDraft:
        RolloutDraft(const shared_ptr[ServedVersion]& champion, uint64_t epoch)
        void add_canary(const shared_ptr[ServedVersion]& served)
        void add_shadow(const shared_ptr[ServedVersion]& served, uint32_t sample_ppm,
                        uint32_t source_arm)
        string add_rule(const string& output, const string& mode, double atol, double rtol)
        void split(const string& salt, cbool by_key, const string& owners)
        string make(Engine& engine, shared_ptr[Rollout]& out)

cdef extern from "engine/acceptor.h" namespace "tiltyard" nogil:
    cdef cppclass ListenOptions:
        ListenOptions()
        string host
        uint16_t port
        string tls_certificate_pem
        string tls_key_pem
        string tls_client_ca_pem

cdef extern from "engine/slow_path.h" namespace "tiltyard" nogil:
    cdef cppclass Taken "tiltyard::SlowPath::Taken":
        uint64_t id
        string_view path
        string message

    cdef cppclass SlowPath:
        Taken take(uint32_t timeout_ms)
        void end()
        cbool has_ended()
        cbool finish(uint64_t id, string_view reply)
        cbool fail(uint64_t id, Status status)

cdef extern from "engine/engine.h" namespace "tiltyard" nogil:
    cdef cppclass Engine:
        Engine(OrtRuntime& runtime, const EngineOptions& options)
        Status listen(const ListenOptions& options, uint16_t& port)
        cbool is_inline(const ModelVersion& version)
        SlowPath& slow_path()
        unique_ptr[RecordReader] open_records()
        const EngineOptions& options()
        void drain()
        cbool drained()
        void stop()

cdef extern from "engine/named_counts.h" namespace "tiltyard" nogil:
    ctypedef vector[pair[string, uint64_t]] NamedCounts
    ctypedef vector[pair[uint64_t, uint64_t]] HistogramCounts

cdef extern from "engine/shadow_statistics.h" namespace "tiltyard" nogil:
    ctypedef vector[pair[string, double]] ScoreQuantiles
    ctypedef vector[pair[double, uint64_t]] ScoreBuckets

    cdef cppclass ShadowOutputStatistics:
        string name
        string mode
        double atol
        double rtol
        uint64_t compared
        double disagreed
        NamedCounts incompatible
        uint64_t champion_non_finite
        uint64_t shadow_non_finite
        ScoreQuantiles score_difference
        ScoreBuckets score_buckets

    cdef cppclass ShadowStatistics:
        int64_t version
        int64_t source
        uint32_t sample_ppm
        NamedCounts counts
        NamedCounts dropped
        NamedCounts errors
        NamedCounts latency_ns
        NamedCounts champion_latency_ns
        NamedCounts run_ns
        HistogramCounts latency
        HistogramCounts champion_latency
        HistogramCounts run
        vector[ShadowOutputStatistics] outputs

cdef extern from "engine/rollout_statistics.h" namespace "tiltyard" nogil:
    cdef cppclass ArmCounters:
        string role
        int64_t version
        NamedCounts counts
        NamedCounts errors
        NamedCounts latency_ns
        NamedCounts run_ns
        HistogramCounts latency
        HistogramCounts run

    cdef cppclass RolloutCounters:
        uint64_t unkeyed
        uint64_t ineligible
        vector[ArmCounters] arms
        ArmCounters unsplit
        vector[ShadowStatistics] shadows

    RolloutCounters read_rollout(const Rollout& rollout)

cdef extern from "engine/statistics.h" namespace "tiltyard" nogil:
    cdef cppclass BatchSizeCounts:
        uint64_t rows
        uint64_t runs
        uint64_t compute_input_ns
        uint64_t compute_infer_ns
        uint64_t compute_output_ns

    cdef cppclass VersionStatistics:
        string model
        int64_t version
        NamedCounts counts
        NamedCounts errors
        vector[BatchSizeCounts] batch_sizes
        NamedCounts latency_ns
        uint64_t queued
        ArmCounters pinned

    cdef cppclass GatewayCounters:
        NamedCounts gauges
        vector[pair[string, vector[uint64_t]]] io
        NamedCounts errors
        NamedCounts starved_ns

    vector[VersionStatistics] read_statistics(Engine& engine)
    GatewayCounters read_counters(Engine& engine)
