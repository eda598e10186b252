# Every target does its own set-up in .venv; it needs Python 3.11 or newer, pip and make.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --require-virtualenv --quiet
NEO4J_VERSION ?= 5.26.26
export NEO4J_VERSION
SIZES ?= 1000 10000
OPTIONS ?= --full

.PHONY: help run test test-neo4j test-clients test-walk fuzz bench-reads bench-claims bench-cold bench-overload bench-matching check format lock clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/run.stamp: locks/run.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "renling needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r locks/run.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/dev.stamp: locks/dev.txt $(VENV)/run.stamp
	$(PIP) install --require-hashes -r locks/dev.txt
	touch $@

run: $(VENV)/run.stamp ## the main job: the demonstration on the sample inventory, then the hub
	$(BIN)/renling demo

test: $(VENV)/dev.stamp ## all tests, on the embedded engine
	$(BIN)/python -m pytest $(TESTS)

test-neo4j: $(VENV)/dev.stamp ## the graph tests on a real Neo4j (NEO4J_VERSION, or RENLING_NEO4J_URI)
	$(BIN)/python -m pytest --engine neo4j $(TESTS)

CLIENTS := tests/clients/node_modules
$(CLIENTS)/.stamp: tests/clients/package.json tests/clients/package-lock.json
	@command -v npm >/dev/null || { echo "make test-clients needs Node.js 20 with npm"; exit 1; }
	npm ci --prefix tests/clients --no-audit --no-fund --loglevel=error
	touch $@

test-clients: $(VENV)/dev.stamp $(CLIENTS)/.stamp ## other people's clients and a browser (Node.js, Chromium)
	@command -v chromium >/dev/null || { echo "make test-clients needs Chromium (Debian: apt-get install chromium)"; exit 1; }
	$(BIN)/python -m pytest --clients $(TESTS)

test-walk: $(VENV)/dev.stamp ## the whole schema asked by every role: nothing leaks (ENGINE); make test walks as a liaison only
	$(BIN)/python -m pytest --walk --engine $(or $(ENGINE),embedded) tests/contract

fuzz: $(VENV)/dev.stamp ## 1,000 generated requests for each operation (EXAMPLES); make test-clients makes 200
	RENLING_FUZZ_EXAMPLES=$(or $(EXAMPLES),1000) $(BIN)/python -m pytest --clients tests/clients/test_schemathesis.py

PEER := bench/reads/peer/node_modules
$(PEER)/.stamp: bench/reads/peer/package.json bench/reads/peer/package-lock.json
	@command -v npm >/dev/null || { echo "make bench-reads needs Node.js 20 with npm"; exit 1; }
	npm ci --prefix bench/reads/peer --no-audit --no-fund --loglevel=error
	touch $@

bench-reads: $(VENV)/dev.stamp $(PEER)/.stamp ## reads against @neo4j/graphql and the bare driver (ENGINE, UNITS, TENFOLD=1)
	$(BIN)/python -m bench.reads --engine $(or $(ENGINE),embedded) --units $(or $(UNITS),5000) $(if $(TENFOLD),--tenfold)

bench-claims: $(VENV)/dev.stamp ## claims per second (ENGINE)
	$(BIN)/python -m bench.claims --engine $(or $(ENGINE),embedded)

bench-cold: $(VENV)/dev.stamp ## first and later answers of documents never asked before (ENGINE)
	$(BIN)/python -m bench.cold --engine $(or $(ENGINE),embedded)

check: $(VENV)/dev.stamp ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

bench-overload: $(VENV)/dev.stamp ## what a hub carries, and what becomes of three times as much
	$(BIN)/python bench/overload.py

bench-matching: $(VENV)/dev.stamp ## the matcher against other solvers (SIZES="1000 10000", OPTIONS=--full)
	$(BIN)/python -m bench.texts
	$(BIN)/python -m bench.matching $(SIZES) $(OPTIONS)

format: $(VENV)/dev.stamp ## put the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## write the lock files anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --extra build -o locks/run.txt pyproject.toml
	uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --extra build --extra dask --extra test --extra check -o locks/dev.txt pyproject.toml

clean: ## remove what the targets made (not the hub's data)
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .import_linter_cache
