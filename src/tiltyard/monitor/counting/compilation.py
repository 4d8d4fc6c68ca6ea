"""The kernel, compiled: some seconds once a machine, a fraction of one from the cache on disk.

To be called in a thread of its own, so that start-up does not wait. The cache lies where numba puts
it: $NUMBA_CACHE_DIR, else beside the sources, else in the user's cache folder.
"""

from dataclasses import dataclass
from typing import Any

from tiltyard.monitor.counting.counter import Kernel, Scratch
from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.plan import STREAM, PlanArrays


@dataclass(frozen=True)
class Compilation:
    """`problem` is a sentence when the cache cannot be used, else empty."""

    kernel: Kernel
    from_cache: bool
    problem: str = ""


def compile_kernel() -> Compilation:
    """kernels.count for the one signature there is; it compiles no other later.

    A cache that is broken or cannot be written costs time, and is said. Raises CountingError when
    there is no way to compile at all.
    """
    try:
        return _compiled(use_cache=True)
    except Exception as error:  # noqa: BLE001 - a cache breaks in ways that numba does not name
        problem = (
            "the compiled kernels cannot be kept on disk, so every start compiles them again:"
            f" {type(error).__name__}: {error}; set NUMBA_CACHE_DIR to a folder that can be written"
        )
    try:
        return Compilation(_compiled(use_cache=False).kernel, False, problem)
    except Exception as error:
        raise CountingError(f"the counting kernels do not compile: {error}") from error


def _compiled(*, use_cache: bool) -> Compilation:
    from numba import njit

    from tiltyard.monitor.counting import kernels

    kernel = njit(nogil=True, error_model="numpy", cache=use_cache)(kernels.count)
    kernel.compile(_signature())
    kernel.disable_compile()
    return Compilation(kernel, bool(kernel.stats.cache_hits))


def _signature() -> Any:
    """Of kernels.count. What is only read may be read-only: records and plans are."""
    from numba import from_dtype, types

    def read(dtype: Any, dimensions: int = 1) -> Any:
        return types.Array(dtype, dimensions, "C", readonly=True)

    def written(dtype: Any, dimensions: int = 1) -> Any:
        return types.Array(dtype, dimensions, "C")

    plan = types.NamedTuple(
        (
            read(from_dtype(STREAM)),
            read(types.float32),
            read(types.uint32),
            read(types.int32),
            read(types.float64),
            read(types.float64, 2),
            read(types.int64),
            types.int64,
        ),
        PlanArrays,
    )
    scratch = types.NamedTuple(
        (
            written(types.uint32, 2),
            written(types.float64, 2),
            written(types.float64, 2),
            written(types.int32),
        ),
        Scratch,
    )
    return types.void(
        read(types.uint32, 2),
        read(types.int32),
        plan,
        scratch,
        written(types.int64),
        written(types.float32),
        written(types.float32),
    )
