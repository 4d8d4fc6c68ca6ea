// The tensors of one request that its records are read from.
//
// One a thread, used again for each request: capacity stays, so that a warm thread allocates
// nothing. Its views live as long as the request's bytes and the outputs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/reused_vector.h"
#include "infer/record_reads.h"
#include "infer/request_bind.h"
#include "infer/response_decode.h"
#include "infer/response_encode.h"

namespace tiltyard {

// The tensors that a layout reads: the inputs first, and of each its index in the signature.
struct RecordTensors {
  bool has_rows = true;  // entries along dimension 0; else all of a tensor is one row
  std::vector<uint16_t> inputs;
  std::vector<const TensorSpec*> outputs;  // of the version, which outlives the layout
};

class RecordSource {
 public:
  // The request, without outputs. `tensors` lives until the next set_request().
  void set_request(const RecordTensors& tensors, const BoundRequest& request);
  // What it was answered with; an output that is not among them is missing.
  void set_outputs(std::span<const OutputView> outputs);
  // The same from a reply, perhaps another version's: outputs are matched by name and datatype.
  void set_reply(const InferResponseView& reply);
  // What one unusual request took of memory goes.
  void trim();

  size_t rows() const { return rows_; }
  // Of RecordTensors, inputs and outputs together.
  const RecordTensor& tensor(size_t index) const { return tensors_[index]; }

 private:
  // What a tensor needs where its bytes are not elements one after the other.
  struct Room {
    Bytes elements;
    std::vector<BytesView> strings;

    void trim();
  };
  void set_input(const BoundInput& input, RecordTensor& to, Room& room);
  void set_output(const TensorView& output, RecordTensor& to, Room& room);
  void set_rows(const Shape& shape, size_t elements, RecordTensor& to) const;

  const RecordTensors* wanted_ = nullptr;
  size_t rows_ = 0;
  std::vector<RecordTensor> tensors_;
  std::vector<Room> rooms_;  // beside them
  bool has_used_room_ = false;
};

}  // namespace tiltyard
