"""Running a model over the rows of a reference, in the child process that examines models."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tiltyard.errors import PublishRefused
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.signature import Signature
from tiltyard.store import golden, samples
from tiltyard.store.golden import Golden
from tiltyard.store.sandbox import run_child

RUN_TIMEOUT_S: Final = 600.0
BATCH_ROWS: Final = 256

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What the child may use. Without `memory_mb`: what examining may, and 8 times the rows."""

    timeout_s: float = RUN_TIMEOUT_S
    memory_mb: int | None = None


def run_reference(
    model: Path,
    signature: Signature,
    inputs: Mapping[str, Array],
    *,
    is_batchable: bool,
    limits: RunLimits = RunLimits(),
) -> dict[str, Array]:
    """The outputs of the model at `model` for rows of its inputs, by name, the rows first.

    Its external data lies beside it; `inputs` are arrays in the dtypes of the signature. Rows go
    together only where they may: `is_batchable`, and no tensor without a free dimension of rows.
    Raises ReferenceRefused when the model fails, or is not done within `limits`.
    """
    tensors = tuple(samples.to_tensor(inputs[s.name], s.datatype) for s in signature.inputs)
    rows = tensors[0].shape[0]
    step = BATCH_ROWS if _goes_together(signature, is_batchable) else 1
    with tempfile.TemporaryDirectory(prefix="tiltyard-run-") as folder:
        work = Path(folder)
        (work / "cwd").mkdir()
        (work / "rows.npz").write_bytes(golden.encode(Golden(tensors, ())))
        job = {
            "model": str(model.absolute()),
            "inputs": [asdict(spec) for spec in signature.inputs],
            "outputs": [asdict(spec) for spec in signature.outputs],
            "rows": str(work / "rows.npz"),
            "out": str(work / "outputs.npz"),
            "step": step,
            "memory_mb": limits.memory_mb,
            "cpu_seconds": int(limits.timeout_s) + 2,
        }
        try:
            run_child(model.name, job, work, limits.timeout_s)
        except PublishRefused as refused:
            raise ReferenceRefused(
                f"the {rows:,} rows of the reference cannot be run, {step} at a time: {refused};"
                " give fewer rows, or a file that has the outputs as columns"
            ) from refused
        data = (work / "outputs.npz").read_bytes()
    found = golden.decode(data, (), signature.by_row().outputs, model.name)
    return {
        spec.name: np.asarray(samples.from_tensor(tensor))
        for spec, tensor in zip(signature.outputs, found.outputs, strict=True)
    }


def _goes_together(signature: Signature, is_batchable: bool) -> bool:
    every = (*signature.inputs, *signature.outputs)
    return is_batchable and all(
        bool(spec.shape) and not isinstance(spec.shape[0], int) for spec in every
    )
