# make setup | book | test | lab | notebooks [NAMES="09_dreamer"] | chapter NAME=16_diffusion_world_models | bench | nightly
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
CHAPTERS := $(wildcard book/*.ipynb)
SOLUTIONS := $(wildcard solutions/*.ipynb)
BENCHMARKS := $(wildcard benchmarks)
PARALLEL := -n 2 --dist
NBVAL := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -p no:cacheprovider -q --nbval-current-env $(PARALLEL) loadfile
STAGE := @bash tools/stage.sh

.DELETE_ON_ERROR:
.PHONY: setup book test test-package test-chapters test-browser lint lab notebooks contents chapter bench nightly clean

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
	$(BIN)/python tools/page_models.py book/_static/models
	$(BIN)/jupyter-book build . -W --keep-going
	cp -R book/_static/. _build/html/_static/ # Sphinx does not when only a script has changed
	$(BIN)/python tools/offline.py _build/html
	@echo "The book is built. Open file://$(CURDIR)/_build/html/index.html"

# What a learner runs to see that all is well: four stages, each with its name, what it does, and how long it took.
test: setup
	$(STAGE) "1 of 4" "style, types, and the notebooks against their sources" $(MAKE) --no-print-directory lint
	$(STAGE) "2 of 4" "the package: every model, measure and exercise" $(MAKE) --no-print-directory test-package
	$(STAGE) "3 of 4" "every chapter and every solution, run from top to bottom" $(MAKE) --no-print-directory test-chapters
	$(STAGE) "4 of 4" "the built book in Chromium, if both are there" $(MAKE) --no-print-directory test-browser

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/contents.py --check
	$(BIN)/python tools/notebooks.py verify

test-package: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q $(PARALLEL) worksteal --ignore=tests/browser

test-chapters: setup
	$(if $(CHAPTERS),$(NBVAL) --nbval-lax $(CHAPTERS))
	$(if $(SOLUTIONS),$(NBVAL) --nbval $(SOLUTIONS))

test-browser: setup
	$(BIN)/python -m pytest -q -rs $(PARALLEL) loadgroup tests/browser

lab: setup
	$(BIN)/jupyter lab --notebook-dir=. book/index.ipynb

notebooks: setup
	$(BIN)/python tools/notebooks.py execute $(NAMES)
	$(BIN)/python tools/notebooks.py verify

contents: setup
	$(BIN)/python tools/contents.py

chapter: setup
	@test -n "$(NAME)" || { echo "Which one? make chapter NAME=16_diffusion_world_models"; exit 1; }
	$(BIN)/python tools/scaffold.py $(NAME) $(if $(PART),--part "$(PART)")
	$(BIN)/python tools/notebooks.py execute $(NAME)
	$(BIN)/python tools/notebooks.py verify
	$(BIN)/python -m pytest -q tests/exercises -k "$(NAME) or one_step"

bench: setup
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint requirements.txt \
	  --requirement benchmarks/requirements.txt || echo "torchrl and pytorch_mppi cannot be installed here. Their rows will be skipped."
	$(if $(BENCHMARKS),OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(BENCHMARKS) --benchmark-only,@echo "No benchmarks yet.")

# What is too slow for every change: models measured on more episodes, more random cases, every chapter in JupyterLab.
nightly: book
	OMP_NUM_THREADS=1 WMCOURSE_EPISODES=20 WMCOURSE_EXAMPLES=200 WMCOURSE_NIGHTLY=1 \
	  $(BIN)/python -m pytest -q $(PARALLEL) worksteal --ignore=tests/browser
	WMCOURSE_LAB=all WMCOURSE_REQUIRE_CHROMIUM=1 $(BIN)/python -m pytest -q -rs tests/browser/test_lab.py

clean:
	rm -rf _build build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
