"""What a gateway says of itself: the ready line on stdout, everything else in the log."""

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiltyard.ops.log import LogFormat, logger

if TYPE_CHECKING:
    from tiltyard.loading import LoadReport


class Reporter:
    """The main thread's: it is told of reports and says what is new in each."""

    def __init__(self, log_format: LogFormat) -> None:
        self._log_format = log_format
        self._seen: set[int] = set()  # ids of versions that were reported, kept alive by `_report`
        self._report: LoadReport | None = None

    def announce(self, report: "LoadReport", addresses: dict[str, str]) -> None:
        """The ready line, the only thing that goes to stdout."""
        found: dict[str, Any] = {
            **addresses,
            "models": report.models,
            "versions": len(report.versions),
            "failed": len(report.unready),
        }
        age_s = process_age_s()
        if self._log_format == "json":
            line = json.dumps({"event": "ready", **found, "seconds": round(age_s, 3)})
        else:
            words = " ".join(f"{name}={value}" for name, value in found.items())
            line = f"tiltyard ready {words} in {age_s:.2f}s"
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def log_loads(self, report: "LoadReport") -> None:
        """What this report has and the last one had not."""
        log = logger(self._log_format)
        before = self._report
        for notice in report.notices[len(before.notices) if before else 0 :]:
            log.info("notice", text=notice)
        for version in report.versions:
            if id(version) in self._seen:
                continue
            log.info(
                "version_serving",
                model=version.model,
                version=version.version,
                inline=version.inline,
                batchable=version.batchable,
                bitwise=version.bitwise,
                error_max=version.error_max,
                batching=version.batch_reason,
                run_us=round((version.base_ns + version.row_ns) / 1_000, 1),
            )
        for model, number, reason in report.unready:
            if before is None or (model, number, reason) not in before.unready:
                log.error("version_failed", model=model, version=number, reason=reason)
        gone = report.unloaded.items() - (before or report).unloaded.items()
        for (model, number), reason in sorted(gone):
            log.info("version_unloaded", model=model, version=number, reason=reason)
        for bug in report.bugs[len(before.bugs) if before else 0 :]:
            log.error("load_bug", exc_info=bug)
        self._seen = {id(version) for version in report.versions}
        self._report = report

    def log_bug(self, where: str, error: BaseException) -> None:
        """An exception that nobody should have raised; from any thread."""
        logger(self._log_format).error("bug", where=where, exc_info=error)

    def info(self, event: str, **values: Any) -> None:
        logger(self._log_format).info(event, **values)

    def warning(self, event: str, **values: Any) -> None:
        logger(self._log_format).warning(event, **values)


def process_age_s() -> float:
    """Seconds since the kernel started this process, the interpreter's own start included."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
    start_ticks = int(fields.rpartition(")")[2].split()[19])
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    return now - start_ticks / os.sysconf("SC_CLK_TCK")
