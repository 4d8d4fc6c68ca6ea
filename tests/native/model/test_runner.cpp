#include <doctest/doctest.h>

#include <thread>

#include "model/ort_fixture.h"
#include "model/runner.h"

using namespace tiltyard;
using namespace tiltyard::test;

namespace {

OnnxModel scale(float factor) {
  return OnnxModel()
      .input("x", kFloat, {-1, 2})
      .output("y", kFloat, {-1, 2})
      .floats("factor", {1}, {factor})
      .node("Mul", {"x", "factor"}, {"y"});
}

OnnxModel identity(int type, const std::vector<int64_t>& dims) {
  return OnnxModel().input("x", type, dims).output("y", type, dims).node("Identity", {"x"}, {"y"});
}

}  // namespace

TEST_CASE("requests of different rows share a run and each gets its own rows") {
  const auto version = load(scale(3));
  CHECK(version->batch_plan().batchable);
  CHECK(version->batch_plan().bitwise);
  CHECK(version->outputs_preallocated());
  const TestRequest a(*version, {{1, 2}}, {raw_of<float>({1, 2})});
  const TestRequest b(*version, {{3, 2}}, {raw_of<float>({3, 4, 5, 6, 7, 8})});
  const BoundRequest* group[] = {&a.bound, &b.bound};
  Runner runner(0);
  REQUIRE(runner.run(*version, group).ok());
  CHECK(runner.rows() == 4);
  std::vector<OutputView> out;
  runner.outputs(1, out);
  CHECK(shape_text(out.at(0).shape) == "[3,2]");
  CHECK(values_of<float>(out[0].data) == std::vector<float>{9, 12, 15, 18, 21, 24});
  runner.outputs(0, out);
  CHECK(values_of<float>(out.at(0).data) == std::vector<float>{3, 6});
}

TEST_CASE("more rows than any plan has, and none at all") {
  const auto version = load(scale(2));
  std::vector<float> many(2 * 5'000, 1.5f);
  const TestRequest large(*version, {{5'000, 2}}, {raw_of(many)});
  CHECK(values_of<float>(run_alone(*version, large.bound).at(0)) ==
        std::vector<float>(2 * 5'000, 3.0f));
  const TestRequest none(*version, {{0, 2}}, {Bytes()});
  CHECK(run_alone(*version, none.bound).at(0).empty());
}

TEST_CASE("strings come through whole: NUL bytes, empty ones, long ones, alone and in a batch") {
  LoadOptions options = row_wise();
  options.samples = {{DataType::BYTES, shape_of({2, 1}), framed_of({"a", "b"})}};
  const auto version = load(identity(kString, {-1, 1}), options);
  CHECK(version->batch_plan().batchable);
  const Bytes long_text(10'000'000, 'z');
  const TestRequest a(*version, {{2, 1}}, {framed_of({Bytes("a\0b", 3), ""})});
  const TestRequest b(*version, {{1, 1}}, {framed_of({long_text})});
  CHECK(run_alone(*version, a.bound).at(0) == a.raws[0]);
  const BoundRequest* group[] = {&a.bound, &b.bound};
  Runner runner(0);
  REQUIRE(runner.run(*version, group).ok());
  std::vector<OutputView> out;
  runner.outputs(0, out);
  CHECK(out.at(0).data == a.raws[0]);
  runner.outputs(1, out);
  CHECK(out.at(0).data == b.raws[0]);
}

TEST_CASE("outputs that were let go do not trouble the next run") {
  LoadOptions options = row_wise();
  options.samples = {{DataType::BYTES, shape_of({1, 1}), framed_of({"a"})}};
  const auto version = load(identity(kString, {-1, 1}), options);
  const TestRequest large(*version, {{1, 1}}, {framed_of({Bytes(10'000'000, 'z')})});
  Runner runner(0);
  const BoundRequest* one = &large.bound;
  std::vector<OutputView> out;
  for (int i = 0; i < 2; ++i) {
    REQUIRE(runner.run(*version, {&one, 1}).ok());
    runner.outputs(0, out);
    CHECK(out.at(0).data == large.raws[0]);
    runner.release_outputs();
  }
}

TEST_CASE("scalars, fixed shapes and half floats run as they are") {
  const auto scalar = load(identity(kDouble, {}));
  CHECK_FALSE(scalar->batch_plan().batchable);
  const TestRequest one(*scalar, {{}}, {raw_of<double>({2.5})});
  CHECK(values_of<double>(run_alone(*scalar, one.bound).at(0)) == std::vector<double>{2.5});
  const auto half = load(identity(kFloat16, {2, 2}));
  const TestRequest halfs(*half, {{2, 2}}, {raw_of<uint16_t>({0x3c00, 0x7c00, 0, 0x8000})});
  CHECK(run_alone(*half, halfs.bound).at(0) == halfs.raws[0]);
  const auto flags = load(identity(kBool, {-1}));
  const TestRequest bools(*flags, {{3}}, {Bytes("\1\0\1", 3)});
  CHECK(run_alone(*flags, bools.bound).at(0) == bools.raws[0]);
}

TEST_CASE("what ONNX Runtime refuses becomes an error with its words") {
  LoadOptions options = row_wise();
  options.samples = {{DataType::INT64, shape_of({2}), raw_of<int64_t>({0, 1})}};
  const auto version = load(OnnxModel()
                                .input("i", kInt64, {-1})
                                .output("y", kFloat, {-1})
                                .floats("table", {3}, {10, 20, 30})
                                .node("Gather", {"table", "i"}, {"y"}),
                            options);
  const TestRequest good(*version, {{1}}, {raw_of<int64_t>({2})});
  const TestRequest bad(*version, {{1}}, {raw_of<int64_t>({99})});
  CHECK(values_of<float>(run_alone(*version, good.bound).at(0)) == std::vector<float>{30});
  const BoundRequest* group[] = {&good.bound, &bad.bound};
  Runner runner(0);
  const Status status = runner.run(*version, group);
  CHECK(status.error == Error::run_failed);
  CHECK(status.message.find("99") != std::string::npos);
  CHECK(values_of<float>(run_alone(*version, good.bound).at(0)) == std::vector<float>{30});
}

TEST_CASE("two threads run one version, each with its own slot") {
  LoadOptions options = row_wise();
  options.thread_slots = 2;
  const auto version = load(scale(2), options);
  std::vector<std::thread> threads;
  for (uint32_t slot = 0; slot < 2; ++slot) {
    threads.emplace_back([&, slot] {
      for (int i = 0; i < 2'000; ++i) {
        const auto value = static_cast<float>(i);
        const TestRequest request(*version, {{1, 2}}, {raw_of<float>({value, -value})});
        CHECK(values_of<float>(run_alone(*version, request.bound, slot).at(0)) ==
              std::vector<float>{2 * value, -2 * value});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}
