# Everything a newcomer, a developer and CI need. Each target makes .venv itself, from hash-locked requirements.

VENV := .venv
BIN := $(VENV)/bin
BENCHES := bench/lookup.py bench/importing.py
PROTOS := $(sort $(wildcard proto/*/v1/*.proto))
FUZZ_SECONDS ?= 60

# A shell that stops at the first failure, in pipes too.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check proto docs fmt bench soak fuzz clean runtime dev lint types buf generated structure

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

demo: runtime ## four economies on this machine answer each other's lookups (under a minute once installed)
	@$(BIN)/python examples/demo.py

test: dev ## every test but the soak tests (under ten minutes on two cores)
	@$(BIN)/python -m pytest

check: dev ## lint, types, buf, generated code, layers, documents, threats (under two minutes)
	@$(MAKE) --no-print-directory --jobs=4 --keep-going --output-sync=target lint types buf generated structure
	@echo "check: all good"

proto: dev ## write federation/v1 and node/v1 anew from proto/
	@$(call generate,.)

docs: dev ## write the generated pages of docs/reference/ anew
	@$(BIN)/python -m node.cli.reference docs/reference
	@$(BIN)/python -m node.reference docs/reference

fmt: dev ## format, and fix what ruff can fix
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

bench: dev ## the figures, each printed with the machine; QUICK=1 for a short run
	@for bench in $(BENCHES); do $(BIN)/python $$bench $(if $(QUICK),--quick); done

soak: dev ## the long tests: kill -9 cycles in full, sustained load (an hour or so)
	@$(BIN)/python -m pytest -m soak --timeout=14400

fuzz: ## the parsers under atheris, FUZZ_SECONDS (60) each; what breaks one is kept in tmp/fuzz
	@requirements/bootstrap fuzz
	@mkdir -p tmp/fuzz
	@for target in tests/fuzz/fuzz_*.py; do echo "== $$target"; \
	  $(BIN)/python $$target -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=2048 \
	    -artifact_prefix=tmp/fuzz/; done

clean: ## back to a fresh clone
	@rm -rf $(VENV) demo .demo.lab.lock build dist tmp .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- steps ---------------------------------------------------------------------------------------------------------

runtime dev:
	@requirements/bootstrap $@

lint:
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

types:
	@$(BIN)/mypy --no-error-summary

buf:
	@$(BIN)/buf lint proto
	@# Before the first release tag there is nothing that others could have built on.
	@if tag=$$(git describe --tags --abbrev=0 2>/dev/null); then \
	  $(BIN)/buf breaking proto --against ".git#tag=$$tag,subdir=proto"; fi

generated:
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(call generate,$$fresh); \
	for package in federation node; do \
	  diff -rq --exclude=__pycache__ --exclude=__init__.py "$$fresh/$$package/v1" $$package/v1 || \
	    { echo "$$package/v1 is not what proto/ generates: run make proto, and commit."; exit 1; }; \
	done

structure:
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/architecture

# protoc's own output, and stubs for its gRPC half, which has no types.
define generate
PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -Iproto --python_out=$(1) --pyi_out=$(1) \
	  --grpc_python_out=$(1) --mypy_grpc_out=quiet:$(1) $(PROTOS)
endef
