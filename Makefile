# `make help` lists the commands.

VENV := .venv
PYTHON := $(VENV)/bin/python
EXTRAS := qiskit,aer,pennylane,notebooks,dev
JOBS := 2
PYTEST := -m pytest -n $(JOBS) --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-no-extras check lint types bench clean

help:  ## List the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

venv: $(VENV)/installed  ## Create .venv with everything for development

$(VENV)/installed: pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --constraint constraints.txt setuptools
	$(PYTHON) -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[$(EXTRAS)]'
	touch $@

demo: venv  ## Train the digits classifier, print and plot the result
	$(VENV)/bin/ketwork demo --out demo-results

test: lint types test-no-extras  ## Run everything: lint, types, and all tests
	$(PYTHON) $(PYTEST)

test-no-extras: venv  ## Run the tests with no optional package installed
	$(PYTHON) -m tests.core_env .venv-core
	.venv-core/bin/python $(PYTEST) -m 'not slow' tests

check: lint types  ## Lint, types, import table, docstring examples
	$(PYTHON) -m pytest tests/test_layers.py circuits noise optim qml ketwork.py

lint: venv
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check

types: venv
	$(PYTHON) -m mypy

bench: venv  ## Run the benchmarks (minutes)
	@for file in tests/benchmarks/[a-z]*.py; do \
		$(PYTHON) -m tests.benchmarks.$$(basename $$file .py) || exit 1; \
	done

clean:  ## Remove environments, caches and results
	rm -rf .venv .venv-core .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info demo-results
	find circuits noise optim qml tests -name __pycache__ -type d -prune -exec rm -rf {} +
