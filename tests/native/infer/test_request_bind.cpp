#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <list>
#include <protozero/pbf_writer.hpp>

#include "infer/bytes_codec.h"
#include "infer/request_bind.h"

using namespace tiltyard;

namespace {

using protozero::pbf_writer;

Shape shape(const std::vector<int64_t>& dims) {
  Shape made;
  for (const int64_t dim : dims) REQUIRE(made.try_push(dim));
  return made;
}

TensorSpec spec(const char* name, DataType type, const std::vector<int64_t>& dims) {
  return {name, type, shape(dims), {}};
}

// x FP32 [-1,2] and n INT64 [-1] to y and z.
Signature two_inputs() {
  return {{spec("x", DataType::FP32, {-1, 2}), spec("n", DataType::INT64, {-1})},
          {spec("y", DataType::FP32, {-1}), spec("z", DataType::FP32, {-1})}};
}

Signature one_input(DataType type, const std::vector<int64_t>& dims) {
  return {{spec("x", type, dims)}, {spec("y", type, dims)}};
}

// A request in the making; owns every byte that its views show.
struct RequestMaker {
  InferRequestView view;
  std::list<Bytes> kept;

  BytesView keep(Bytes bytes) { return kept.emplace_back(std::move(bytes)); }
  InputView& input(BytesView name, BytesView datatype, const std::vector<int64_t>& dims) {
    InputView& made = view.inputs.push();
    made.clear();
    made.name = name;
    made.datatype = datatype;
    made.shape = shape(dims);
    made.rank = static_cast<int64_t>(dims.size());
    return made;
  }
  void raw(Bytes bytes) { view.raw_inputs.push_back(keep(std::move(bytes))); }
  void contents(InputView& to, Bytes part) {
    const BytesView kept_part = keep(std::move(part));
    count_contents(WireReader(kept_part), to.contents_counts);
    to.contents.push_back(kept_part);
  }
  void output(BytesView name) {
    RequestedOutputView& made = view.outputs.push();
    made.clear();
    made.name = name;
  }
  Status bind(const Signature& signature, BoundRequest& bound, bool batched = true) {
    return bind_request(view, "m", signature, batched, bound);
  }
};

Status bind_error(const Signature& signature, const std::function<void(RequestMaker&)>& make,
                  bool batched = true) {
  RequestMaker maker;
  make(maker);
  BoundRequest bound;
  return maker.bind(signature, bound, batched);
}

// A good request for two_inputs() with `rows` rows.
void fill(RequestMaker& maker, int64_t rows) {
  maker.input("x", "FP32", {rows, 2});
  maker.input("n", "INT64", {rows});
  maker.raw(Bytes(static_cast<size_t>(rows) * 8, 'x'));
  maker.raw(Bytes(static_cast<size_t>(rows) * 8, 'n'));
}

Bytes ints(std::vector<int32_t> values) {
  std::string part;
  pbf_writer(part).add_packed_int32(2, values.begin(), values.end());
  return part;
}

}  // namespace

TEST_CASE("inputs are bound in the signature's order, wherever the request has them") {
  const Signature signature = two_inputs();
  RequestMaker maker;
  maker.input("n", "INT64", {3});
  maker.input("x", "FP32", {3, 2});
  maker.raw(Bytes(24, 'n'));
  maker.raw(Bytes(24, 'x'));
  BoundRequest bound;
  REQUIRE(maker.bind(signature, bound).ok());
  REQUIRE(bound.inputs.size() == 2);
  CHECK(bound.inputs[0].spec->name == "x");
  CHECK(bound.inputs[0].raw == Bytes(24, 'x'));
  CHECK(bound.inputs[0].elements == 6);
  CHECK(bound.inputs[1].raw == Bytes(24, 'n'));
  CHECK(bound.rows == 3);
  CHECK(bound.outputs == std::vector<uint16_t>{0, 1});
}

TEST_CASE("outputs are those that are asked for, in that order") {
  const Signature signature = two_inputs();
  RequestMaker maker;
  fill(maker, 1);
  maker.output("z");
  maker.output("y");
  BoundRequest bound;
  REQUIRE(maker.bind(signature, bound).ok());
  CHECK(bound.outputs == std::vector<uint16_t>{1, 0});
  maker.output("z");
  CHECK(maker.bind(signature, bound).error == Error::duplicate_output);
}

