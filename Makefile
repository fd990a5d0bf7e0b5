# make setup | book | test | lab | notebooks [NAMES="09_dreamer"] | bench | clean
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
CHAPTERS := $(wildcard book/*.ipynb)
SOLUTIONS := $(wildcard solutions/*.ipynb)
BENCHMARKS := $(wildcard benchmarks)
BROWSER := $(wildcard tests/browser)
NBVAL := $(BIN)/python -m pytest -p no:cacheprovider --nbval-current-env

.DELETE_ON_ERROR:
.PHONY: setup book test lint lab notebooks bench clean

setup: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is older. Try: make setup PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --editable .
	touch $@

book: setup
	$(BIN)/python tools/notebooks.py verify
	$(BIN)/python -m wmcourse.interactive.static book/_static
	$(BIN)/jupyter-book build . -W --keep-going
	$(BIN)/python tools/offline.py _build/html
	@echo "The book is built. Open file://$(CURDIR)/_build/html/index.html"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python tools/notebooks.py verify
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --ignore=tests/browser
	$(if $(CHAPTERS),$(NBVAL) --nbval-lax $(CHAPTERS))
	$(if $(SOLUTIONS),$(NBVAL) --nbval $(SOLUTIONS))
	$(if $(BROWSER),$(BIN)/python -m pytest -rs $(BROWSER))

lab: setup
	$(BIN)/jupyter lab --notebook-dir=. $(if $(wildcard book/index.md),book/index.md)

notebooks: setup
	$(BIN)/python tools/notebooks.py execute $(NAMES)
	$(BIN)/python tools/notebooks.py verify

bench: setup
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint requirements.txt \
	  --requirement benchmarks/requirements.txt || echo "torchrl cannot be installed here. Its rows will be skipped."
	$(if $(BENCHMARKS),$(BIN)/python -m pytest $(BENCHMARKS) --benchmark-only,@echo "No benchmarks yet.")

clean:
	rm -rf _build build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
