#include "model/trial_rows.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "infer/bytes_codec.h"

namespace tiltyard {
namespace {

constexpr size_t kRandomRows = 64;
constexpr size_t kRowsMin = 64;        // variants included
constexpr size_t kRowsMax = 128;       // of the samples that are used
constexpr double kVariation = 0.125;   // of a value, up or down
constexpr int64_t kFreeDimension = 8;  // what a free dimension but the first becomes
constexpr uint64_t kSeed = 20'240'607;

// Every pattern of extreme rows: all of one value, or the sample scaled.
struct Extreme {
  double scale;  // 0: `value` instead
  double value;
};
constexpr std::array<Extreme, 9> kExtremes = {{
    {1e3, 0},
    {1e6, 0},
    {1e30, 0},
    {-1e6, 0},
    {0, 0},
    {0, std::numeric_limits<float>::max()},
    {0, std::numeric_limits<double>::infinity()},
    {0, -std::numeric_limits<double>::infinity()},
    {0, std::numeric_limits<double>::quiet_NaN()},
}};

template <typename T>
void append_value(Bytes& out, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  out.append(raw, sizeof(T));
}

// bfloat16 and float16 values of N(0,1) come from the bits of what is near: one of these.
constexpr std::array<uint16_t, 4> kHalfs = {0x3c00, 0xb800, 0x3800, 0x3400};
constexpr std::array<uint16_t, 4> kBfloats = {0x3f80, 0xbf00, 0x3f00, 0x3e80};

void append_random(DataType type, std::mt19937_64& random, Bytes& out) {
  std::normal_distribution<double> normal;
  switch (type) {
    case DataType::FP32:
      return append_value(out, static_cast<float>(normal(random)));
    case DataType::FP64:
      return append_value(out, normal(random));
    case DataType::FP16:
      return append_value(out, kHalfs[random() % kHalfs.size()]);
    case DataType::BF16:
      return append_value(out, kBfloats[random() % kBfloats.size()]);
    case DataType::BYTES:
      return append_framed("", out);
    default:  // integers and bools: 0, which every index accepts
      out.append(element_bytes(type), '\0');
  }
}

std::vector<SampleTensor> random_samples(const Signature& signature) {
  std::mt19937_64 random(kSeed);
  std::vector<SampleTensor> samples;
  for (const TensorSpec& spec : signature.inputs) {
    SampleTensor sample{spec.type, spec.shape, {}};
    for (size_t i = 0; i < sample.shape.rank; ++i) {
      if (sample.shape.dims[i] < 0) {
        sample.shape.dims[i] = i == 0 ? static_cast<int64_t>(kRandomRows) : kFreeDimension;
      }
    }
    const int64_t elements = element_count(sample.shape).value_or(0);
    for (int64_t i = 0; i < elements; ++i) append_random(spec.type, random, sample.raw);
    samples.push_back(std::move(sample));
  }
  return samples;
}

bool fits(const SampleTensor& sample, const TensorSpec& spec, std::string& what) {
  bool same = sample.type == spec.type && sample.shape.rank == spec.shape.rank;
  for (size_t i = 0; same && i < spec.shape.rank; ++i) {
    same = spec.shape[i] < 0 || spec.shape[i] == sample.shape[i];
  }
  const std::optional<int64_t> elements = element_count(sample.shape);
  if (same && elements) {
    same = spec.type == DataType::BYTES
               ? check_framed_bytes(sample.raw, *elements) == BytesFraming::ok
               : sample.raw.size() == static_cast<size_t>(*elements) * element_bytes(spec.type);
  }
  if (same && elements) return true;
  what = "the golden sample of input '" + spec.name + "' is " +
         std::string(data_type_name(sample.type)) + shape_text(sample.shape) + " in " +
         std::to_string(sample.raw.size()) + " bytes; the input is " +
         std::string(data_type_name(spec.type)) + shape_text(spec.shape);
  return false;
}

// Row `row` of a tensor.
SampleTensor slice(const SampleTensor& from, int64_t row) {
  SampleTensor out{from.type, from.shape, {}};
  out.shape.dims[0] = 1;
  const auto rows = static_cast<size_t>(from.shape[0]);
  if (from.type != DataType::BYTES) {
    const size_t bytes = from.raw.size() / rows;
    out.raw = from.raw.substr(static_cast<size_t>(row) * bytes, bytes);
    return out;
  }
  std::vector<BytesView> strings;
  append_framed_views(from.raw, strings);
  const size_t each = strings.size() / rows;
  for (size_t i = 0; i < each; ++i) {
    append_framed(strings[static_cast<size_t>(row) * each + i], out.raw);
  }
  return out;
}

template <typename T>
void vary(Bytes& raw, std::mt19937_64& random) {
  std::uniform_real_distribution<double> factor(1 - kVariation, 1 + kVariation);
  for (size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + at, sizeof(T));
    value = static_cast<T>(value * factor(random));
    std::memcpy(raw.data() + at, &value, sizeof(T));
  }
}

template <typename T>
void make_extreme(Bytes& raw, const Extreme& extreme) {
  for (size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + at, sizeof(T));
    value = static_cast<T>(extreme.scale != 0 ? value * extreme.scale : extreme.value);
    std::memcpy(raw.data() + at, &value, sizeof(T));
  }
}

}  // namespace

