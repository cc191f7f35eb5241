# Each target sets up .venv first; nothing else has to be installed than Python 3.10 or newer.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: train read serve test bench
train: .venv/ready
	$(BIN)/python src/train.py $(ARGS)

read: .venv/ready
	@test -n "$(IMAGE)" || { echo "usage: make read IMAGE=picture.png" >&2; exit 2; }
	@$(BIN)/python src/predict.py --image "$(IMAGE)" --confidence $(ARGS)

serve: .venv/ready
	@$(BIN)/python src/serve.py $(ARGS)

test: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: .venv/ready
	@test -n "$(NAME)" || { echo "usage: make bench NAME=training ARGS='--seeds 3'" >&2; exit 2; }
	$(BIN)/python benchmarks/$(NAME).py $(ARGS)

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) -r requirements.txt
	$(PIP) --editable '.[test]'
	touch $@
