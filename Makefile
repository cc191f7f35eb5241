# Each target sets up .venv first; nothing else has to be installed than Python 3.10 or newer.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: train read serve check lint test test-all check-reading bench
train: .venv/ready
	$(BIN)/python src/train.py $(ARGS)

read: .venv/ready
	@test -n "$(IMAGE)" || { echo "usage: make read IMAGE=picture.png" >&2; exit 2; }
	@$(BIN)/python src/predict.py --image "$(IMAGE)" --confidence $(ARGS)

serve: .venv/ready
	@$(BIN)/python src/serve.py $(ARGS)

check: lint test

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: .venv/ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "not slow"

test-all: lint
	tools/get_browser.sh || echo 'no browser: the tests of the page are skipped' >&2
	$(BIN)/python -m pytest --cov

check-reading: .venv/ready
	$(BIN)/python benchmarks/reading.py --split validation --count 100 \
	  --only handwriting uci mnist strings drawn nondigits
	$(BIN)/python benchmarks/conditions.py --count 5
	$(BIN)/python benchmarks/pages.py --count 2

bench: .venv/ready
	@test -n "$(NAME)" || { echo "usage: make bench NAME=training ARGS='--seeds 3'" >&2; exit 2; }
	$(BIN)/python benchmarks/$(NAME).py $(ARGS)

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) -r requirements.txt
	$(PIP) --editable '.[test]'
	touch $@
