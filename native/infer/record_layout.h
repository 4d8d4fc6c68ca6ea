// Which words a version's records have, and how each is read from a request and its answer.
//
// Made once by a control thread and immutable. Slots that lie beside one another in a tensor are
// read together: neighbouring FP32 numbers are one copy.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "infer/record_reads.h"
#include "infer/record_source.h"
#include "infer/tensor.h"
#include "stats/record.h"

namespace tiltyard {

enum class RecordSide : uint8_t { input, output };

// One word. `column` is the place of an element among those of a row, all dimensions after the
// first flattened; `count` is 1 where one element is read, else the window's, 0: up to the end.
struct SlotSpec {
  RecordSide side = RecordSide::input;
  size_t tensor = 0;  // in the signature
  uint32_t column = 0;
  uint32_t count = 1;
  SlotReads reads = SlotReads::number;
};

class RecordLayout {
 public:
  // What is wrong, in a sentence that names the slot and the tensor; empty: `out` is the layout.
  // `signature` outlives it.
  // `is_batchable` is the version's: its rows are then entries along dimension 0, as they are where
  // that dimension is free, or 1, in every input. Else all of a tensor is one row.
  static std::string make(const Signature& signature, bool is_batchable,
                          std::span<const SlotSpec> slots, RecordLayout& out);

  size_t slots() const { return slots_; }
  uint32_t stride() const { return record_stride(slots_); }  // bytes of a record
  const RecordTensors& tensors() const { return tensors_; }

  // Writes the words of one row, and the padding after them.
  void read_row(const RecordSource& source, size_t row, uint32_t* words) const {
    for (const Step& step : steps_) {
      step.read(source.tensor(step.tensor), row, step.window, words + step.word);
    }
    if (slots_ % 2 != 0) words[slots_] = 0;
  }

 private:
  struct Step {
    RecordRead read = nullptr;
    RecordWindow window;
    uint32_t tensor = 0;  // in `tensors_`
    uint32_t word = 0;
  };
  void list_tensors(const Signature& signature, std::span<const SlotSpec> slots);
  void list_steps(const Signature& signature, std::span<const SlotSpec> slots);

  size_t slots_ = 0;
  RecordTensors tensors_;
  std::vector<Step> steps_;
};

}  // namespace tiltyard
