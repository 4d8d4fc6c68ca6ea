"""MLServer's runtime for one ONNX model: what `implementation` in model-settings.json names.

It works on the wire's own bytes as far as MLServer lets it: the raw codec gives a numpy view.
"""

# Its packages are in a virtual environment of its own, where mypy does not look.
# mypy: ignore-errors

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        file = self.settings.parameters.uri
        self.session = onnxruntime.InferenceSession(file, options, ["CPUExecutionProvider"])
        self.input_name = self.session.get_inputs()[0].name
        self.output_names = [output.name for output in self.session.get_outputs()]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0]).astype(np.float32, copy=False)
        values = self.session.run(self.output_names, {self.input_name: rows})
        return InferenceResponse(
            model_name=self.name,
            id=payload.id,
            outputs=[
                _output(name, value) for name, value in zip(self.output_names, values, strict=True)
            ],
        )


def _output(name: str, value: np.ndarray) -> ResponseOutput:
    output = NumpyCodec.encode_output(name, value)
    output.shape = list(value.shape)  # the codec makes [N] into [N, 1]
    return output
