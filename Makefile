# Everything here starts from Python ≥ 3.10, git and make alone.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export SAM2_BUILD_CUDA = 0

.PHONY: help demo test readers lint types faults postgresql audit bench load quality screenshots model clean

help: ## show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

demo: $(VENV)/app ## set up and open the app on a demo project
	$(BIN)/annotator demo $(ARGS)

test: $(VENV)/test ## set up and run all tests
	$(BIN)/python -m pytest $(ARGS)

# Kept by what is in the list, so that CI installs it once.
READERS ?= $(or $(CI_CACHE_DIR),$(HOME)/.cache/annotator-ci)/readers-$(shell sha256sum tests/contract/readers.txt | cut -c1-16)

readers: $(VENV)/test ## read exports back with the programs that they are for
	@test -e $(READERS)/.complete || { rm -rf $(READERS) && \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --target $(READERS) --requirement tests/contract/readers.txt && \
	touch $(READERS)/.complete; }
	ANNOTATOR_TEST_READERS=$(READERS) $(BIN)/python -m pytest tests/contract/test_export_formats.py $(ARGS)

lint: $(VENV)/test ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test ## check types, of JavaScript too where npm is there
	$(BIN)/mypy
	@if command -v npx >/dev/null; then npx --yes --package typescript@5 tsc --project tests/js/tsconfig.json; \
	else echo "npx is missing: the JavaScript types are not checked"; fi

faults: $(VENV)/test ## kill the server 200 times while people work, and see that nothing is lost
	ANNOTATOR_TEST_KILLS=200 $(BIN)/python -m pytest tests/contract/test_faults.py $(ARGS)

postgresql: $(VENV)/test ## run the tests of the store, the sessions and the API on PostgreSQL
	ANNOTATOR_TEST_POSTGRESQL=1 $(BIN)/python -m pytest tests/unit/store tests/unit/sessions tests/unit/api tests/contract/test_postgresql.py $(ARGS)

audit: $(VENV)/test ## ask whether weaknesses of the installed packages are known; needs the network
	$(BIN)/uv tool run pip-audit --path $(VENV)/lib/python*/site-packages

bench: $(VENV)/test ## measure speed, as ratios in one run
	$(BIN)/python -m tests.benchmarks $(ARGS)

load: $(VENV)/test ## let 1 to 50 annotators work at one server
	$(BIN)/python -m tests.benchmarks.load $(ARGS)

quality: $(VENV)/test ## measure mask quality on photos with ground truth
	$(BIN)/python -m tests.quality.davis $(ARGS)

screenshots: $(VENV)/test ## make the README's screenshots from the running app
	$(BIN)/python scripts/screenshots.py $(ARGS)

model: $(VENV)/test ## build checkpoints/mobile_sam from the published model
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[build]'
	$(BIN)/python scripts/build_mobile_sam.py $(ARGS)

clean: ## remove the virtual environment
	rm -rf $(VENV)

$(VENV)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

# Compiled now, or the first start would take twice as long.
$(VENV)/app: $(VENV)/uv pyproject.toml constraints.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable .
	@touch $@

# sam2 asks for torch to build itself: it builds with the torch that was just installed instead of a second copy.
$(VENV)/test: $(VENV)/app
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt torch torchvision setuptools wheel
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --no-build-isolation-package sam2 --editable '.[test]'
	@touch $@
