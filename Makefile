# `make help` lists the commands.

VENV := .venv
PYTHON := $(VENV)/bin/python
EXTRAS := qiskit,aer,ibm,pennylane,search,notebooks,dev
JOBS := 2
SOAK_TRIALS := 200
PYTEST := -m pytest -n $(JOBS) --dist loadfile
BUILD_TOOLS := scikit-build-core nanobind cmake ninja
NATIVE_TESTS := tests/circuits/native tests/circuits/flat tests/circuits/simulators/transfer \
	tests/noise/test_pauli_transfer.py tests/qml/models/qkan/test_layer.py \
	tests/qml/models/qdsformer/test_native.py
NATIVE := CMakeLists.txt $(wildcard circuits/_native/inplace/CMakeLists.txt circuits/_native/src/* circuits/_native/src/isa/*)

# An install without the native engine is an error here. KETWORK_REQUIRE_NATIVE=0 lets it pass.
export KETWORK_REQUIRE_NATIVE ?= 1

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-no-extras check lint types sanitize soak bench notebooks clean

help:  ## List the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

venv: $(VENV)/installed  ## Create .venv with everything for development

$(VENV)/installed: pyproject.toml constraints.txt $(NATIVE)
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --constraint constraints.txt $(BUILD_TOOLS)
	. $(VENV)/bin/activate && pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[$(EXTRAS)]'
	touch $@

demo: venv  ## Train the digits classifier, print and plot the result
	$(VENV)/bin/ketwork demo --overwrite --out demo-results

test: lint types test-no-extras  ## Run everything: lint, types, and all tests
	$(PYTHON) $(PYTEST)

test-no-extras: venv  ## Run the tests with no optional package installed
	$(PYTHON) -m tests.core_env .venv-core
	.venv-core/bin/python $(PYTEST) --doctest-ignore-import-errors -m 'not slow' tests

check: lint types  ## Lint, types, import table, docstring examples
	$(PYTHON) -m pytest tests/test_layers.py circuits noise optim qml ketwork.py

lint: venv
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check

types: venv
	$(PYTHON) -m mypy

sanitize: venv  ## Run the native engine's tests under the address and undefined sanitizers
	. $(VENV)/bin/activate && cmake -G Ninja -S . -B build/sanitize -DCMAKE_BUILD_TYPE=Debug \
		-DKETWORK_SANITIZE=address,undefined -DKETWORK_MODULE_DIR=$(CURDIR)/build/sanitize/module \
		-DPython_EXECUTABLE=$(CURDIR)/$(PYTHON) -Dnanobind_DIR=$$(python -m nanobind --cmake_dir)
	$(VENV)/bin/cmake --build build/sanitize
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
	KETWORK_KERNELS=$(CURDIR)/build/sanitize/module \
		$(PYTHON) -m pytest -s -p tests.support.kernels --timeout 1800 $(NATIVE_TESTS)

soak: venv  ## Kill 200 training runs on a stand-in of IBM's service (half an hour)
	$(PYTHON) -m tests.ibm.crash_points $$(mktemp -d)
	$(PYTHON) -m tests.ibm.soak $$(mktemp -d) $(SOAK_TRIALS)

bench: venv  ## Run the benchmarks (minutes)
	@for file in tests/benchmarks/[a-z]*.py; do \
		$(PYTHON) -m tests.benchmarks.$$(basename $$file .py) || exit 1; \
	done

notebooks: venv  ## Execute the notebooks and store their outputs
	$(PYTHON) notebooks/execute.py

clean:  ## Remove environments, caches and results
	rm -rf .venv .venv-core .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info demo-results
	rm -f circuits/_native/_kernels.*
	cd circuits/_native/inplace && find . -mindepth 1 ! -name CMakeLists.txt -delete
	find circuits noise optim qml tests -name __pycache__ -type d -prune -exec rm -rf {} +
