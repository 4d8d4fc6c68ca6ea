#include <doctest/doctest.h>

#include "model/ort_fixture.h"
#include "model/ort_session.h"

using namespace tiltyard;
using namespace tiltyard::test;

TEST_CASE("every datatype has its ONNX element type, and the way back is the same") {
  for (int i = 0; i <= static_cast<int>(DataType::BYTES); ++i) {
    const auto type = static_cast<DataType>(i);
    CHECK(data_type_of(ort_element_type(type)) == type);
  }
  CHECK_FALSE(data_type_of(14).has_value());  // complex64
}

TEST_CASE("a signature has names, datatypes, shapes and the names of free dimensions") {
  std::string what;
  const std::string bytes = OnnxModel()
                                .input("a", kFloat, {-1, 2})
                                .input("b", kInt64, {3})
                                .output("y", kFloat, {-1, 2})
                                .output("z", kInt64, {3})
                                .node("Identity", {"a"}, {"y"})
                                .node("Identity", {"b"}, {"z"})
                                .bytes();
  const auto session = tiltyard::OrtSession::create(ort_runtime(), bytes, {}, {}, what);
  REQUIRE_MESSAGE(session != nullptr, what);
  const Signature& signature = session->signature();
  REQUIRE(signature.inputs.size() == 2);
  CHECK(signature.inputs[0].name == "a");
  CHECK(signature.inputs[0].type == DataType::FP32);
  CHECK(shape_text(signature.inputs[0].shape) == "[-1,2]");
  CHECK(signature.inputs[0].symbols == std::vector<std::string>{"N", ""});
  CHECK(signature.inputs[1].type == DataType::INT64);
  CHECK(signature.outputs[1].name == "z");
}

TEST_CASE("a sequence is no tensor, and the refusal names it") {
  std::string what;
  const std::string bytes = OnnxModel()
                                .input("x", kFloat, {2})
                                .output("y", kFloat, {2})
                                .node("SequenceConstruct", {"x"}, {"y"})
                                .bytes();
  CHECK(tiltyard::OrtSession::create(ort_runtime(), bytes, {}, {}, what) == nullptr);
  CHECK_FALSE(what.empty());
}
