# FitPro Hub. `make` alone lists the targets. Nothing is needed but make and Python 3.11 or newer.

VENV := .venv
PY := $(VENV)/bin/python
PACKAGES := kernel ports adapters plugins config migrations
ARGS ?=

PIP := $(PY) -m pip install -qq --disable-pip-version-check --no-input
# The lock is complete and hashed: pip resolves nothing and builds nothing.
LOCKED := --require-hashes --no-deps --only-binary=:all:
LOCK := .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check bench torture lock audit clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

run: $(VENV)/runtime.stamp ## everything in the foreground: database, web server, worker; Ctrl-C stops it
	@exec $(PY) -m config.cli run $(ARGS)

test: $(VENV)/dev.stamp ## the whole suite on servers of its own (ARGS="-k name" for a part)
	@exec $(PY) -m pytest -n 2 --dist loadfile $(ARGS)

check: $(VENV)/dev.stamp ## style, types, import rules, migrations against models, OpenAPI
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy --strict $(PACKAGES) $(wildcard wsgi.py)
	$(VENV)/bin/lint-imports
	$(PY) -m config.cli check

bench: $(VENV)/dev.stamp ## CPU per request, throughput and p99 against the peer; what looking at a calendar costs
	@$(PY) -m tests.bench $(ARGS)
	@exec $(PY) -m tests.bench.calendar

torture: $(VENV)/dev.stamp ## the long and the statistical tests: kills, timing, races
	@exec $(PY) -m pytest -m torture --timeout 3600 -o faulthandler_timeout=0 $(ARGS)

lock: $(VENV)/dev.stamp ## pin anew what config/*.in name; UPGRADE=--upgrade takes the newest of everything
	$(PIP) uv
	cd config && ../$(LOCK) $(UPGRADE) requirements.in -o requirements.txt
	cd config && ../$(LOCK) $(UPGRADE) requirements-dev.in -o requirements-dev.txt
	@! grep -nE '^-|://' config/requirements.txt config/requirements-dev.txt

audit: $(VENV)/runtime.stamp ## ask the internet whether anything locked has a known weakness (ARGS="--ignore-vuln ID" for one that is accepted)
	@$(PY) -m venv .venv-audit
	@.venv-audit/bin/python -m pip install -qq --disable-pip-version-check --no-input pip-audit
	@exec .venv-audit/bin/pip-audit --strict --require-hashes --disable-pip -r config/requirements.txt $(ARGS)

clean: ## remove what was generated; the data in .fitpro stays
	rm -rf $(VENV) .venv-audit .venv-peer .venv-product build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the product runs on; made anew only when the lock changes.
$(VENV)/runtime.stamp: config/requirements.txt
	@new='import sys; sys.exit(sys.version_info < (3, 11))'; \
	if [ -n "$$PYTHON" ] && ! "$$PYTHON" -c "$$new" 2>/dev/null; then echo "PYTHON=$$PYTHON is no Python 3.11 or newer: looking for another." >&2; fi; \
	for python in $$PYTHON python3.13 python3.12 python3.11 python3 python; do "$$python" -c "$$new" 2>/dev/null && break; python=; done; \
	if [ -z "$$python" ]; then echo 'FitPro Hub needs Python 3.11 or newer, and none is on the PATH: install it, or name it with PYTHON=/its/path.' >&2; exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then echo "$$python lacks the venv module: install it (Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; fi; \
	echo "Preparing $(VENV) with $$("$$python" --version); this happens once and takes a minute." >&2; \
	[ -x $(PY) ] && $(PY) -c "import pip; $$new" 2>/dev/null || { rm -rf $(VENV) && "$$python" -m venv $(VENV); }
	@$(PIP) $(LOCKED) -r config/requirements.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# On top of it, what checking and testing needs.
$(VENV)/dev.stamp: $(VENV)/runtime.stamp config/requirements-dev.txt
	@echo 'Adding the tools for checks and tests; this happens once.' >&2
	@$(PIP) $(LOCKED) -r config/requirements-dev.txt
	@touch $@
