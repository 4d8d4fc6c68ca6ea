// What Python hands over to record a version, in C++ shapes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/record_plan.h"
#include "ring/record_reader.h"
#include "route/served_version.h"

namespace tiltyard {

// A record plan in the making, and on its way to its version.
class RecordDraft {
 public:
  explicit RecordDraft(const std::shared_ptr<ServedVersion>& served) : version_(served->version) {}
  // What is wrong, in a sentence, or empty; a draft with a wrong slot is not made.
  std::string add_slot(const std::string& side, const std::string& tensor, int64_t column,
                       int64_t count, const std::string& reads);
  // What is wrong, in a sentence; empty: `out` is what is recorded of the version from now on.
  std::string set(const std::vector<uint64_t>& planes, std::shared_ptr<const RecordPlan>& out);

 private:
  const std::shared_ptr<ModelVersion> version_;
  std::vector<SlotSpec> slots_;
};

void stop_recording(const std::shared_ptr<ServedVersion>& served);

// RecordReader::take() at the time it is.
void take_records(RecordReader& reader, std::vector<RecordSpan>& out);

}  // namespace tiltyard
