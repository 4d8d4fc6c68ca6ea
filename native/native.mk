# The native code without Python: its tests, plain and under sanitizers, and the fuzzers.
# Used from the project root: make -f native/native.mk TARGET
#
#   native-test, native-test-asan, native-test-tsan   build the doctest runner and run it
#   fuzz                                              build the libFuzzer harnesses
#   fuzz-run FUZZ_S=60                                run each of them that many seconds
#
# NATIVE_FOLDERS="base infer" leaves the other folders, and their tests, out.
# TESTS="-tc=*name*" is handed to doctest.

NATIVE_FOLDERS ?= base ring stats http2 net grpc infer model route engine
FLAVOUR ?= plain
FUZZ_S ?= 60
PYTHON ?= .venv/bin/python
CXX ?= g++
CLANGXX ?= clang++-16

BUILD := build/native/$(FLAVOUR)
WARNINGS := -Wall -Wextra -Werror
CPPFLAGS += -Inative -Itests/native -MMD -MP
CXXFLAGS += -std=c++20 -g $(WARNINGS)
LDLIBS += -lnghttp2 -lssl -lcrypto -lz -ldl -lpthread

FLAGS_plain := -O2
FLAGS_asan := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan := -O1 -fsanitize=thread
FLAGS_fuzz := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link \
  -fno-sanitize-recover=all
FLAGS := $(FLAGS_$(FLAVOUR))

SOURCES := $(wildcard $(NATIVE_FOLDERS:%=native/%/*.cpp))
TEST_SOURCES := tests/native/main.cpp $(wildcard tests/native/onnx_model/*.cpp) \
  $(wildcard $(NATIVE_FOLDERS:%=tests/native/%/*.cpp))
OBJECTS := $(SOURCES:%.cpp=$(BUILD)/%.o)
TEST_OBJECTS := $(TEST_SOURCES:%.cpp=$(BUILD)/%.o)

.PHONY: native-test native-test-asan native-test-tsan runner run-runner
.PHONY: fuzz harnesses fuzz-run
.DELETE_ON_ERROR:
.PRECIOUS: %.o

native-test:
	@$(MAKE) --no-print-directory -f native/native.mk FLAVOUR=plain run-runner
native-test-asan:
	@$(MAKE) --no-print-directory -f native/native.mk FLAVOUR=asan run-runner
native-test-tsan:
	@$(MAKE) --no-print-directory -f native/native.mk FLAVOUR=tsan run-runner

runner: $(BUILD)/runner

$(BUILD)/runner: $(TEST_OBJECTS) $(OBJECTS)
	$(CXX) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The library of the installed wheel; found without importing it, which would load it.
FIND_ORT := import glob, importlib.util as u; \
  print(*glob.glob(u.find_spec("onnxruntime").submodule_search_locations[0] \
  + "/capi/libonnxruntime.so.*"), sep="\n")
# TSan's shadow memory needs the address layout that setarch -R gives on newer kernels.
run-runner: runner
	TILTYARD_ORT_LIBRARY="$${TILTYARD_ORT_LIBRARY:-$$($(PYTHON) -c '$(FIND_ORT)')}" \
	  $(if $(filter tsan,$(FLAVOUR)),setarch -R) $(BUILD)/runner $(TESTS)

$(BUILD)/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(FLAGS) -c -o $@ $<

# ---- fuzzing: clang only; a harness takes what it needs out of one archive
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.cpp)
HARNESSES := $(FUZZ_SOURCES:tests/fuzz/%.cpp=$(BUILD)/%)
FUZZ_CORPUS := build/native/corpus
FUZZ_RUNS := $(FUZZ_SOURCES:tests/fuzz/%.cpp=run-%)
.PHONY: $(FUZZ_RUNS)

fuzz:
	@$(MAKE) --no-print-directory -f native/native.mk FLAVOUR=fuzz CXX=$(CLANGXX) \
	  NATIVE_FOLDERS="base grpc infer" harnesses
harnesses: $(HARNESSES)

$(HARNESSES): $(BUILD)/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/native.a
	$(CXX) $(FLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/native.a: $(OBJECTS)
	rm -f $@ && ar rcs $@ $^

fuzz-run: fuzz
	@$(MAKE) --no-print-directory -f native/native.mk $(FUZZ_RUNS)
$(FUZZ_RUNS): corpus = $(FUZZ_CORPUS)/$(@:run-%=%)
$(FUZZ_RUNS): run-%:
	@mkdir -p $(corpus)/found
	@$(PYTHON) tests/fuzz/make_seeds.py $* $(corpus)/seeds
	@echo "$*: $(FUZZ_S) s"
	@build/native/fuzz/$* -max_total_time=$(FUZZ_S) -timeout=10 -rss_limit_mb=2048 \
	  -max_len=16384 -print_final_stats=1 -artifact_prefix=$(corpus)/ \
	  $(corpus)/found $(corpus)/seeds > $(corpus)/log 2>&1 || { tail -40 $(corpus)/log; exit 1; }
	@tail -12 $(corpus)/log

-include $(OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) $(HARNESSES:$(BUILD)/%=$(BUILD)/tests/fuzz/%.d)
