# Everything that is run in this project. Each target installs what it needs: Debian packages where
# make runs as root, a virtual environment in .venv, and the build.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
FUZZ_S ?= 60
PACKAGES := .ci/packages

# Debian's own Python comes in parts; another one is whole.
PYTHON_PACKAGES := $(if $(filter /usr/bin/%,$(shell command -v $(PYTHON))),python3-venv python3-dev)
BUILD_PACKAGES := $(PYTHON_PACKAGES) g++ libnghttp2-dev libssl-dev zlib1g-dev libprotozero-dev libxxhash-dev
TEST_PACKAGES := $(BUILD_PACKAGES) doctest-dev openssl git
FUZZ_PACKAGES := $(BUILD_PACKAGES) clang-16 libclang-rt-16-dev
BENCH_PACKAGES := $(BUILD_PACKAGES) nghttp2-client libpython3.11

NATIVE := $(MAKE) --no-print-directory -j$(shell nproc) -f native/native.mk PYTHON=$(PY)
# ASan sees everything a client can do. TSan is for what threads do to each other: starting, serving
# over two io threads, draining, stopping.
# What ends in the native code; not what kills gateways, is about Python alone, or counts on time.
NOT_NATIVE := crash restart operate operators demo drift_exact drift_operators drift_shuttle
E2E_asan := tests/e2e tests/wire $(NOT_NATIVE:%=--ignore=tests/e2e/test_%.py)
E2E_tsan := tests/e2e/test_serve.py tests/e2e/test_drain.py tests/e2e/test_shadow.py \
            tests/e2e/test_drift_planes.py tests/wire/test_grpcio.py

.PHONY: help demo test build lint format asan tsan fuzz bench clean
.DELETE_ON_ERROR:

help:
	@echo "make demo    train, publish, serve, measure and watch two classifiers"
	@echo "make test    native tests and pytest"
	@echo "make build   the extension, in place; then .venv/bin/tiltyard"
	@echo "make lint    ruff, mypy, clang-format, cython-lint"
	@echo "make asan    native tests and end-to-end tests under ASan and UBSan"
	@echo "make tsan    native tests and end-to-end tests under TSan"
	@echo "make fuzz    each libFuzzer harness for FUZZ_S seconds ($(FUZZ_S))"
	@echo "make bench   the benchmarks, with peers (bench/README.md)"

demo: $(VENV)/demo
	@$(PY) setup.py -q build_ext --inplace
	@$(VENV)/bin/tiltyard demo

# pytest comes last: its summary is what a reader, and CI, looks for.
test: $(VENV)/test
	@$(PACKAGES) $(TEST_PACKAGES)
	@$(PY) setup.py -q build_ext --inplace
	@$(NATIVE) native-test
	@$(PY) -m pytest -n $(shell nproc) --dist loadgroup

build: $(VENV)/demo
	@$(PY) setup.py -q build_ext --inplace

lint: $(VENV)/dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy src bench tests setup.py
	git ls-files '*.h' '*.cpp' | xargs $(VENV)/bin/clang-format --dry-run --Werror
	git ls-files '*.pyx' '*.pxd' '*.pxi' | PATH="$(CURDIR)/$(VENV)/bin:$$PATH" xargs cython-lint

format: $(VENV)/dev
	$(VENV)/bin/ruff format
	git ls-files '*.h' '*.cpp' | xargs $(VENV)/bin/clang-format -i

asan: SANITIZER := address
tsan: SANITIZER := thread
asan tsan: $(VENV)/test
	@$(PACKAGES) $(TEST_PACKAGES)
	@$(NATIVE) native-test-$@
	@TILTYARD_SANITIZE=$(SANITIZER) $(PY) setup.py -q build_py --build-lib build/$(SANITIZER)/lib
	@TILTYARD_SANITIZE=$(SANITIZER) $(PY) setup.py -q build_ext --build-lib build/$(SANITIZER)/lib
	@$(PY) -m pytest $(E2E_$@) --flavour $(SANITIZER)

fuzz: $(VENV)/test
	@$(PACKAGES) $(FUZZ_PACKAGES)
	@$(NATIVE) fuzz-run FUZZ_S=$(FUZZ_S)

bench: $(VENV)/bench
	@$(PACKAGES) $(BENCH_PACKAGES)
	@$(PY) setup.py -q build_ext --inplace
	@$(PY) -m bench all --peers

clean:
	rm -rf build $(VENV) src/tiltyard/*.so src/tiltyard/protocol/*.binpb native/binding/_core.cpp

# The virtual environment with one of the extras of pyproject.toml. The build requirements stand
# there too; without isolation they are installed once, and the build is the one in build/.
$(VENV)/pip: pyproject.toml
	@$(PACKAGES) $(BUILD_PACKAGES)
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV)"
	@$(PY) -m pip install -q --disable-pip-version-check $$($(PY) -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])')
	@touch $@

$(VENV)/demo $(VENV)/test $(VENV)/dev $(VENV)/bench: $(VENV)/pip pyproject.toml setup.py
	@$(PY) -m pip install -q --disable-pip-version-check --no-build-isolation -e '.[$(@F)]'
	@touch $@