TEST_CASE("a mistake about which tensors there are names the tensor and what the model has") {
  const Signature signature = two_inputs();
  const Status missing = bind_error(signature, [](RequestMaker& r) {
    r.input("x", "FP32", {1, 2});
    r.raw(Bytes(8, 'x'));
  });
  CHECK(missing.message ==
        "model 'm' needs input 'n', which the request does not have; its inputs are x, n");
  CHECK(bind_error(signature, [](RequestMaker& r) {
          fill(r, 1);
          r.input("w", "FP32", {1});
        }).error == Error::extra_input);
  CHECK(bind_error(signature, [](RequestMaker& r) {
          fill(r, 1);
          r.input("x", "FP32", {1, 2});
        }).error == Error::duplicate_input);
  const Status unknown = bind_error(signature, [](RequestMaker& r) {
    fill(r, 1);
    r.output("w");
  });
  CHECK(unknown.message == "model 'm' has no output 'w'; its outputs are y, z");
}

TEST_CASE("a wrong type or shape says what was expected and what came") {
  const Signature signature = one_input(DataType::FP32, {-1, 30});
  const auto error = [&](BytesView type, const std::vector<int64_t>& dims) {
    return bind_error(signature, [&](RequestMaker& r) {
      r.input("x", type, dims);
      r.raw("");
    });
  };
  CHECK(error("FP64", {1, 30}).message == "model 'm' input 'x': expected datatype FP32, got FP64");
  CHECK(error("float", {1, 30}).message ==
        "model 'm' input 'x': expected datatype FP32, got 'float', which the protocol does not "
        "have");
  CHECK(error("FP32", {30}).message ==
        "model 'm' input 'x': expected 2 dimensions, [-1,30] (-1 is free), got 1, [30]");
  CHECK(error("FP32", {1, 29}).message ==
        "model 'm' input 'x': expected shape [-1,30] (-1 is free), got [1,29]");
  CHECK(error("FP32", {-1, 30}).error == Error::negative_dimension);
  CHECK(error("FP32", {INT64_MAX, 30}).error == Error::shape_overflow);
  // The elements can be counted, their bytes cannot.
  CHECK(error("FP32", {INT64_MAX / 60, 30}).error == Error::shape_overflow);
  const Status deep = bind_error(signature, [](RequestMaker& r) {
    InputView& input = r.input("x", "FP32", std::vector<int64_t>(kTensorRankMax, 1));
    input.rank_too_large = true;
    input.rank = 20;
  });
  CHECK(deep.message == "model 'm' input 'x' has 20 dimensions; the limit is 16");
}

TEST_CASE("raw bytes must be as many as the shape has, and one entry an input") {
  const Signature signature = two_inputs();
  const Status bytes = bind_error(signature, [](RequestMaker& r) {
    r.input("x", "FP32", {1, 2});
    r.input("n", "INT64", {1});
    r.raw(Bytes(7, 'x'));
    r.raw(Bytes(8, 'n'));
  });
  CHECK(bytes.message ==
        "model 'm' input 'x': expected 8 bytes, got 7 (shape [1,2], datatype FP32)");
  CHECK(bind_error(signature, [](RequestMaker& r) {
          fill(r, 1);
          r.raw("");
        }).error == Error::raw_count);
  CHECK(bind_error(signature, [](RequestMaker& r) {
          fill(r, 1);
          r.view.raw_inputs.pop_back();
        }).error == Error::raw_count);
  CHECK(bind_error(signature, [](RequestMaker& r) {
          fill(r, 1);
          r.contents(r.view.inputs[1], ints({1}));
        }).error == Error::raw_and_typed);
  CHECK(bind_error(signature, [](RequestMaker& r) {
          r.input("x", "FP32", {1, 2});
          r.input("n", "INT64", {1});
        }).error == Error::missing_data);
}

TEST_CASE("BYTES framing is checked against the shape, and each way to break it is told") {
  const Signature signature = one_input(DataType::BYTES, {-1});
  const auto message = [&](const Bytes& raw) {
    return bind_error(signature,
                      [&](RequestMaker& r) {
                        r.input("x", "BYTES", {2});
                        r.raw(raw);
                      })
        .message;
  };
  Bytes good;
  append_framed("a", good);
  append_framed("", good);
  CHECK(message(good).empty());
  CHECK(message(good.substr(0, 5)).find("expected 2 elements, got 1") != std::string::npos);
  CHECK(message(good.substr(0, 7)).find("ends inside the length of element 1") !=
        std::string::npos);
  CHECK(message(good.substr(0, 4)).find("element 0 has a length of 1 bytes, but 0 are left") !=
        std::string::npos);
}

