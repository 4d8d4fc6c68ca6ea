"""A grpc.aio server that answers ModelInfer from one ONNX model: python server.py MODEL ADDRESS.

As fast as such a server is written without leaving Python: uvloop, generated messages over upb,
the model run on the event loop (7 us; handing it to a thread costs more), one intra-op thread, no
interceptors, no copies of the input. Rows are not gathered into batches: the run is a fiftieth of
what a call costs here, and an asyncio queue costs more than it saves.
"""

# Its packages are in a virtual environment of its own, where mypy does not look.
# mypy: ignore-errors

import sys

import grpc
import numpy as np
import onnxruntime
import uvloop
from tritonclient.grpc import service_pb2, service_pb2_grpc

DATATYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64", "int32": "INT32"}
MESSAGE_BYTES_MAX = 64 * 1024 * 1024


class InferenceService(service_pb2_grpc.GRPCInferenceServiceServicer):
    def __init__(self, model_file: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model_file, options, ["CPUExecutionProvider"])
        self.input_name = self.session.get_inputs()[0].name
        self.output_names = [output.name for output in self.session.get_outputs()]

    async def ModelInfer(self, request, context):  # noqa: N802 - the name in the protocol
        tensor = request.inputs[0]
        if tensor.name != self.input_name or tensor.datatype != "FP32":
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"expected FP32 input {self.input_name}, got {tensor.datatype} {tensor.name}",
            )
        rows = np.frombuffer(request.raw_input_contents[0], np.float32).reshape(tensor.shape)
        values = self.session.run(self.output_names, {self.input_name: rows})
        reply = service_pb2.ModelInferResponse(
            model_name=request.model_name, model_version="1", id=request.id
        )
        for name, value in zip(self.output_names, values, strict=True):
            reply.outputs.add(name=name, datatype=DATATYPES[value.dtype.name], shape=value.shape)
            reply.raw_output_contents.append(value.tobytes())
        return reply


async def serve(model_file: str, address: str) -> None:
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
            ("grpc.so_reuseport", 0),
        ]
    )
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(
        InferenceService(model_file), server
    )
    server.add_insecure_port(address)
    await server.start()
    print(f"ready grpc={address}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], sys.argv[2]))
