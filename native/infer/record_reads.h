// How words of a record are read from a tensor of a request: one function for each way of reading
// and each datatype, chosen when the layout is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "infer/tensor.h"

namespace tiltyard {

// What a slot's word says. All but the codes are float32, with NaN for what is not there;
// summaries are computed in double.
enum class SlotReads : uint8_t {
  number,        // the element
  category,      // its category_code()
  one_hot,       // which of `count` elements is not 0, as an integer; kMissingCode: none,
                 // kInvalidCode: several, or a NaN
  length,        // of a string, in bytes
  argmax,        // where the largest of `count` elements stands, the first of equals; a NaN: NaN
  mean,          // of `count` elements, or of the lengths of strings
  spread,        // the standard deviation, divided by their number
  min,           // the smallest; NaN elements are passed over
  max,           // the largest, likewise
  norm,          // the square root of the sum of squares
  count_length,  // how many strings
  width,         // elements of the row
};

std::string_view slot_reads_name(SlotReads reads);
std::optional<SlotReads> slot_reads_of(std::string_view name);
// Whether it reads one element, so that slots of neighbouring columns can be read at once.
bool reads_one_element(SlotReads reads);

// A tensor of one request, as rows. What is read beyond a row is missing.
struct RecordTensor {
  const char* data = nullptr;          // raw elements,
  const BytesView* strings = nullptr;  // or of BYTES each one
  size_t width = 0;                    // elements of a row
  size_t step = 0;                     // elements from one row to the next; 0: all rows are the one
  bool is_there = false;
};

// What is read of a row, beginning at element `column`: `count` elements one by one, or a window of
// them, 0: all up to the end of the row.
struct RecordWindow {
  uint32_t column = 0;
  uint32_t count = 0;
};

// Writes one word, or one for each element where they are read one by one.
using RecordRead = void (*)(const RecordTensor& tensor, size_t row, RecordWindow window,
                            uint32_t* words);

// Null: elements of this type are not read so.
RecordRead record_read_of(SlotReads reads, DataType type);

}  // namespace tiltyard