TEST_CASE("typed contents must be in the field of the datatype, as many as the shape has") {
  const Signature small = one_input(DataType::INT8, {-1});
  const auto with = [&](const Signature& signature, BytesView type, const Bytes& part) {
    return bind_error(signature,
                      [&](RequestMaker& r) { r.contents(r.input("x", type, {2}), part); });
  };
  CHECK(with(small, "INT8", ints({-128, 127})).ok());
  CHECK(with(small, "INT8", ints({1, 200})).message ==
        "model 'm' input 'x': datatype INT8 cannot hold the value 200");
  CHECK(with(small, "INT8", ints({1})).message ==
        "model 'm' input 'x': expected 2 elements, got 1 (shape [2])");
  CHECK(with(one_input(DataType::FP32, {-1}), "FP32", ints({1, 2})).message ==
        "model 'm' input 'x' of datatype FP32: expected its values in fp32_contents, got "
        "int_contents");
  CHECK(with(one_input(DataType::FP16, {-1}), "FP16", ints({1, 2})).error == Error::raw_only_dtype);
}

TEST_CASE("a tensor without elements needs no data, and has its rows") {
  const Signature signature = one_input(DataType::FP32, {-1, 2});
  RequestMaker typed, raw;
  typed.input("x", "FP32", {0, 2});
  raw.input("x", "FP32", {0, 2});
  raw.raw("");
  BoundRequest bound;
  REQUIRE(typed.bind(signature, bound).ok());
  CHECK(bound.rows == 0);
  REQUIRE(raw.bind(signature, bound).ok());
  CHECK(bound.rows == 0);
}

TEST_CASE("rows must agree where they are batched; elsewhere the request is one row") {
  const Signature signature = two_inputs();
  const auto uneven = [](RequestMaker& r) {
    r.input("x", "FP32", {2, 2});
    r.input("n", "INT64", {3});
    r.raw(Bytes(16, 'x'));
    r.raw(Bytes(24, 'n'));
  };
  CHECK(bind_error(signature, uneven).message ==
        "model 'm' input 'n': expected 2 rows as in the first input, got 3");
  RequestMaker maker;
  uneven(maker);
  BoundRequest bound;
  REQUIRE(maker.bind(signature, bound, false).ok());
  CHECK(bound.rows == 1);
}

TEST_CASE("a scalar is one row") {
  RequestMaker maker;
  maker.input("x", "FP32", {});
  maker.raw(Bytes(4, 'x'));
  const Signature signature = one_input(DataType::FP32, {});
  BoundRequest bound;
  REQUIRE(maker.bind(signature, bound).ok());
  CHECK(bound.rows == 1);
  CHECK(bound.inputs[0].elements == 1);
  CHECK_FALSE(can_share_batch(bound, bound));
}

TEST_CASE("two requests share a batch when they differ in rows alone") {
  const Signature signature = one_input(DataType::FP32, {-1, -1});
  const auto bound_with = [&](RequestMaker& maker, int64_t rows, int64_t columns) {
    maker.input("x", "FP32", {rows, columns});
    maker.raw(Bytes(static_cast<size_t>(rows * columns) * 4, 'x'));
    BoundRequest bound;
    REQUIRE(maker.bind(signature, bound).ok());
    return bound;
  };
  RequestMaker a, b, c;
  const BoundRequest two = bound_with(a, 2, 3), five = bound_with(b, 5, 3);
  const BoundRequest wide = bound_with(c, 2, 4);
  CHECK(can_share_batch(two, five));
  CHECK_FALSE(can_share_batch(two, wide));
}

TEST_CASE("elements are copied as they are, but a bool is 0 or 1") {
  RequestMaker maker;
  maker.input("x", "BOOL", {3});
  maker.raw(Bytes("\0\1\7", 3));
  const Signature signature = one_input(DataType::BOOL, {-1});
  BoundRequest bound;
  REQUIRE(maker.bind(signature, bound).ok());
  char out[4] = {9, 9, 9, 9};
  copy_elements(bound.inputs[0], out);
  CHECK(std::memcmp(out, "\0\1\1\x09", 4) == 0);
}

TEST_CASE("strings are the same from raw bytes and from typed contents") {
  const Signature signature = one_input(DataType::BYTES, {-1});
  RequestMaker raw, typed;
  Bytes framed;
  append_framed(BytesView("a\0b", 3), framed);
  append_framed("", framed);
  raw.input("x", "BYTES", {2});
  raw.raw(framed);
  std::string part;
  pbf_writer(part).add_bytes(8, std::string("a\0b", 3));
  pbf_writer(part).add_bytes(8, "");
  typed.contents(typed.input("x", "BYTES", {2}), part);
  std::vector<BytesView> from_raw, from_typed;
  BoundRequest bound;
  REQUIRE(raw.bind(signature, bound).ok());
  append_strings(bound.inputs[0], from_raw);
  REQUIRE(typed.bind(signature, bound).ok());
  append_strings(bound.inputs[0], from_typed);
  CHECK(from_raw == from_typed);
  CHECK(from_raw.at(0) == BytesView("a\0b", 3));
}
