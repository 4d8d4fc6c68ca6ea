#include "infer/record_reads.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "infer/category_code.h"
#include "infer/element_kind.h"

namespace tiltyard {
namespace {

constexpr std::array<std::string_view, 12> kNames = {"number", "category", "one_hot",      "length",
                                                     "argmax", "mean",     "spread",       "min",
                                                     "max",    "norm",     "count_length", "width"};
static_assert(kNames.size() == static_cast<size_t>(SlotReads::width) + 1);

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

uint32_t word_of(double value) {
  return std::bit_cast<uint32_t>(static_cast<float>(value));
}

// ---- elements one by one

// How many of a run of columns are in the row.
size_t present(const RecordTensor& tensor, RecordWindow window) {
  if (window.column >= tensor.width) return 0;
  return std::min<size_t>(window.count, tensor.width - window.column);
}

// Only of what is there: a tensor that is missing has no address.
template <typename Kind>
const char* element(const RecordTensor& tensor, size_t row, size_t column) {
  return tensor.data + (row * tensor.step + column) * Kind::kBytes;
}
const BytesView* string_at(const RecordTensor& tensor, size_t row, size_t column) {
  return tensor.strings + row * tensor.step + column;
}

template <typename Kind>
void read_numbers(const RecordTensor& tensor, size_t row, RecordWindow window, uint32_t* words) {
  const size_t count = present(tensor, window);
  if (count > 0) {
    const char* const from = element<Kind>(tensor, row, window.column);
    if constexpr (std::is_same_v<Kind, PlainKind<float>>) {
      std::memcpy(words, from, count * sizeof(float));
    } else {
      for (size_t i = 0; i < count; ++i) {
        const auto value = static_cast<float>(Kind::load(from + i * Kind::kBytes));
        words[i] = std::bit_cast<uint32_t>(value);
      }
    }
  }
  std::fill(words + count, words + window.count, word_of(kNan));
}

template <typename Kind>
void read_categories(const RecordTensor& tensor, size_t row, RecordWindow window, uint32_t* words) {
  const size_t count = present(tensor, window);
  for (size_t i = 0; i < count; ++i) {
    words[i] = category_code_of(Kind::load(element<Kind>(tensor, row, window.column + i)));
  }
  std::fill(words + count, words + window.count, kMissingCode);
}

void read_string_categories(const RecordTensor& tensor, size_t row, RecordWindow window,
                            uint32_t* words) {
  const size_t count = present(tensor, window);
  for (size_t i = 0; i < count; ++i) {
    words[i] = category_code(*string_at(tensor, row, window.column + i));
  }
  std::fill(words + count, words + window.count, kMissingCode);
}

void read_lengths(const RecordTensor& tensor, size_t row, RecordWindow window, uint32_t* words) {
  const size_t count = present(tensor, window);
  for (size_t i = 0; i < count; ++i) {
    words[i] = word_of(static_cast<double>(string_at(tensor, row, window.column + i)->size()));
  }
  std::fill(words + count, words + window.count, word_of(kNan));
}

// ---- windows

// The number of elements, where the row has them all.
std::optional<size_t> elements_in(const RecordTensor& tensor, RecordWindow window) {
  const size_t end = size_t{window.column} + window.count;
  if (!tensor.is_there || end > tensor.width) return {};
  return window.count == 0 ? tensor.width - window.column : window.count;
}

template <typename Kind>
uint32_t one_hot_of(const RecordTensor& tensor, size_t row, size_t column, size_t count) {
  size_t found = count;
  for (size_t i = 0; i < count; ++i) {
    const auto value = Kind::load(element<Kind>(tensor, row, column + i));
    if (value == 0) continue;
    if (found < count || is_nan(value)) return kInvalidCode;
    found = i;
  }
  return found < count ? static_cast<uint32_t>(found) : kMissingCode;
}

template <typename Kind>
void read_one_hot(const RecordTensor& tensor, size_t row, RecordWindow window, uint32_t* words) {
  const std::optional<size_t> count = elements_in(tensor, window);
  *words = count ? one_hot_of<Kind>(tensor, row, window.column, *count) : kMissingCode;
}

template <typename Kind>
double argmax_of(const RecordTensor& tensor, size_t row, size_t column, size_t count) {
  if (count == 0) return kNan;
  size_t place = 0;
  auto largest = Kind::load(element<Kind>(tensor, row, column));
  for (size_t i = 0; i < count; ++i) {
    const auto value = Kind::load(element<Kind>(tensor, row, column + i));
    if (is_nan(value)) return kNan;
    if (value > largest) {
      largest = value;
      place = i;
    }
  }
  return static_cast<double>(place);
}

template <typename Kind>
void read_argmax(const RecordTensor& tensor, size_t row, RecordWindow window, uint32_t* words) {
  const std::optional<size_t> count = elements_in(tensor, window);
  *words = word_of(count ? argmax_of<Kind>(tensor, row, window.column, *count) : kNan);
}

// `at(i)` is value i of `count`, as a double.
template <typename At>
double sum_of(At at, size_t count) {
  if (count == 0) return kNan;
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += at(i);
  return sum;
}

template <typename At>
double mean_of(At at, size_t count) {
  return sum_of(at, count) / static_cast<double>(count);
}

// Two passes: the difference of two large sums would be mostly rounding.
template <typename At>
double spread_of(At at, size_t count) {
  const double mean = mean_of(at, count);
  const double variance = mean_of(
      [&](size_t i) {
        const double difference = at(i) - mean;
        return difference * difference;
      },
      count);
  return std::sqrt(variance);
}

template <typename At>
double norm_of(At at, size_t count) {
  return std::sqrt(sum_of([&](size_t i) { return at(i) * at(i); }, count));
}

template <typename At>
double extreme_of(At at, size_t count, bool is_largest) {
  double extreme = kNan;
  for (size_t i = 0; i < count; ++i) {
    const double value = at(i);
    extreme = is_largest ? std::fmax(extreme, value) : std::fmin(extreme, value);
  }
  return extreme;
}

template <SlotReads kReads, typename At>
double summary_of(At at, size_t count) {
  if constexpr (kReads == SlotReads::mean) return mean_of(at, count);
  if constexpr (kReads == SlotReads::spread) return spread_of(at, count);
  if constexpr (kReads == SlotReads::norm) return norm_of(at, count);
  if constexpr (kReads == SlotReads::min) return extreme_of(at, count, false);
  if constexpr (kReads == SlotReads::max) return extreme_of(at, count, true);
  if constexpr (kReads == SlotReads::count_length) return static_cast<double>(count);
}

template <SlotReads kReads, typename Kind>
void read_summary(const RecordTensor& tensor, size_t row, RecordWindow window, uint32_t* words) {
  const std::optional<size_t> count = elements_in(tensor, window);
  const auto at = [&](size_t i) {
    return static_cast<double>(Kind::load(element<Kind>(tensor, row, window.column + i)));
  };
  *words = word_of(count ? summary_of<kReads>(at, *count) : kNan);
}

template <SlotReads kReads>
void read_string_summary(const RecordTensor& tensor, size_t row, RecordWindow window,
                         uint32_t* words) {
  const std::optional<size_t> count = elements_in(tensor, window);
  const auto at = [&](size_t i) {
    return static_cast<double>(string_at(tensor, row, window.column + i)->size());
  };
  *words = word_of(count ? summary_of<kReads>(at, *count) : kNan);
}

void read_width(const RecordTensor& tensor, size_t, RecordWindow, uint32_t* words) {
  *words = word_of(tensor.is_there ? static_cast<double>(tensor.width) : kNan);
}

// ---- choice

template <typename Kind>
RecordRead number_read_of(SlotReads reads) {
  switch (reads) {
    case SlotReads::number:
      return read_numbers<Kind>;
    case SlotReads::category:
      return read_categories<Kind>;
    case SlotReads::one_hot:
      return read_one_hot<Kind>;
    case SlotReads::argmax:
      return read_argmax<Kind>;
    case SlotReads::mean:
      return read_summary<SlotReads::mean, Kind>;
    case SlotReads::spread:
      return read_summary<SlotReads::spread, Kind>;
    case SlotReads::min:
      return read_summary<SlotReads::min, Kind>;
    case SlotReads::max:
      return read_summary<SlotReads::max, Kind>;
    case SlotReads::norm:
      return read_summary<SlotReads::norm, Kind>;
    case SlotReads::width:
      return read_width;
    case SlotReads::length:
    case SlotReads::count_length:
      return nullptr;
  }
  return nullptr;
}

RecordRead string_read_of(SlotReads reads) {
  switch (reads) {
    case SlotReads::category:
      return read_string_categories;
    case SlotReads::length:
      return read_lengths;
    case SlotReads::mean:
      return read_string_summary<SlotReads::mean>;
    case SlotReads::min:
      return read_string_summary<SlotReads::min>;
    case SlotReads::max:
      return read_string_summary<SlotReads::max>;
    case SlotReads::count_length:
      return read_string_summary<SlotReads::count_length>;
    case SlotReads::width:
      return read_width;
    default:
      return nullptr;
  }
}

}  // namespace

std::string_view slot_reads_name(SlotReads reads) {
  return kNames[static_cast<size_t>(reads)];
}

std::optional<SlotReads> slot_reads_of(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return {};
  return static_cast<SlotReads>(found - kNames.begin());
}

bool reads_one_element(SlotReads reads) {
  return reads == SlotReads::number || reads == SlotReads::category || reads == SlotReads::length;
}

RecordRead record_read_of(SlotReads reads, DataType type) {
  if (type == DataType::BYTES) return string_read_of(reads);
  RecordRead found = nullptr;
  with_kind(type, [&](auto kind) { found = number_read_of<decltype(kind)>(reads); });
  return found;
}

}  // namespace tiltyard
