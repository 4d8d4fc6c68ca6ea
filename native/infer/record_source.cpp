#include "infer/record_source.h"

#include <algorithm>

#include "infer/bytes_codec.h"

namespace tiltyard {
namespace {

// Raw bytes that are the elements as they stand. Any byte but 0 is a true BOOL, which is the
// reader's to know.
bool is_in_place(const BoundInput& input) {
  return input.is_raw && input.spec->type != DataType::BYTES;
}

}  // namespace

void RecordSource::Room::trim() {
  if (elements.capacity() > kMessageBytesKept) free_bytes(elements);
  clear_and_trim(strings);
}

void RecordSource::set_request(const RecordTensors& tensors, const BoundRequest& request) {
  wanted_ = &tensors;
  rows_ = tensors.has_rows ? static_cast<size_t>(request.rows) : 1;
  const size_t count = tensors.inputs.size() + tensors.outputs.size();
  tensors_.assign(count, RecordTensor());
  if (rooms_.size() < count) rooms_.resize(count);
  for (size_t i = 0; i < tensors.inputs.size(); ++i) {
    set_input(request.inputs[tensors.inputs[i]], tensors_[i], rooms_[i]);
  }
}

void RecordSource::set_rows(const Shape& shape, size_t elements, RecordTensor& to) const {
  to.is_there = true;
  if (rows_ == 1) {
    to.width = elements;
  } else if (shape.rank == 0) {
    to.width = std::min<size_t>(1, elements);  // of every row
  } else if (rows_ > 0 && shape[0] == static_cast<int64_t>(rows_)) {
    to.width = to.step = elements / rows_;
  } else {
    to = RecordTensor();  // it says nothing about a row
  }
}

void RecordSource::set_input(const BoundInput& input, RecordTensor& to, Room& room) {
  set_rows(input.shape, static_cast<size_t>(input.elements), to);
  if (is_in_place(input)) {
    to.data = input.raw.data();
    return;
  }
  has_used_room_ = true;
  if (input.spec->type == DataType::BYTES) {
    room.strings.clear();
    append_strings(input, room.strings);
    to.strings = room.strings.data();
  } else {
    room.elements.resize(static_cast<size_t>(input.elements) * element_bytes(input.spec->type));
    copy_elements(input, room.elements.data());
    to.data = room.elements.data();
  }
}

void RecordSource::set_output(const TensorView& output, RecordTensor& to, Room& room) {
  if (output.type == DataType::BYTES) {
    has_used_room_ = true;
    room.strings.clear();
    append_framed_views(output.data, room.strings);
    set_rows(output.shape, room.strings.size(), to);
    to.strings = room.strings.data();
  } else {
    set_rows(output.shape, output.data.size() / element_bytes(output.type), to);
    to.data = output.data.data();
  }
}

void RecordSource::set_outputs(std::span<const OutputView> outputs) {
  const size_t first = wanted_->inputs.size();
  for (size_t i = 0; i < wanted_->outputs.size(); ++i) {
    RecordTensor& to = tensors_[first + i] = RecordTensor();
    for (const OutputView& output : outputs) {
      if (output.spec != wanted_->outputs[i]) continue;
      set_output({output.spec->type, output.shape, output.data}, to, rooms_[first + i]);
    }
  }
}

void RecordSource::set_reply(const InferResponseView& reply) {
  const size_t first = wanted_->inputs.size();
  for (size_t i = 0; i < wanted_->outputs.size(); ++i) {
    RecordTensor& to = tensors_[first + i] = RecordTensor();
    const TensorSpec& spec = *wanted_->outputs[i];
    for (const ReplyOutputView& output : reply.outputs) {
      if (output.name != spec.name || output.tensor.type != spec.type) continue;
      set_output(output.tensor, to, rooms_[first + i]);
    }
  }
}

void RecordSource::trim() {
  if (!has_used_room_) return;
  has_used_room_ = false;
  for (Room& room : rooms_) room.trim();
}

}  // namespace tiltyard
