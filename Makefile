# Every target prepares .venv by itself: locked versions, hashes checked, uv if present, else pip.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Container images often forbid bytecode: every process would compile all it imports, anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test chaos bench ui lint format lock clean help

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: $(READY)  ## sandbox, service, personas, one batch; prints what happened
	@$(BIN)/millrace demo

ui: $(READY)  ## the Dagster web UI
	@$(BIN)/millrace ui

test: $(READY)  ## all tests but the slow ones
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

chaos: $(READY)  ## the slow tests: real data, faults, erasure, many rounds of kill -9
	@$(BIN)/python -m pytest -m slow --numprocesses 2 --dist loadfile

bench: $(READY)  ## speed and memory on this machine, as JSON
	@$(BIN)/millrace bench receive --json
	@$(BIN)/millrace bench load --json
	@$(BIN)/millrace bench rebuild --json
	@$(BIN)/millrace bench batch --json
	@$(BIN)/millrace bench contracts --json
	@$(BIN)/millrace bench latency --json
	@$(BIN)/millrace bench deliver --json

lint: $(READY)  ## ruff, mypy (strict), sqlfluff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar dbt_project/models

format: $(READY)  ## ruff and sqlfluff, fixing
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix dbt_project/models

lock: $(READY)  ## renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock

clean:  ## remove the virtual environment (data under .millrace/ stays)
	rm -rf $(VENV)

$(READY): requirements.lock pyproject.toml
	@sh .ci/install "$(PYTHON)" "$(VENV)"
	@touch $@
