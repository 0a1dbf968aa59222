# tracker's tasks. Plain GNU make and Python 3.11 or newer; uv is used where it is found and never required.
#   make demo          a demo workspace in demo/, and what it answers
#   make test          the quick tests (SLOW=1: all of them; ARGS=… goes to pytest)
#   make check         format, lint, types, import contracts, SQL, generated docs
#   make bench         the benchmark (ARGS=… goes to it)
#   make faults        the trials: kills, failing disks, power failures (ARGS=… goes to them)
#   make docs          writes the generated docs
#   make lock          resolves the requirements files anew (UPGRADE=1: to the newest versions)
#   make clean         removes what the tasks wrote, except .venv

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

# A run without uv installs with the venv's own pip; with uv the venv needs none.
ifdef UV
VENV_FLAGS := --without-pip
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench faults docs lock clean

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.runtime
	$(BIN)/tracker demo demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) $(if $(SLOW),,-m "not slow") $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes $(WORKERS) projections
	$(BIN)/python scripts/write_docs.py --check

bench: $(VENV)/.dev
	$(BIN)/python scripts/benchmark.py $(ARGS)

faults: $(VENV)/.dev
	$(BIN)/python scripts/faults $(ARGS)

docs: $(VENV)/.dev
	$(BIN)/python scripts/write_docs.py

# One resolution for every platform and for Python 3.11 on, with the hashes of all files of a release. No index addresses: they belong to a
# machine's configuration. The development file takes the runtime's versions as given, so that both fit into one environment.
LOCK := $(BIN)/uv pip compile --no-config --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	--no-emit-find-links --quiet $(if $(UPGRADE),--upgrade)
lock: $(VENV)/.dev
	$(LOCK) pyproject.toml --group build --output-file requirements.txt
	$(LOCK) pyproject.toml --group dev --constraints requirements.txt --output-file requirements-dev.txt

clean:
	rm -rf demo dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. A stamp is as new as the requirements it was filled from; the editable install leaves dependencies alone, which are
# installed by hash, and builds with the locked hatchling.
$(VENV)/.runtime: requirements.txt pyproject.toml | $(VENV)/pyvenv.cfg
	$(INSTALL) --require-hashes -r requirements.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml | $(VENV)/pyvenv.cfg
	$(INSTALL) --require-hashes -r requirements-dev.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.runtime

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tracker needs Python 3.11 or newer, this is %s: try make PYTHON=python3.11" % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV_FLAGS) $(VENV) || { rm -rf $(VENV); exit 1; }
