# Two commands matter: `make up` runs the system here, `make test` passes all tests here. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help up demo test check format bench clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("banjie needs Python 3.11 or newer") if sys.version_info < (3, 11) else 0'
	@echo 'Installing what banjie needs into $(VENV); this takes a minute or two the first time.'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(STAMP)

up: $(STAMP) ## run everything on this machine with a small season to try; Ctrl-C ends it
	@$(BIN)/banjie up --try-out

demo: $(STAMP) ## a whole season of 3,000 in compressed time, with a summary
	@$(BIN)/banjie demo

test: $(STAMP) ## all tests
	@$(BIN)/python -m pytest

check: $(STAMP) ## format, ruff, mypy --strict, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## put the code into its form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP) ## benchmarks: ratios against a floor measured in the same run
	@$(BIN)/python -m tests.benchmarks

clean: ## remove the environment and the try-out's data
	@rm -rf $(VENV) var
