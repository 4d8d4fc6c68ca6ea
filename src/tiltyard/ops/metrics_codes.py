"""The gRPC code that each of the data plane's errors answers with: native/base/status.cpp's table.

A test compares the two.
"""

from collections.abc import Mapping
from typing import Final

OK: Final = "OK"
CANCELLED: Final = "CANCELLED"
UNKNOWN: Final = "UNKNOWN"

_ERRORS_OF: Final[Mapping[str, str]] = {
    OK: "none",
    CANCELLED: "cancelled",
    UNKNOWN: "bad_content_type bad_http_method",
    "INVALID_ARGUMENT": """
        malformed_message malformed_framing bad_timeout bad_version missing_input extra_input
        duplicate_input unknown_output duplicate_output unknown_dtype wrong_dtype wrong_rank
        wrong_dimension negative_dimension shape_overflow rank_too_large rows_disagree
        wrong_byte_count wrong_element_count missing_data raw_and_typed raw_count raw_only_dtype
        wrong_contents_field value_out_of_range bad_bytes_framing bad_parameter unknown_parameter
        handler_invalid_argument tls_setup
    """,
    "DEADLINE_EXCEEDED": "deadline_passed handler_deadline_exceeded",
    "NOT_FOUND": "unknown_model unknown_version unknown_service handler_not_found",
    "RESOURCE_EXHAUSTED": "message_too_large headers_too_large handler_resource_exhausted",
    "FAILED_PRECONDITION": "handler_failed_precondition onnxruntime load_failed",
    "UNIMPLEMENTED": """
        unsupported_compression unknown_method unimplemented_method missing_message extra_message
        unsupported_parameter handler_unimplemented
    """,
    "INTERNAL": "bad_compression run_failed output_mismatch handler_internal",
    "UNAVAILABLE": """
        version_not_ready no_version_ready queue_full bytes_in_flight draining slow_path_full
        starting handler_unavailable listen_failed
    """,
}

CODE_OF: Final[Mapping[str, str]] = {
    error: code for code, errors in _ERRORS_OF.items() for error in errors.split()
}


def code_of(error: str) -> str:
    """The code of an error by its name; UNKNOWN, gRPC's own word, of one that is not listed.

    >>> code_of("queue_full")
    'UNAVAILABLE'
    """
    return CODE_OF.get(error, UNKNOWN)
