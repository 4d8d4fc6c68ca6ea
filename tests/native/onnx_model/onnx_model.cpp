#include "onnx_model/onnx_model.h"

#include <cstring>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace tiltyard::test {
namespace {

using protozero::pbf_reader;
using protozero::pbf_writer;

// ValueInfoProto of a tensor.
std::string value_info(const std::string& name, int type, const std::vector<int64_t>& dims) {
  std::string shape, tensor, type_proto, info;
  for (int64_t dim : dims) {
    std::string proto;
    if (dim < 0) {
      pbf_writer(proto).add_string(2, "N");
    } else {
      pbf_writer(proto).add_int64(1, dim);
    }
    pbf_writer(shape).add_message(1, proto);
  }
  pbf_writer(tensor).add_int32(1, type);
  pbf_writer(tensor).add_message(2, shape);
  pbf_writer(type_proto).add_message(1, tensor);
  pbf_writer(info).add_string(1, name);
  pbf_writer(info).add_message(2, type_proto);
  return info;
}

std::string bytes_of(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

std::string text(pbf_reader& reader) {
  const auto view = reader.get_view();
  return std::string(view.data(), view.size());
}

}  // namespace

OnnxModel& OnnxModel::input(const std::string& name, int type, const std::vector<int64_t>& dims) {
  pbf_writer(nodes_and_values_).add_message(11, value_info(name, type, dims));
  return *this;
}

OnnxModel& OnnxModel::output(const std::string& name, int type, const std::vector<int64_t>& dims) {
  pbf_writer(nodes_and_values_).add_message(12, value_info(name, type, dims));
  return *this;
}

OnnxModel& OnnxModel::floats(const std::string& name, const std::vector<int64_t>& dims,
                             const std::vector<float>& values) {
  std::string tensor;
  pbf_writer writer(tensor);
  for (int64_t dim : dims) writer.add_int64(1, dim);
  writer.add_int32(2, kFloat);
  writer.add_string(8, name);
  writer.add_bytes(9, bytes_of(values));
  pbf_writer(nodes_and_values_).add_message(5, tensor);
  return *this;
}

OnnxModel& OnnxModel::node(const std::string& op, const std::vector<std::string>& inputs,
                           const std::vector<std::string>& outputs,
                           const std::vector<std::pair<std::string, int64_t>>& attributes) {
  constexpr int kIntAttribute = 2;
  std::string node;
  pbf_writer writer(node);
  for (const std::string& name : inputs) writer.add_string(1, name);
  for (const std::string& name : outputs) writer.add_string(2, name);
  writer.add_string(4, op);
  for (const auto& [name, value] : attributes) {
    std::string attribute;
    pbf_writer fields(attribute);
    fields.add_string(1, name);
    fields.add_int64(3, value);
    fields.add_int32(20, kIntAttribute);
    writer.add_message(5, attribute);
  }
  pbf_writer(nodes_and_values_).add_message(1, node);
  return *this;
}

std::string OnnxModel::bytes() const {
  std::string graph = nodes_and_values_, opset, model;
  pbf_writer(graph).add_string(2, "test");
  pbf_writer(opset).add_int64(2, 13);
  pbf_writer writer(model);
  writer.add_int64(1, 8);
  writer.add_message(7, graph);
  writer.add_message(8, opset);
  return model;
}

std::string scale_model(float factor) {
  return OnnxModel()
      .input("x", kFloat, {-1, 2})
      .output("y", kFloat, {-1, 2})
      .floats("factor", {1}, {factor})
      .node("Mul", {"x", "factor"}, {"y"})
      .bytes();
}

std::string infer_request(const std::string& model, const std::vector<float>& values,
                          const std::string& id, const std::string& version) {
  std::string input, request;
  pbf_writer i(input);
  i.add_string(1, "x");
  i.add_string(2, "FP32");
  const int64_t shape[] = {static_cast<int64_t>(values.size() / 2), 2};
  i.add_packed_int64(3, std::begin(shape), std::end(shape));
  pbf_writer r(request);
  r.add_string(1, model);
  if (!version.empty()) r.add_string(2, version);
  if (!id.empty()) r.add_string(3, id);
  r.add_message(5, input);
  r.add_bytes(7, bytes_of(values));
  return request;
}

InferReply parse_reply(const std::string& message) {
  InferReply reply;
  pbf_reader reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        reply.model_name = text(reader);
        break;
      case 2:
        reply.model_version = text(reader);
        break;
      case 3:
        reply.id = text(reader);
        break;
      case 6: {
        const std::string raw = text(reader);
        reply.values.resize(raw.size() / sizeof(float));
        std::memcpy(reply.values.data(), raw.data(), raw.size());
        break;
      }
      default:
        reader.skip();
    }
  }
  return reply;
}

InferReply parse_stream_reply(const std::string& message, std::string& error) {
  InferReply reply;
  error.clear();
  pbf_reader reader(message);
  while (reader.next()) {
    if (reader.tag() == 1) {
      error = text(reader);
    } else if (reader.tag() == 2) {
      reply = parse_reply(text(reader));
    } else {
      reader.skip();
    }
  }
  return reply;
}

}  // namespace tiltyard::test
