# The codec of requests and replies as Python sees it; included by _core.pyx.

cdef bytes bytes_of(string_view view):
    return view.data()[:view.size()]


cdef object parameter_of(const ParameterView& parameter):
    if parameter.kind == ParameterKind.boolean:
        return "bool_param", bool(parameter.boolean)
    if parameter.kind == ParameterKind.int64:
        return "int64_param", int(parameter.int64)
    if parameter.kind == ParameterKind.string:
        return "string_param", text_of(parameter.string)
    if parameter.kind == ParameterKind.float64:
        return "double_param", float(parameter.float64)
    if parameter.kind == ParameterKind.uint64:
        return "uint64_param", int(parameter.uint64)
    return None


cdef dict parameters_of(const vector[ParameterView]& parameters):
    return {
        text_of(parameters[i].key): parameter_of(parameters[i]) for i in range(parameters.size())
    }


cdef dict input_of(const InputView& input):
    cdef vector[string_view] strings
    contents = {text_of(row.first): <bytes>row.second for row in number_contents(input)}
    append_contents_views(input.contents, strings)
    if not strings.empty():
        contents["bytes_contents"] = [bytes_of(view) for view in strings]
    return {
        "name": text_of(input.name),
        "datatype": text_of(input.datatype),
        "shape": tuple([int(input.shape[i]) for i in range(input.shape.rank)]),
        "rank": int(input.rank),
        "parameters": parameters_of(input.parameters),
        "contents": None if input.contents.empty() else contents,
    }


def decode_infer_request(bytes message):
    """What the data plane sees in a ModelInferRequest; see _core.pyi."""
    cdef InferRequestView request
    check(c_decode_infer_request(view_of(message), request))
    outputs = []
    for i in range(request.outputs.size()):
        name = text_of(request.outputs[i].name)
        outputs.append({"name": name, "parameters": parameters_of(request.outputs[i].parameters)})
    return {
        "model_name": text_of(request.model_name),
        "model_version": text_of(request.model_version),
        "id": text_of(request.id),
        "parameters": parameters_of(request.parameters),
        "inputs": [input_of(request.inputs[i]) for i in range(request.inputs.size())],
        "outputs": outputs,
        "raw_input_contents": [bytes_of(raw) for raw in request.raw_inputs],
    }


def encode_infer_response(bytes model_name, bytes model_version, bytes id, outputs, *,
                          cbool stream=False):
    """The bytes of a reply, as the data plane writes them; see _core.pyi."""
    cdef ReplyDraft draft
    for name, datatype, shape, data in outputs:
        if not draft.try_add(name.encode(), datatype.encode(), shape, view_of(data)):
            raise ValueError(f"output {name!r}: no datatype is named {datatype!r}, or more than 16 "
                             f"dimensions in {shape}")
    return <bytes>draft.encode(view_of(model_name), view_of(model_version), view_of(id), stream)
