# Records as Python sees them; included by _core.pyx. See _core.pyi for the contract.

SlotSpec = tuple[str, str, int, int, str]


cdef class RecordPlan:
    """What is recorded of a version, and how much was."""

    cdef shared_ptr[const CRecordPlan] plan
    cdef readonly int words

    def __init__(self):
        raise TypeError("a RecordPlan is made by Engine.record")

    def counters(self):
        cdef RecordCounts counts
        out = {}
        for plane in range(kRecordPlanes):
            counts = deref(self.plan).counts(<RecordPlane><int>plane)
            name = (<bytes>record_plane_name(<RecordPlane><int>plane)).decode("ascii")
            out[name] = {"offered": int(counts.offered), "dropped": int(counts.dropped)}
        return out


cdef RecordPlan make_record_plan(LoadedVersion version, slots, planes):
    cdef vector[uint64_t] plane_ids = planes
    cdef RecordPlan out = RecordPlan.__new__(RecordPlan)
    cdef RecordDraft* draft = new RecordDraft(version.served)
    try:
        problem = b""
        for side, tensor, column, count, reads in slots:
            problem = problem or draft.add_slot(
                side.encode(), tensor.encode(), column, count, reads.encode()
            )
        problem = problem or draft.set(plane_ids, out.plan)
    finally:
        del draft
    if problem:
        raise ValueError(
            f"records of {version.model!r} version {version.version}:"
            f" {problem.decode('utf-8', 'replace')}"
        )
    out.words = deref(out.plan).layout().stride() // 4
    return out


cdef class RecordBlock:
    """Records of one plane from one thread, in place, as a read-only buffer."""

    cdef RecordReader reader  # whose pool has the memory
    cdef RecordSpan span
    cdef readonly object plane
    cdef readonly int words
    cdef readonly int records

    def __init__(self):
        raise TypeError("a RecordBlock is given by RecordReader.take")

    def __getbuffer__(self, Py_buffer* buffer, int flags):
        PyBuffer_FillInfo(
            buffer, self, <void*>self.span.data,
            <Py_ssize_t>self.span.records * self.span.stride, 1, flags
        )


cdef RecordBlock wrap_span(RecordReader reader, const RecordSpan& span):
    cdef RecordBlock out = RecordBlock.__new__(RecordBlock)
    out.reader = reader
    out.span = span
    out.plane = int(span.plane)
    out.words = span.stride // 4
    out.records = span.records
    return out


cdef class RecordReader:
    """The one reader of all records."""

    cdef unique_ptr[CRecordReader] reader

    def __init__(self):
        raise TypeError("a RecordReader is made by Engine.open_records")

    def take(self):
        cdef vector[RecordSpan] spans
        with nogil:
            take_records(deref(self.reader), spans)
        return [wrap_span(self, spans[i]) for i in range(spans.size())]

    def release(self):
        with nogil:
            deref(self.reader).release()


cdef RecordReader make_record_reader(CEngine& engine):
    cdef RecordReader out = RecordReader.__new__(RecordReader)
    out.reader = move(engine.open_records())
    if out.reader.get() == NULL:
        raise ValueError("records have one reader, and it was opened before")
    return out


def category_code(value):
    """The code that a record has for a category; see _core.pyi."""
    if isinstance(value, bytes):
        return int(code_of_text(view_of(value)))
    if isinstance(value, float):
        return int(code_of_float(<double>value))
    number = operator.index(value)
    if not -(2**63) <= number < 2**64:
        raise ValueError(f"a category that is an integer has at most 64 bits; got {number}")
    # A UINT64 has the code of the INT64 with its bits.
    return int(code_of_integer(<int64_t><uint64_t>(number & 0xFFFF_FFFF_FFFF_FFFF)))
