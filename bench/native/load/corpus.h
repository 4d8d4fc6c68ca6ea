// The requests that are sent and the answers that are expected.
//
// A corpus file is "TYLOAD1\n", then for each entry: a block with a ModelInferRequest and one with
// the ModelInferResponse that is right for it. A block is a u32 length and so many bytes;
// little-endian. Where the versions of a model answer each in its own way, the file is "TYLOAD2\n",
// a u32 number of versions and a block with the name of each; then each entry has one response for
// each version, in their order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tiltyard::load {

struct Answer {
  std::string expected;  // ModelInferResponse with the right outputs
  // A whole reply frame that was checked value by value. The same bytes again are right without
  // another look, which is what makes checking every reply affordable.
  std::string right_frame;
};

struct CorpusEntry {
  std::string frame;            // the request with its gRPC prefix, ready to be sent
  std::vector<Answer> answers;  // one for each of Corpus::versions
};

struct Corpus {
  // What model_version says in a reply; only "", when it may say anything.
  std::vector<std::string> versions;
  std::vector<CorpusEntry> entries;

  bool any_version() const { return versions.front().empty(); }
};

// The gRPC prefix (not compressed, length) followed by the message.
std::string grpc_frame(std::string_view message);

// Fills `corpus`; the returned sentence is empty, or says what is wrong with the file.
std::string read_corpus(const std::string& file, Corpus& corpus);

}  // namespace tiltyard::load
