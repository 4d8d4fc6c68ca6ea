// The requests that are sent and the answers that are expected.
//
// A corpus file is "TYLOAD1\n", then for each entry: u32 length and bytes of a ModelInferRequest,
// u32 length and bytes of the ModelInferResponse that is right for it; little-endian.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tiltyard::load {

struct CorpusEntry {
  std::string frame;     // the request with its gRPC prefix, ready to be sent
  std::string expected;  // ModelInferResponse with the right outputs
  // A whole reply frame that was checked value by value. The same bytes again are right without
  // another look, which is what makes checking every reply affordable.
  std::string right_frame;
};

struct Corpus {
  std::vector<CorpusEntry> entries;
};

// The gRPC prefix (not compressed, length) followed by the message.
std::string grpc_frame(std::string_view message);

// Fills `corpus`; the returned sentence is empty, or says what is wrong with the file.
std::string read_corpus(const std::string& file, Corpus& corpus);

}  // namespace tiltyard::load
