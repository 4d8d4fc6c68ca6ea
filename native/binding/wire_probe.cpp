#include "binding/wire_probe.h"

namespace tiltyard {

std::vector<std::pair<BytesView, Bytes>> number_contents(const InputView& input) {
  std::vector<std::pair<BytesView, Bytes>> found;
  for (const DataType type : {DataType::BOOL, DataType::INT32, DataType::INT64, DataType::UINT32,
                              DataType::UINT64, DataType::FP32, DataType::FP64}) {
    const ContentsField field = contents_field_of(type);
    const int64_t count = input.contents_counts[static_cast<size_t>(field)];
    if (count == 0) continue;
    Bytes values(static_cast<size_t>(count) * element_bytes(type), '\0');
    copy_contents(input.contents, type, values.data());
    found.emplace_back(contents_field_name(field), std::move(values));
  }
  return found;
}

bool ReplyDraft::try_add(const std::string& name, const std::string& datatype,
                         const std::vector<int64_t>& shape, BytesView data) {
  const std::optional<DataType> type = parse_data_type(datatype);
  if (!type) return false;
  Output output;
  output.spec.name = name;
  output.spec.type = *type;
  output.data = data;
  for (const int64_t dim : shape) {
    if (!output.shape.try_push(dim)) return false;
  }
  outputs_.push_back(std::move(output));
  return true;
}

Bytes ReplyDraft::encode(BytesView model_name, BytesView model_version, BytesView id,
                         bool stream) const {
  std::vector<OutputView> views;
  for (const Output& output : outputs_) views.push_back({&output.spec, output.shape, output.data});
  const ReplyHead head{model_name, model_version, id};
  Bytes out;
  if (stream) {
    append_stream_response(head, views, out);
  } else {
    append_infer_response(head, views, out);
  }
  return out;
}

}  // namespace tiltyard
