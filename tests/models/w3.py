"""W3: a real CNN that a PyPI package ships, fetched once into ~/.cache/tiltyard.

It is the text-direction classifier of PP-OCR (a MobileNetV3 that RapidOCR ships): FP32 [N,3,48,192]
to [N,2], 3 to 4 ms a run on one core. Only the bench and the tests that name it need it.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

REQUIREMENT = "rapidocr-onnxruntime==1.4.4"
MEMBER = "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx"
SHA256 = "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c"
ROW_SHAPE = (3, 48, 192)


def w3_path() -> Path:
    """The model file; downloads the package (15 MB, with pip) when it is not in the cache.

    Raises RuntimeError when the download fails or is not the file these figures refer to.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tiltyard"
    path = cache / f"w3-{SHA256[:16]}.onnx"
    if not path.exists():
        data = _download()
        cache.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_bytes(data)
        partial.replace(path)
    return path


def w3_rows(count: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """`count` images in the model's range, -1 to 1."""
    generator = np.random.default_rng(seed)
    return generator.uniform(-1, 1, (count, *ROW_SHAPE)).astype(np.float32)


def _download() -> bytes:
    with tempfile.TemporaryDirectory(prefix="tiltyard-w3-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        done = subprocess.run(
            [*command, "--dest", folder, REQUIREMENT], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"cannot download {REQUIREMENT}: {done.stderr.strip()}")
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(MEMBER)
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise RuntimeError(f"{REQUIREMENT}: expected {MEMBER} with sha256 {SHA256}, found {found}")
    return data
