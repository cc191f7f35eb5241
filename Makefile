# Each target sets up .venv first; nothing else has to be installed than Python 3.10 or newer.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: help train read serve check lint test test-all check-reading bench docs
help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):[^#]*## ?/  make \1\t/' | expand -t 22

train: .venv/ready  ## train, measure and save a model (ARGS='--arch best')
	$(BIN)/python src/train.py $(ARGS)

# To read and to serve, a light environment without PyTorch will do.
LIGHT := $(if $(wildcard .venv/ready),.venv,.venv-light)
read: $(if $(IMAGE),$(LIGHT)/ready)  ## read a picture (IMAGE=picture.png)
	@test -n "$(IMAGE)" || { echo "usage: make read IMAGE=picture.png" >&2; exit 2; }
	@$(LIGHT)/bin/python src/predict.py --image "$(IMAGE)" --confidence $(ARGS)

serve: $(LIGHT)/ready  ## a page to draw on, and an API
	@$(LIGHT)/bin/python src/serve.py $(ARGS) || test $$? -eq 130  # Ctrl-C

# Sizes of tests: tests/conftest.py. Rewritten by pytest they are kept for the next time.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

check: lint  ## lint, types, quick tests
	$(PYTEST) -m "not medium and not slow"

lint: .venv/ready  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: .venv/ready  ## quick and medium tests
	$(PYTEST) -m "not slow"

test-all: lint  ## everything, with coverage
	tools/get_browser.sh || echo 'no browser: the tests of the page are skipped' >&2
	tools/get_compilers.sh || echo 'no compilers: the tests of chips are skipped' >&2
	$(PYTEST) --cov --durations=60

check-reading: .venv/ready  ## a small count of all that is read, in three minutes
	$(BIN)/python benchmarks/reading.py --split validation --count 100 \
	  --only handwriting uci mnist strings drawn nondigits
	$(BIN)/python benchmarks/conditions.py --count 5
	$(BIN)/python benchmarks/pages.py --count 2

docs: .venv/ready  ## the site of the docs, in build/site/
	$(BIN)/python -m mkdocs build --strict --quiet

bench: $(if $(NAME),.venv/ready)  ## a benchmark (NAME=reading ARGS='...')
	@test -n "$(NAME)" || { echo "usage: make bench NAME=training ARGS='--seeds 3'" >&2; exit 2; }
	@test -f "benchmarks/$(NAME).py" || { echo "NAME is one of:" >&2; ls benchmarks/*.py | sed 's,.*/,  ,; s,\.py$$,,' >&2; exit 2; }
	$(BIN)/python benchmarks/$(NAME).py $(ARGS)

.venv-light/ready: pyproject.toml
	$(PYTHON) -m venv .venv-light
	.venv-light/bin/pip install --quiet --disable-pip-version-check --editable '.[serve]'
	touch $@

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) -r requirements.txt
	$(PIP) --editable '.[test]'
	touch $@
