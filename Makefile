# Everything that one does with a checkout. `make` alone lists it.
#
# The environment is made in .venv on first need and brought up to date when
# pyproject.toml or a lock file changes; otherwise a target starts at once.

# The first of these that runs, is Python 3.11 to 3.13 and can make a virtual
# environment is taken. 3.13 comes late: the wheel that brings a Redis server is
# ten times larger there. PYTHON=... names another one.
PYTHON ?=
CANDIDATES := $(or $(PYTHON),python3.12 python3.11 python3.13 python3)

# Tests start hundreds of processes: without bytecode files each would compile all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
FOR_RUNNING := $(VENV)/.installed-for-running
FOR_TESTING := $(VENV)/.installed-for-testing
FOR_FUZZING := $(VENV)/fuzz/.installed
FOR_COMPARING := $(VENV)/peers/.installed
FOR_DOCS := $(VENV)/docs/.installed
FOR_USING := $(VENV)/users/.installed
BULLMQ := bench/contenders/bullmq
# An environment whose interpreter was removed or upgraded away is made anew.
$(shell test -x $(BIN)/python || rm -f $(FOR_RUNNING) $(FOR_TESTING))

# What `make dashboard` builds, and of what. The types of its calls are made of the description of the API.
DASHBOARD_SOURCE := orchestrator/dashboard
DASHBOARD := orchestrator/exosphere_orchestrator/dashboard/index.html
DASHBOARD_PARTS = $(wildcard $(DASHBOARD_SOURCE)/*.html $(DASHBOARD_SOURCE)/*.ts $(DASHBOARD_SOURCE)/*.json) \
  $(wildcard $(DASHBOARD_SOURCE)/src/*.ts* $(DASHBOARD_SOURCE)/src/*/*.ts* $(DASHBOARD_SOURCE)/src/*/*.css) docs/openapi.json
DASHBOARD_TOOLS := $(DASHBOARD_SOURCE)/node_modules/.package-lock.json

# More arguments for the program that a target starts: make dev ARGS="--port 9000"
ARGS ?=
# How pytest spreads the tests: over three processes, and who has none left takes some of another's. Many tests wait
# for processes of their own, so that three keep two cores busy.
PYTEST_WORKERS ?= -n 3 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help demo dev dashboard dashboard-if-possible test test-ui screenshots view-times topology proof chaos points mutants fuzz docs docs-serve lint format bench bench-quick lock dist previous-wheel clean

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  PYTHON=python3.12 chooses the interpreter of a new .venv,'
	@echo '  ARGS="..." is passed on to demo, dev, test, test-ui, topology, proof, chaos, points, mutants, fuzz and bench.'

demo: $(FOR_RUNNING) dashboard-if-possible ## Run a real workflow: analyse the standard library, write a report
	@$(BIN)/python -m examples.stdlib_report.demo $(ARGS)

dev: $(FOR_RUNNING) dashboard-if-possible ## Start Redis, state manager and background jobs for development
	@$(BIN)/exosphere dev $(ARGS)

# Whoever has no npm runs everything else. What a failed build says stays on the screen; the next call tries again.
dashboard-if-possible:
	@if ! command -v npm >/dev/null; then \
	  test -f $(DASHBOARD) || echo 'The dashboard is not built: there is no npm. To get it: install Node.js 20.19 or newer with npm, then: make dashboard'; \
	else $(MAKE) --no-print-directory $(DASHBOARD) || echo 'It goes on without the dashboard.'; fi

dashboard: $(DASHBOARD) ## Build the dashboard, which the state manager serves at / (needs Node.js with npm)

test: $(FOR_TESTING) $(FOR_USING) ## Run all tests but those of topology and of the dashboard
	@$(BIN)/python -m pytest $(PYTEST_WORKERS) --ignore=tests/topology $(ARGS)

test-ui: $(FOR_TESTING) $(DASHBOARD) chromium ## Check the dashboard and click through it in Chromium
	@cd $(DASHBOARD_SOURCE) && npm run --silent check && npm run --silent test
	@PYTHONPATH=tests $(BIN)/python -m ui npm run --silent --prefix $(DASHBOARD_SOURCE) e2e -- $(ARGS)

screenshots: $(FOR_TESTING) $(DASHBOARD) chromium ## Take the pictures of the dashboard that the docs show
	@PYTHONPATH=tests $(BIN)/python -m ui npm run --silent --prefix $(DASHBOARD_SOURCE) screenshots

view-times: $(FOR_TESTING) $(DASHBOARD) chromium ## Measure first views and changes of page of the dashboard
	@PYTHONPATH=tests $(BIN)/python -m ui npm run --silent --prefix $(DASHBOARD_SOURCE) times

# Debian's package, where it is missing and may be installed.
.PHONY: chromium
chromium:
	@command -v "$${CHROMIUM:-chromium}" >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  echo 'Installing the package chromium (once)' && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || { \
	  echo "make: there is no chromium on the PATH; on Debian: apt install chromium; or name one: CHROMIUM=/path/to/it" >&2; exit 1; }

topology: $(FOR_TESTING) ## Lose masters and move slots of a Redis Cluster, fail over with Sentinel, speak TLS
	@$(BIN)/python -m pytest tests/topology $(ARGS)

proof: $(FOR_TESTING) ## Play 20,000 random graphs on the engine and on the reference model
	@PYTHONPATH=tests $(BIN)/python -m semantics.proof $(ARGS)

chaos: $(FOR_TESTING) ## Strike a whole system with a thousand faults, and check every promise
	@PYTHONPATH=tests $(BIN)/python -m chaos $(ARGS)

points: $(FOR_TESTING) ## Strike at every command of every scene, and let the power fail at every byte
	@PYTHONPATH=tests $(BIN)/python -m points.campaign $(ARGS)
	@PYTHONPATH=tests $(BIN)/python -m points.power_campaign $(POWER_ARGS)

mutants: $(FOR_TESTING) ## Break the protocol in many ways, and see whether the tests notice
	@PYTHONPATH=tests $(BIN)/python -m mutants.campaign $(ARGS)

fuzz: $(FOR_TESTING) $(FOR_FUZZING) ## Send the HTTP API 20,000 calls, and the report streams 20,000 entries, good and bad
	@PYTHONPATH=tests $(BIN)/python -m fuzz.campaign $(ARGS)

docs: $(FOR_DOCS) ## Build the site of the docs into build/docs; a warning is an error
	@$(BIN)/python docs/site/stage.py build/docs-source
	@$(VENV)/docs/bin/zensical build --clean --strict
	@$(BIN)/python docs/site/check.py build/docs

docs-serve: docs ## Show the site on this machine
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory build/docs $(or $(ARGS),8080)

lint: $(FOR_TESTING) ## Check style, format and types
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy

format: $(FOR_TESTING) ## Format the code and sort its imports
	$(BIN)/python -m ruff check --select I --fix
	$(BIN)/python -m ruff format

bench: $(FOR_RUNNING) $(FOR_COMPARING) bullmq-if-possible ## Measure ten workloads here and with Celery, arq, Taskiq, Dramatiq and BullMQ
	@$(BIN)/python -m bench $(ARGS)

bench-quick: $(FOR_RUNNING) $(FOR_COMPARING) ## Measure two of them within a minute: ratio to Celery and to bare Redis
	@$(BIN)/python -m bench --quick

# Whoever has no npm compares with everybody else.
.PHONY: bullmq-if-possible
bullmq-if-possible:
	@if ! command -v npm >/dev/null; then echo 'BullMQ is left out: there is no npm'; \
	else $(MAKE) --no-print-directory $(BULLMQ)/node_modules/.package-lock.json || echo 'It goes on without BullMQ.'; fi

# Not `npm ci`: that refuses where a registry lacks packages of other systems, which are optional.
$(BULLMQ)/node_modules/.package-lock.json: $(BULLMQ)/package-lock.json
	@echo "Installing what $(BULLMQ)/package-lock.json names (once, and again when it changes)"
	@cd $(BULLMQ) && npm install --silent --no-save --ignore-scripts
	@touch $@

lock: $(BIN)/python ## Write the lock files anew; UPGRADE=1 takes the newest versions
	@set -e; tool=$$(mktemp -d); trap 'rm -rf "$$tool"' EXIT; \
	$(BIN)/python -m venv "$$tool"; \
	"$$tool/bin/python" -m pip install --quiet uv; \
	compile() { \
	  output=$$1; shift; \
	  echo "$$output"; \
	  "$$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) --output-file "$$output" "$$@" >/dev/null; \
	}; \
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	  > "$$tool/build.in"; \
	compile requirements.lock pyproject.toml "$$tool/build.in" --extra server --extra embedded --extra examples; \
	compile requirements-test.lock pyproject.toml --extra server --extra embedded --extra examples --group test -c requirements.lock; \
	compile requirements-fuzz.lock --group pyproject.toml:fuzz; \
	compile requirements-peers.lock --group pyproject.toml:peers; \
	compile requirements-docs.lock --group pyproject.toml:docs; \
	compile deploy/requirements.lock pyproject.toml --extra server -c requirements.lock; \
	compile deploy/requirements-build.lock "$$tool/build.in" -c requirements.lock

dist: $(FOR_TESTING) $(DASHBOARD) ## Build sdist and wheel into dist, the dashboard in them (needs Node.js with npm)
	@rm -rf dist
	@$(BIN)/python -m hatchling build -d dist

previous-wheel: $(FOR_TESTING) ## Make the wheel of COMMIT the one that the tests of compatibility run beside this version
	@$(BIN)/python tests/deploy/previous_wheel.py "$(COMMIT)"

clean: ## Remove .venv, caches and build output; the data in .exosphere stays
	rm -rf $(VENV) build dist .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf $(DASHBOARD_SOURCE)/node_modules $(BULLMQ)/node_modules $(dir $(DASHBOARD))
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DASHBOARD): $(DASHBOARD_PARTS) $(DASHBOARD_TOOLS)
	@cd $(DASHBOARD_SOURCE) && npm run --silent build

$(DASHBOARD_TOOLS): $(DASHBOARD_SOURCE)/package-lock.json
	@command -v npm >/dev/null && node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' || { \
	  echo 'make: the dashboard is built with Node.js 20.19 or newer and npm; get them from https://nodejs.org or, on Debian and Ubuntu: apt install nodejs npm. Nothing else needs them' >&2; exit 1; }
	@echo "Installing what $(DASHBOARD_SOURCE)/package-lock.json names (once, and again when it changes)"
	@cd $(DASHBOARD_SOURCE) && npm ci --silent
	@touch $@

$(BIN)/python:
	@reason='no Python 3.11, 3.12 or 3.13 runs as any of: $(CANDIDATES). Install one, or name one: make PYTHON=/path/to/python3.12'; \
	for python in $(CANDIDATES); do \
	  "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue; \
	  if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "Making $(VENV) with $$("$$python" --version)"; \
	    exec "$$python" -m venv --clear $(VENV); \
	  fi; \
	  reason="$$python can't make virtual environments: its modules venv and ensurepip are missing. On Debian and Ubuntu: apt install python3-venv"; \
	done; \
	echo "make: $$reason" >&2; exit 1

# $(call install,LOCK): first what the lock names, each file checked by its hash,
# then this project itself, which takes nothing more from anywhere.
define install
	@echo "Installing what $(1) names (once, and again when it changes)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) \
	  && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . \
	  || { echo 'make: the installation failed, see above; it needs a package registry that pip can reach' >&2; exit 1; }
endef

$(FOR_RUNNING): requirements.lock pyproject.toml | $(BIN)/python
	$(call install,requirements.lock)
	@touch $@

$(FOR_TESTING): requirements-test.lock pyproject.toml | $(BIN)/python
	$(call install,requirements-test.lock)
	@touch $@ $(FOR_RUNNING)

# $(call install-apart,ENVIRONMENT,LOCK): what a lock names, in an environment of its own.
define install-apart
	@echo "Installing what $(2) names (once, and again when it changes)"
	@$(BIN)/python -m venv --clear $(VENV)/$(1)
	@$(VENV)/$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2)
	@touch $@
endef

# What comes along when users install the wheel, and nothing else: the tests of the wheel put it there.
$(FOR_USING): requirements.lock | $(BIN)/python
	$(call install-apart,users,$<)

$(FOR_FUZZING): requirements-fuzz.lock | $(BIN)/python
	$(call install-apart,fuzz,$<)

$(FOR_COMPARING): requirements-peers.lock | $(BIN)/python
	$(call install-apart,peers,$<)

$(FOR_DOCS): requirements-docs.lock | $(BIN)/python
	$(call install-apart,docs,$<)
