# Every target creates what it needs; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
VENV := $(ROOT)/.venv
PY := $(VENV)/bin/python
INSTALL := $(ROOT)/.ci/install
MAKEFLAGS += --no-print-directory
# The tests start hundreds of processes. Without compiled modules on the disk each of them would
# compile the whole package again, which takes longer than most of their work.
unexport PYTHONDONTWRITEBYTECODE

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

.PHONY: test test-fast test-integration test-browser test-matrix
test: test-fast ## the project's own tests (not a miner's), all but Kubernetes
	@echo "Now tests/matrix, tests/integration and tests/browser side by side; each shows its results when it ends"
	@$(MAKE) -C $(ROOT) --jobs=3 --output-sync test-matrix test-integration test-browser
test-fast: ## those that need no process, no browser and no server
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(call pytest_per_core,1,worksteal,$(LEAN) tests/unit)
test-integration: ## those that start servers and commands
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(call pytest_per_core,2,worksteal,tests/integration)
test-browser: ## those that open pages; all in one browser
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(call pytest_per_core,0,load,$(LEAN) tests/browser)
test-matrix: ## the suites against every fault; the rows mostly wait, so five to two cores
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(call pytest_per_core,2.5,load --maxschedchunk 1,$(LEAN) tests/matrix)
# pytest_per_core(WORKERS FOR EACH CORE, HOW TESTS ARE HANDED OUT, TESTS), with one worker at least. With SECOND_TRY=1, tests
# that failed run once more, one after another: what fails only beside other load is told as such.
pytest_per_core = $(PYTEST) --dist $(2) -n $$($(PY) -c 'import os; print(max(1, int(os.cpu_count() * $(1))))') $(3) \
	$(if $(SECOND_TRY),|| { echo "$@: what failed runs once more and alone. What passes now is flaky: that is a defect and is to be mended"; \
	$(PYTEST) --last-failed --last-failed-no-failures=none -v $(3); })
# Plugins that no unit test and no row of the matrix uses: each worker would import them.
LEAN = -p no:anyio -p no:schemathesis
PYTEST = $(PY) -m pytest -o cache_dir=.pytest_cache/$@

.PHONY: coverage
coverage: ## the lines and branches of the package that tests/unit run (in their own processes)
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(PY) -m pytest tests/unit -q -n auto --dist worksteal --cov --cov-report=term

.PHONY: parallel
parallel: ## the suites side by side, with one verdict (SUITES="e2e worker unit")
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(VENV)/bin/asyncproof suites $(or $(SUITES),e2e worker unit) $(ARGS)

.PHONY: e2e
e2e: ## test a miner (ASYNC_MINER_URL=http://host:8091), or the bundled reference miner
	@$(ROOT)/.ci/e2e

.PHONY: stress-distributed
stress-distributed: ## jobs from a master and two workers of Locust, with one verdict (ARGS="--jobs 1000 --users 50")
	@$(INSTALL) requirements_locust.txt
	@$(ROOT)/.ci/stress-distributed $(ARGS)

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

.PHONY: fuzz kills seldom
fuzz: ## throw made-up requests at a callback server for an hour (ARGS="--seconds 60")
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(PY) -m tests.support.fuzz $(ARGS)
kills: ## kill callback servers under load, 500 times in 100,000 callbacks, and look for losses (ARGS="--kills 20 --callbacks 4000")
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(PY) -m tests.support.kills $(ARGS)
seldom: ## run the suite on each fault of the reference miner where it strikes one job of 48, for an hour (ARGS="--quick", "--trigger p:0.05")
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && $(PY) -m tests.support.seldom_faults $(ARGS)

.PHONY: test-kubernetes
test-kubernetes: ## the Kubernetes backend against a real API server (builds one on Debian, once)
	@$(INSTALL) requirements_dev.txt requirements_test_kubernetes.txt
	@cd $(ROOT) && binaries=$$(tests/kubernetes/build) && $(PY) -m pytest tests/kubernetes --kubernetes-binaries="$$binaries" -q

.PHONY: test-engine test-locust
test-engine: ## the diffusion model of the reference miner, and its rows of the matrix (installs torch)
	@$(INSTALL) requirements_dev.txt requirements_engine.txt
	@cd $(ROOT) && $(PY) -m pytest tests/unit/reference/test_engine.py tests/matrix -q -k "engine or diffusion" $(ARGS)
test-locust: ## stress runs from a master and two workers of Locust
	@$(INSTALL) requirements_dev.txt requirements_locust.txt
	@cd $(ROOT) && $(PY) -m pytest tests/integration/stress/test_locust.py -q $(ARGS)

.PHONY: test-servers
test-servers: ## the suite against BentoML, Cog and RunPod's SDK, sound and broken (installs them once; ARGS="-k cog")
	@$(INSTALL) requirements_dev.txt
	@cd $(ROOT) && python=$$(tests/servers/install) && SERVERS_PYTHON=$$python $(PY) -m pytest tests/servers -q $(ARGS)
