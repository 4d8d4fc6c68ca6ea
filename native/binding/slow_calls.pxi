# Calls that Python answers; included by _core.pyx. See _core.pyi for the contract.


class SlowCall:
    """A call whose answer Python makes."""

    __slots__ = ("id", "method", "request")

    def __init__(self, id, method, request):
        self.id = id
        self.method = method
        self.request = request


# gRPC codes that a Python handler may answer with, and the native error each becomes.
cdef dict HANDLER_ERRORS = {
    3: int(Error.handler_invalid_argument),
    4: int(Error.handler_deadline_exceeded),
    5: int(Error.handler_not_found),
    8: int(Error.handler_resource_exhausted),
    9: int(Error.handler_failed_precondition),
    12: int(Error.handler_unimplemented),
    13: int(Error.handler_internal),
    14: int(Error.handler_unavailable),
}
