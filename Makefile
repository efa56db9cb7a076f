# Each target works from a fresh clone by itself; `make` lists them.

PORT ?= 8000
ARGS ?=
SCENARIOS ?= 1000
SEED ?= 1
BIN := .venv/bin
RUNTIME := .venv/runtime.stamp
DEV := .venv/dev.stamp
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help install demo up test lint bench proof pictures

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

install: $(RUNTIME)  ## .venv with what the product runs on, pinned by hashes

demo: $(RUNTIME)  ## the product with a simulated company to connect: PORT=8000
	@$(BIN)/python manage.py demo --port $(PORT)

up: $(RUNTIME)  ## the product: PORT=8000
	@$(BIN)/python manage.py up --port $(PORT)

test: $(DEV)  ## all checks and tests, or some: ARGS="tests/running -k port"
ifeq ($(strip $(ARGS)),)
	@$(MAKE) --no-print-directory lint
endif
	@tests/run $(ARGS)

lint: export DATA_DIR := build/lint
lint: $(DEV)  ## style, types, layers, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

bench: $(DEV)  ## how quickly events are answered and applied, and leavers out: 6 minutes
	@$(BIN)/python -m tests.benchmarks

proof: $(DEV)  ## scenarios of faults, half an hour: SCENARIOS=1000 SEED=1
	@PROOF_SCENARIOS=$(SCENARIOS) PROOF_SEED=$(SEED) tests/run -n 2 -q -rP tests/proof

pictures: $(DEV)  ## the README's pictures, made anew from the running product
	@$(BIN)/python -m tests.browser.pictures

$(DEV): requirements/dev.txt $(RUNTIME)
	@echo "Installing what tests and checks need ..."
	@$(PIP) -r $<
	@touch $@

$(RUNTIME): requirements/runtime.txt
	@python=; for name in python3.11 python3 python3.12 python3.13 python3.14; do \
	  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo "sasebridge needs Python 3.11 or newer as python3.11 or python3; there is none." >&2; exit 1; fi; \
	if ! $$python -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$python has no venv; on Debian and Ubuntu: apt-get install $$python-venv" >&2; exit 1; fi; \
	echo "Installing into .venv with $$python; this takes up to a minute ..."; \
	$$python -m venv .venv
	@$(PIP) -r $<
	@touch $@
