#include "infer/record_layout.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/limits.h"

namespace tiltyard {
namespace {

// What two slots must share to be read at once: the tensor and the way, and neighbouring columns.
bool continues(const SlotSpec& before, const SlotSpec& slot) {
  return reads_one_element(slot.reads) && slot.reads == before.reads && slot.side == before.side &&
         slot.tensor == before.tensor && slot.column == before.column + 1;
}

// Whether dimension 0 of such a tensor can be rows: it is free, or there is one.
bool can_be_rows(const TensorSpec& spec) {
  return spec.shape.rank == 0 || spec.shape[0] < 0 || spec.shape[0] == 1;
}

// Elements of a row; empty where dimensions are free.
std::optional<int64_t> row_width(const TensorSpec& spec, bool has_rows) {
  Shape row;
  const bool is_cut = has_rows && can_be_rows(spec);
  for (size_t i = is_cut ? 1 : 0; i < spec.shape.rank; ++i) row.dims[row.rank++] = spec.shape[i];
  return element_count(row);
}

std::string elements_text(const SlotSpec& slot) {
  if (slot.count == 1) return "element " + std::to_string(slot.column);
  const std::string first = "elements from " + std::to_string(slot.column);
  return slot.count == 0 ? first
                         : first + " to " + std::to_string(uint64_t{slot.column} + slot.count - 1);
}

// What is wrong with the slot, beginning with the tensor's name; empty: nothing.
std::string problem_of(const SlotSpec& slot, const TensorSpec& spec, bool has_rows) {
  const std::string reads = "'" + std::string(slot_reads_name(slot.reads)) + "'";
  if (record_read_of(slot.reads, spec.type) == nullptr) {
    return reads + " cannot be read of " + std::string(data_type_name(spec.type));
  }
  if (reads_one_element(slot.reads) && slot.count != 1) {
    return reads + " reads one element, so its count is 1; got " + std::to_string(slot.count);
  }
  const std::optional<int64_t> width = row_width(spec, has_rows);
  const uint64_t end = uint64_t{slot.column} + slot.count;
  if (!width || end <= static_cast<uint64_t>(*width)) return "";
  return "a row has " + std::to_string(*width) + " elements; " + reads + " asks for " +
         elements_text(slot);
}

const TensorSpec& spec_of(const Signature& signature, const SlotSpec& slot) {
  return (slot.side == RecordSide::input ? signature.inputs : signature.outputs)[slot.tensor];
}

}  // namespace

std::string RecordLayout::make(const Signature& signature, bool is_batchable,
                               std::span<const SlotSpec> slots, RecordLayout& out) {
  if (slots.size() > kRecordSlotsMax) {
    return "a record has at most " + std::to_string(kRecordSlotsMax) + " slots; got " +
           std::to_string(slots.size());
  }
  RecordLayout layout;
  layout.slots_ = slots.size();
  layout.tensors_.has_rows =
      is_batchable || std::all_of(signature.inputs.begin(), signature.inputs.end(), can_be_rows);
  for (size_t i = 0; i < slots.size(); ++i) {
    const TensorSpec& spec = spec_of(signature, slots[i]);
    if (std::string problem = problem_of(slots[i], spec, layout.tensors_.has_rows);
        !problem.empty()) {
      const char* side = slots[i].side == RecordSide::input ? "input" : "output";
      return "slot " + std::to_string(i) + ", " + side + " '" + spec.name + "': " + problem;
    }
  }
  layout.list_tensors(signature, slots);
  layout.list_steps(signature, slots);
  out = std::move(layout);
  return "";
}

void RecordLayout::list_tensors(const Signature& signature, std::span<const SlotSpec> slots) {
  for (const SlotSpec& slot : slots) {
    if (slot.side == RecordSide::input) {
      const auto index = static_cast<uint16_t>(slot.tensor);
      std::vector<uint16_t>& known = tensors_.inputs;
      if (std::find(known.begin(), known.end(), index) == known.end()) known.push_back(index);
    } else {
      const TensorSpec* const spec = &spec_of(signature, slot);
      std::vector<const TensorSpec*>& known = tensors_.outputs;
      if (std::find(known.begin(), known.end(), spec) == known.end()) known.push_back(spec);
    }
  }
}

void RecordLayout::list_steps(const Signature& signature, std::span<const SlotSpec> slots) {
  for (size_t i = 0; i < slots.size(); ++i) {
    const SlotSpec& slot = slots[i];
    if (i > 0 && continues(slots[i - 1], slot)) {
      ++steps_.back().window.count;
      continue;
    }
    const TensorSpec& spec = spec_of(signature, slot);
    const auto& inputs = tensors_.inputs;
    const auto& outputs = tensors_.outputs;
    const auto index =
        slot.side == RecordSide::input
            ? std::find(inputs.begin(), inputs.end(), slot.tensor) - inputs.begin()
            : static_cast<ptrdiff_t>(inputs.size()) +
                  (std::find(outputs.begin(), outputs.end(), &spec) - outputs.begin());
    steps_.push_back({record_read_of(slot.reads, spec.type),
                      {slot.column, slot.count},
                      static_cast<uint32_t>(index),
                      static_cast<uint32_t>(i)});
  }
}

}  // namespace tiltyard