std::unique_ptr<TrialRows> TrialRows::create(const Signature& signature,
                                             const std::vector<SampleTensor>& samples,
                                             std::string& what) {
  if (!samples.empty() && samples.size() != signature.inputs.size()) {
    what = std::to_string(samples.size()) + " golden samples for " +
           std::to_string(signature.inputs.size()) + " inputs";
    return nullptr;
  }
  const std::vector<SampleTensor> used = samples.empty() ? random_samples(signature) : samples;
  for (size_t i = 0; i < used.size(); ++i) {
    if (!fits(used[i], signature.inputs[i], what)) return nullptr;
  }
  std::unique_ptr<TrialRows> trial(new TrialRows(signature));
  trial->whole_ = *trial->bind(used);
  trial->add_rows(used);
  if (trial->has_rows()) {
    trial->add_variants();
    trial->add_extremes();
  }
  return trial;
}

std::unique_ptr<BoundRequest> TrialRows::bind(const std::vector<SampleTensor>& tensors) {
  owned_.push_back(std::make_unique<std::vector<SampleTensor>>(tensors));
  auto request = std::make_unique<BoundRequest>();
  request->rows = 1;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const SampleTensor& tensor = (*owned_.back())[i];
    BoundInput& input = request->inputs.emplace_back();
    input.spec = &signature_.inputs[i];
    input.shape = tensor.shape;
    input.elements = element_count(tensor.shape).value_or(0);
    request->elements += input.elements;
    input.is_raw = true;
    input.raw = tensor.raw;
    if (i == 0 && tensor.shape.rank > 0) request->rows = tensor.shape[0];
  }
  for (size_t o = 0; o < signature_.outputs.size(); ++o) {
    request->outputs.push_back(static_cast<uint16_t>(o));
  }
  return request;
}

void TrialRows::add_rows(const std::vector<SampleTensor>& samples) {
  int64_t rows = -1;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (samples[i].shape.rank == 0 || signature_.inputs[i].shape[0] >= 0) return;
    if (rows >= 0 && samples[i].shape[0] != rows) return;
    rows = samples[i].shape[0];
  }
  for (int64_t row = 0; row < std::min<int64_t>(rows, kRowsMax); ++row) {
    std::vector<SampleTensor> one;
    for (const SampleTensor& sample : samples) one.push_back(slice(sample, row));
    rows_.push_back(bind(one));
  }
}

void TrialRows::add_variants() {
  const bool has_floats =
      std::any_of(signature_.inputs.begin(), signature_.inputs.end(), [](const TensorSpec& spec) {
        return spec.type == DataType::FP32 || spec.type == DataType::FP64;
      });
  if (!has_floats) return;
  std::mt19937_64 random(kSeed);
  const size_t given = rows_.size();
  for (size_t i = 0; rows_.size() < kRowsMin; ++i) {
    std::vector<SampleTensor> tensors;
    for (const BoundInput& input : rows_[i % given]->inputs) {
      SampleTensor tensor{input.spec->type, input.shape, Bytes(input.raw)};
      if (tensor.type == DataType::FP32) vary<float>(tensor.raw, random);
      if (tensor.type == DataType::FP64) vary<double>(tensor.raw, random);
      tensors.push_back(std::move(tensor));
    }
    rows_.push_back(bind(tensors));
  }
}

void TrialRows::add_extremes() {
  for (const Extreme& extreme : kExtremes) {
    std::vector<SampleTensor> tensors;
    for (const BoundInput& input : row(0).inputs) {
      SampleTensor tensor{input.spec->type, input.shape, Bytes(input.raw)};
      if (tensor.type == DataType::FP32) make_extreme<float>(tensor.raw, extreme);
      if (tensor.type == DataType::FP64) make_extreme<double>(tensor.raw, extreme);
      tensors.push_back(std::move(tensor));
    }
    extremes_.push_back(bind(tensors));
  }
}

}  // namespace tiltyard
