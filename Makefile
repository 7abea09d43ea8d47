# The tiers of tests and the demonstration; CONTRIBUTING.md says what each needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
MARK := $(VENV)/.made
# What each tier leaves for `make test-full`: its outcome, with the commit as its name.
REPORT = --junit-xml=build/reports/$@.xml -o junit_suite_name=$(shell git describe --always --exclude '*' --dirty 2>/dev/null)

.PHONY: demo test test-pairs test-cluster test-long test-full bench lint tools dev clean
.DEFAULT_GOAL := test

# The command line alone, as a user installs it.
$(MARK)-core: pyproject.toml
	$(PYTHON) tools/check_python.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# Everything that the tests need, at the versions and hashes of the lock.
$(MARK)-dev: pyproject.toml requirements-dev.lock
	$(PYTHON) tools/check_python.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(MARK)-core $@

# Both helms, pinned and checked; on other platforms than linux/amd64 they come from PATH.
.tools/.made: tools/get_helm.py chartgen/helm/pinned.py
	$(PYTHON) tools/get_helm.py
	@touch $@

dev: $(MARK)-dev .tools/.made
tools: .tools/.made

# The main job, without a cluster: render, lint with both helms, package, serve on this computer, ask for a prediction.
demo: $(MARK)-core .tools/.made
	@BIN=$(BIN) sh tools/demo.sh

lint: $(MARK)-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@# An adapter finds its own modules beside it, as in the pod; all of them have the same names.
	@set -e; for each in chart_templates/runtimes/*/; do MYPYPATH=$$each $(BIN)/mypy $$each*.py; done
	$(BIN)/lint-imports

test: dev lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not cluster and not pairs and not full" $(REPORT)

# Every format on every runtime, as servers on this computer: ten gigabytes of libraries are installed, once.
test-pairs: dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "pairs and not cluster and not full" $(REPORT)

# Needs a KUBECONFIG that may make namespaces; kind will do.
test-cluster: dev
	@# Three at a time: a test mostly waits for its pods.
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "cluster and not full" $(REPORT)

# The long forms alone; the 16 pairs in pods among them.
test-long: dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m full $(REPORT)

# Each tier, unless it has passed at this commit before, then the long forms; what came out goes to docs/test-results.md.
test-full: dev
	$(BIN)/python tools/full_tests.py

# What chartgen costs, as ratios to a peer of the same run; wants an idle machine and wrk (docs/benchmarks.md).
bench: dev
	$(BIN)/python bench/run.py

clean:
	rm -rf $(VENV) .tools build dist
