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
	@cd $(ROOT) && $(PY) -m pytest tests/unit reference/tests -n auto --dist worksteal

.PHONY: parallel
parallel: ## the suites side by side, with one verdict (SUITES="e2e worker unit")
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(PY) -m tests.coordinator $(or $(SUITES),e2e worker unit) $(ARGS)

.PHONY: e2e
e2e: ## test a miner (ASYNC_MINER_URL=http://host:8091), or the bundled reference miner
	@$(INSTALL) requirements_test_async.txt
	@$(ROOT)/.ci/e2e

.PHONY: worker-test tiny-model
worker-test: tiny-model ## test one LLM worker alone (ARGS="--profile my.toml --model model.gguf")
	@cd $(ROOT) && $(PY) -m tests.e2e.worker_isolation --model .run/tiny.gguf $(ARGS)
tiny-model: ## write a small random GGUF model to .run/tiny.gguf
	@$(INSTALL) requirements_llm_worker.txt
	@cd $(ROOT) && { [ -s .run/tiny.gguf ] || $(PY) -m reference.worker.tiny_model .run/tiny.gguf; }

.PHONY: setup-inference up logs down
setup-inference: ## prepare the reference miner (container image, or environment)
	@$(ROOT)/reference/service setup
up: ## start the reference miner on port 8091 (MINER_PORT=... for another)
	@$(ROOT)/reference/service up
logs: ## follow the log of the miner that `make up` started
	@$(ROOT)/reference/service logs
down: ## stop the miner that `make up` started
	@$(ROOT)/reference/service down

.PHONY: bench
bench: ## ratios against named peers (BENCH=--quick for under a minute each)
	@$(INSTALL) requirements_dev.txt requirements_bench.txt
	@cd $(ROOT) && for script in benchmarks/*.py; do echo "== $$script"; $(PY) -m benchmarks.$$(basename $$script .py) $(BENCH); done

.PHONY: test-kubernetes
test-kubernetes: ## the Kubernetes backend against a real API server (builds one on Debian, once)
	@$(INSTALL) requirements_dev.txt requirements_test_kubernetes.txt
	@cd $(ROOT) && binaries=$$(tests/kubernetes/build) && $(PY) -m pytest tests/kubernetes --kubernetes-binaries="$$binaries" -q
