// A ModelInferRequest decoded, written and decoded again, and held against several signatures.
//
// Input: the message.
#include <set>
#include <string>

#include "fuzz_input.h"
#include "infer/bytes_codec.h"
#include "infer/request_bind.h"
#include "infer/request_decode.h"
#include "infer/utf8.h"
#include "request_writer.h"

using namespace tiltyard;

namespace {

TensorSpec spec(std::string name, DataType type, std::initializer_list<int64_t> dims) {
  TensorSpec made;
  made.name = std::move(name);
  made.type = type;
  for (const int64_t dim : dims) CLAIM(made.shape.try_push(dim));
  made.symbols.resize(dims.size());
  return made;
}

// Names and shapes that make_seeds.py knows too.
std::vector<Signature> make_signatures() {
  std::vector<Signature> made(4);
  made[0].inputs = {spec("x", DataType::FP32, {-1, 4})};
  made[0].outputs = {spec("y", DataType::FP32, {-1}), spec("z", DataType::INT64, {-1})};
  made[0].inputs[0].symbols = {"N", ""};
  made[1].inputs = {spec("a", DataType::INT8, {2, 3}), spec("b", DataType::BOOL, {}),
                    spec("c", DataType::UINT16, {2})};
  made[1].outputs = {spec("y", DataType::BYTES, {2})};
  made[2].inputs = {spec("s", DataType::BYTES, {-1, 2}), spec("x", DataType::FP64, {-1})};
  made[2].outputs = {spec("y", DataType::BYTES, {-1})};
  for (auto type = DataType::BOOL; type <= DataType::BYTES;
       type = static_cast<DataType>(static_cast<int>(type) + 1)) {
    made[3].inputs.push_back(spec(std::string(data_type_name(type)), type, {-1}));
    made[3].outputs.push_back(made[3].inputs.back());
  }
  return made;
}

// Every view of a decoded request lies in its bytes, every text is UTF-8, every key comes once.
class ViewCheck {
 public:
  explicit ViewCheck(BytesView whole) : whole_(whole) {}

  int64_t items() const { return items_; }

  void request(const InferRequestView& request) {
    text(request.model_name);
    text(request.model_version);
    text(request.id);
    parameters(request.parameters);
    for (const InputView& view : request.inputs) input(view);
    for (const RequestedOutputView& output : request.outputs) {
      text(output.name);
      parameters(output.parameters);
    }
    for (const BytesView raw : request.raw_inputs) CLAIM(lies_in(raw, whole_));
    items_ += static_cast<int64_t>(request.inputs.size() + request.outputs.size() +
                                   request.raw_inputs.size());
  }

 private:
  void text(BytesView view) const {
    CLAIM(lies_in(view, whole_));
    CLAIM(is_utf8(view));
  }

  void parameters(const std::vector<ParameterView>& parameters) {
    std::set<BytesView> keys;
    for (const ParameterView& parameter : parameters) {
      text(parameter.key);
      if (parameter.kind == ParameterView::Kind::string) text(parameter.string);
      CLAIM(keys.insert(parameter.key).second);
    }
    items_ += static_cast<int64_t>(parameters.size());
  }

  void input(const InputView& input) {
    text(input.name);
    text(input.datatype);
    CLAIM(input.rank_too_large == (input.rank > kTensorRankMax));
    CLAIM(input.shape.rank == std::min<int64_t>(input.rank, kTensorRankMax));
    parameters(input.parameters);
    for (const BytesView part : input.contents) CLAIM(lies_in(part, whole_));
    items_ += static_cast<int64_t>(input.contents.size());
    contents(input);
  }

  // What is counted is what comes out, to the byte: a filler that survives was not written over.
  void contents(const InputView& input) const {
    for (auto type = DataType::BOOL; type <= DataType::BYTES;
         type = static_cast<DataType>(static_cast<int>(type) + 1)) {
      const ContentsField field = contents_field_of(type);
      if (field == ContentsField::none) continue;
      const auto count = static_cast<size_t>(input.contents_counts[static_cast<size_t>(field)]);
      if (type == DataType::BYTES) {
        std::vector<BytesView> strings;
        append_contents_views(input.contents, strings);
        CLAIM(strings.size() == count);
        for (const BytesView view : strings) CLAIM(lies_in(view, whole_));
        continue;
      }
      const size_t bytes = count * element_bytes(type);
      const std::unique_ptr<char[]> one(new char[bytes]), other(new char[bytes]);
      std::fill_n(one.get(), bytes, '\0');
      std::fill_n(other.get(), bytes, '\xff');
      copy_contents(input.contents, type, one.get());
      copy_contents(input.contents, type, other.get());
      CLAIM(std::equal(one.get(), one.get() + bytes, other.get()));
    }
  }

