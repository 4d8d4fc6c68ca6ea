"""Triton's Python backend for one ONNX model: the requests of a dynamic batch run together."""

# Its packages are in a virtual environment of its own, where mypy does not look.
# mypy: ignore-errors

import json

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        file = config["parameters"]["model_file"]["string_value"]
        self.session = onnxruntime.InferenceSession(file, options, ["CPUExecutionProvider"])
        self.input_name = self.session.get_inputs()[0].name
        self.output_names = [output.name for output in self.session.get_outputs()]

    def execute(self, requests):
        rows = [
            pb_utils.get_input_tensor_by_name(request, self.input_name).as_numpy()
            for request in requests
        ]
        together = rows[0] if len(rows) == 1 else np.concatenate(rows)
        values = self.session.run(self.output_names, {self.input_name: together})
        replies = []
        start = 0
        for own in rows:
            end = start + len(own)
            tensors = [
                pb_utils.Tensor(name, value[start:end])
                for name, value in zip(self.output_names, values, strict=True)
            ]
            replies.append(pb_utils.InferenceResponse(output_tensors=tensors))
            start = end
        return replies
