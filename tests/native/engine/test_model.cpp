#include "test_model.h"

#include <cstring>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace tiltyard::test {
namespace {

using protozero::pbf_reader;
using protozero::pbf_writer;

constexpr int kFloat = 1;  // TensorProto.DataType

// ValueInfoProto of FP32 ["N",2].
std::string value_info(const std::string& name) {
  std::string free_dim, fixed_dim, shape, tensor, type, info;
  pbf_writer(free_dim).add_string(2, "N");
  pbf_writer(fixed_dim).add_int64(1, 2);
  pbf_writer(shape).add_message(1, free_dim);
  pbf_writer(shape).add_message(1, fixed_dim);
  pbf_writer(tensor).add_int32(1, kFloat);
  pbf_writer(tensor).add_message(2, shape);
  pbf_writer(type).add_message(1, tensor);
  pbf_writer(info).add_string(1, name);
  pbf_writer(info).add_message(2, type);
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

std::string scale_model(float factor) {
  std::string node, constant, graph, opset, model;
  pbf_writer n(node);
  n.add_string(1, "x");
  n.add_string(1, "factor");
  n.add_string(2, "y");
  n.add_string(4, "Mul");
  pbf_writer c(constant);
  c.add_int64(1, 1);
  c.add_int32(2, kFloat);
  c.add_string(8, "factor");
  c.add_bytes(9, bytes_of({factor}));
  pbf_writer g(graph);
  g.add_message(1, node);
  g.add_string(2, "scale");
  g.add_message(5, constant);
  g.add_message(11, value_info("x"));
  g.add_message(12, value_info("y"));
  pbf_writer(opset).add_int64(2, 13);
  pbf_writer m(model);
  m.add_int64(1, 8);
  m.add_message(7, graph);
  m.add_message(8, opset);
  return model;
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
