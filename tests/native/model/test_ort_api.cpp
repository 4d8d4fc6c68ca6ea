// Every slot that is used is called by what the other tests of this folder do; here are the ways
// in which the library itself can be wrong.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "model/ort_api.h"
#include "model/ort_fixture.h"

using namespace tiltyard;
using namespace tiltyard::test;

TEST_CASE("the library opens once, says its version, and has a pointer in every slot") {
  OrtRuntime& runtime = ort_runtime();
  CHECK_FALSE(runtime.version().empty());
#define TILTYARD_CHECK_SLOT(index, name, result, arguments) \
  CHECK((runtime.api().name != nullptr) == true);
  TILTYARD_ORT_SLOTS(TILTYARD_CHECK_SLOT)
#undef TILTYARD_CHECK_SLOT
  OrtRuntime* again = nullptr;
  REQUIRE(OrtRuntime::open(std::getenv("TILTYARD_ORT_LIBRARY"), again).ok());
  CHECK(again == &runtime);
  CHECK(std::string(std::getenv("ORT_DISABLE_TELEMETRY")) == "1");
}

TEST_CASE("a slot that holds nothing is told of by its name") {
  const int something = 0;
  std::vector<const void*> table(300, &something);
  OrtApi api;
  CHECK(read_slots(table.data(), api).empty());
  table[9] = nullptr;
  table[279] = nullptr;
  CHECK(read_slots(table.data(), api) == "run, add_external_initializers_from_files");
}

TEST_CASE("a file that is not the library is an error that names it") {
  OrtRuntime* runtime = nullptr;
  const Status missing = OrtRuntime::open("/no/such/library.so", runtime);
  CHECK(missing.error == Error::onnxruntime);
  CHECK(missing.message.find("/no/such/library.so") != std::string::npos);
  const Status other = OrtRuntime::open("libz.so.1", runtime);
  CHECK(other.message.find("OrtGetApiBase") != std::string::npos);
  CHECK(runtime == nullptr);
}

TEST_CASE("the slots agree with the library: types, shapes and values come back as they went in") {
  OrtRuntime& runtime = ort_runtime();
  const OrtApi& api = runtime.api();
  std::string what;
  float data[6] = {1, 2, 3, 4, 5, 6};
  const int64_t dims[] = {2, 3};
  OrtValue* value = nullptr;
  REQUIRE(runtime.succeeded(
      api.create_tensor_with_data(runtime.cpu_memory(), data, sizeof data, dims, 2, kFloat, &value),
      what));
  int is_tensor = 0, has_value = 0, type = 0;
  size_t rank = 0;
  int64_t read_dims[2] = {};
  void* read_data = nullptr;
  OrtTensorTypeAndShapeInfo* info = nullptr;
  CHECK(runtime.succeeded(api.is_tensor(value, &is_tensor), what));
  CHECK(runtime.succeeded(api.has_value(value, &has_value), what));
  CHECK(runtime.succeeded(api.get_tensor_type_and_shape(value, &info), what));
  CHECK(runtime.succeeded(api.get_tensor_element_type(info, &type), what));
  CHECK(runtime.succeeded(api.get_dimensions_count(info, &rank), what));
  CHECK(runtime.succeeded(api.get_dimensions(info, read_dims, 2), what));
  CHECK(runtime.succeeded(api.get_tensor_mutable_data(value, &read_data), what));
  CHECK(is_tensor == 1);
  CHECK(has_value == 1);
  CHECK(type == kFloat);
  CHECK(rank == 2);
  CHECK(read_dims[1] == 3);
  CHECK(read_data == data);
  api.release_tensor_type_and_shape_info(info);
  api.release_value(value);
  // An error's words come through, and its status is released.
  CHECK_FALSE(runtime.succeeded(
      api.create_tensor_with_data(runtime.cpu_memory(), data, 1, dims, 2, kFloat, &value), what));
  CHECK_FALSE(what.empty());
}