  const BytesView whole_;
  int64_t items_ = 0;
};

void check_bound_input(const BoundInput& input, const TensorSpec& spec) {
  CLAIM(input.spec == &spec);
  CLAIM(input.shape.rank == spec.shape.rank);
  CLAIM(element_count(input.shape) == input.elements);
  for (size_t i = 0; i < spec.shape.rank; ++i) {
    CLAIM(spec.shape[i] == -1 ? input.shape[i] >= 0 : input.shape[i] == spec.shape[i]);
  }
  const auto elements = static_cast<size_t>(input.elements);
  if (spec.type == DataType::BYTES) {
    std::vector<BytesView> strings;
    append_strings(input, strings);
    CLAIM(strings.size() == elements);
    return;
  }
  const size_t bytes = elements * element_bytes(spec.type);
  const std::unique_ptr<char[]> copied(new char[bytes]);
  copy_elements(input, copied.get());
  const BytesView values(copied.get(), bytes);
  if (spec.type == DataType::BOOL) {
    CLAIM(values.find_first_not_of(BytesView("\0\1", 2)) == BytesView::npos);
  } else if (input.is_raw) {
    CLAIM(values == input.raw);
  }
}

void check_bound(const BoundRequest& bound, const Signature& signature, bool batched) {
  CLAIM(bound.inputs.size() == signature.inputs.size());
  bool all_have_rows = true;
  int64_t elements = 0;
  for (size_t i = 0; i < bound.inputs.size(); ++i) {
    check_bound_input(bound.inputs[i], signature.inputs[i]);
    const Shape& shape = bound.inputs[i].shape;
    all_have_rows = all_have_rows && shape.rank > 0;
    elements += bound.inputs[i].elements;
    if (batched && shape.rank > 0) CLAIM(shape[0] == bound.rows);
  }
  CLAIM(bound.elements == elements);
  CLAIM(can_share_batch(bound, bound) == all_have_rows);
  std::set<uint16_t> outputs(bound.outputs.begin(), bound.outputs.end());
  CLAIM(!outputs.empty() && outputs.size() == bound.outputs.size());
  CLAIM(*outputs.rbegin() < signature.outputs.size());
}

void check_refusal(const Status& status) {
  CLAIM(!status.message.empty());
  CLAIM(std::all_of(status.message.begin(), status.message.end(),
                    [](char c) { return c >= ' ' && c <= '~'; }));
}

void check_decoded(const InferRequestView& request, BytesView message) {
  ViewCheck check(message);
  check.request(request);
  CLAIM(check.items() <= kRequestItemsMax);
  const Bytes written = RequestWriter::write(request);
  InferRequestView again;
  CLAIM(decode_infer_request(written, again).ok());
  CLAIM(RequestWriter::write(again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<Signature> signatures = make_signatures();
  // As on an io thread: nothing of the request before may show, trimmed or not.
  static InferRequestView reused;
  static BoundRequest bound;
  if (size % 4 == 0) {
    reused.trim();
    bound.trim();
    CLAIM(reused.inputs.empty() && reused.outputs.empty() && bound.inputs.empty());
  }
  const ExactCopy message(BytesView(reinterpret_cast<const char*>(data), size));
  InferRequestView fresh;
  const Status status = decode_infer_request(message.view(), fresh);
  CLAIM(decode_infer_request(message.view(), reused).error == status.error);
  if (!status.ok()) {
    check_refusal(status);
    return 0;
  }
  check_decoded(fresh, message.view());
  CLAIM(RequestWriter::write(reused) == RequestWriter::write(fresh));
  for (const Signature& signature : signatures) {
    for (const bool batched : {false, true}) {
      const Status told = bind_request(reused, "m", signature, batched, bound);
      if (told.ok()) {
        check_bound(bound, signature, batched);
      } else {
        check_refusal(told);
      }
    }
  }
  return 0;
}
