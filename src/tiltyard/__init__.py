"""Tiltyard: a model gateway that answers the Open Inference Protocol from ONNX models."""

from typing import Final

__version__: Final = "0.1.0"
