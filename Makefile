# Each target sets up .venv first; nothing else has to be installed than Python 3.10 or newer.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: train read test bench
train: .venv/ready
	$(BIN)/python src/train.py $(ARGS)

read: .venv/ready
	@test -n "$(IMAGE)" || { echo "usage: make read IMAGE=picture.png" >&2; exit 2; }
	@$(BIN)/python src/predict.py --image "$(IMAGE)" --confidence $(ARGS)

test: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: .venv/ready
	$(BIN)/python benchmarks/foundation.py

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@
