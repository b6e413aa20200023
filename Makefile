# Every target creates what it needs; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
VENV := $(ROOT)/.venv
PY := $(VENV)/bin/python
INSTALL := $(ROOT)/.ci/install
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(ROOT)/Makefile | sort | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

.PHONY: lint
lint: ## ruff, mypy strict, import contracts
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy && $(VENV)/bin/lint-imports

.PHONY: format
format: ## rewrite the code in the project's format
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(VENV)/bin/ruff check --fix-only --quiet . && $(VENV)/bin/ruff format .

.PHONY: test
test: ## the project's own tests (not a miner's)
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(PY) -m pytest tests/unit reference/tests -n auto

.PHONY: parallel
parallel: ## the suites side by side, with one verdict (SUITES="e2e worker unit")
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(PY) -m tests.coordinator $(or $(SUITES),e2e worker unit) $(ARGS)
