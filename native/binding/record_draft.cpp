#include "binding/record_draft.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/clock.h"

namespace tiltyard {
namespace {

// "A, B, C", for the sentences.
std::string names_of(const std::vector<TensorSpec>& specs) {
  std::string names;
  for (const TensorSpec& spec : specs) {
    if (!names.empty()) names.append(", ");
    names.append(spec.name);
  }
  return names;
}

bool fits(int64_t number) {
  return number >= 0 && number <= int64_t{std::numeric_limits<int32_t>::max()};
}

}  // namespace

std::string RecordDraft::add_slot(const std::string& side, const std::string& tensor,
                                  int64_t column, int64_t count, const std::string& reads) {
  const std::string slot = "slot " + std::to_string(slots_.size());
  if (side != "input" && side != "output") {
    return slot + ", tensor '" + tensor + "': a side is 'input' or 'output'; got '" + side + "'";
  }
  const bool is_input = side == "input";
  const Signature& signature = version_->signature();
  const std::vector<TensorSpec>& specs = is_input ? signature.inputs : signature.outputs;
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [&](const TensorSpec& spec) { return spec.name == tensor; });
  const std::string where = slot + ", " + side + " '" + tensor + "': ";
  if (found == specs.end()) {
    return where + "the version has no such " + side + "; it has " + names_of(specs);
  }
  const std::optional<SlotReads> read = slot_reads_of(reads);
  if (!read) return where + "there is no way to read '" + reads + "'";
  if (!fits(column) || !fits(count)) {
    return where + "column and count are numbers from 0 to 2147483647; got " +
           std::to_string(column) + " and " + std::to_string(count);
  }
  slots_.push_back({is_input ? RecordSide::input : RecordSide::output,
                    static_cast<size_t>(found - specs.begin()), static_cast<uint32_t>(column),
                    static_cast<uint32_t>(count), *read});
  return "";
}

std::string RecordDraft::set(const std::vector<uint64_t>& planes,
                             std::shared_ptr<const RecordPlan>& out) {
  std::array<uint64_t, kRecordPlanes> ids{};
  if (planes.size() != ids.size()) {
    return "a version has " + std::to_string(ids.size()) + " planes; got " +
           std::to_string(planes.size());
  }
  std::copy(planes.begin(), planes.end(), ids.begin());
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string name = record_plane_name(static_cast<RecordPlane>(i));
    if (ids[i] == 0) return "the number of plane '" + name + "' is above 0; got 0";
    const size_t first =
        static_cast<size_t>(std::find(ids.begin(), ids.end(), ids[i]) - ids.begin());
    if (first == i) continue;
    return "each plane has a number of its own; '" + name + "' has that of '" +
           record_plane_name(static_cast<RecordPlane>(first)) + "', " + std::to_string(ids[i]);
  }
  RecordLayout layout;
  std::string problem =
      RecordLayout::make(version_->signature(), version_->batch_plan().batchable, slots_, layout);
  if (!problem.empty()) return problem;
  out = std::make_shared<RecordPlan>(std::move(layout), ids, version_->thread_slots());
  version_->set_record_plan(out);
  return "";
}

void stop_recording(const std::shared_ptr<ServedVersion>& served) {
  served->version->set_record_plan(nullptr);
}

void take_records(RecordReader& reader, std::vector<RecordSpan>& out) {
  reader.take(monotonic_ns(), out);
}

}  // namespace tiltyard
