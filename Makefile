# make demo and make test need nothing but Python 3.11 or newer: they set up .venv themselves.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test check format bench clean

help:            ## list the targets
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/  /'

$(READY): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $(READY)

demo: $(READY)   ## set up, fit a model on the sample sales, print the forecast
	$(BIN)/forecastkit datasets sales --output demo/sales.csv
	$(BIN)/forecastkit fit demo/sales.csv --preset fast --output demo/model.safetensors --plot demo/forecast.png
	$(BIN)/forecastkit predict demo/model.safetensors --output demo/forecast.csv
	head -n 15 demo/forecast.csv

test: $(READY)   ## set up and run every test and check
	$(BIN)/python -m pytest
	$(MAKE) --no-print-directory check PYTEST=no

check: $(READY)  ## lint, types, doctests (and the tests, unless PYTEST=no)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet --doctest-modules --doctest-glob='*.md' forecastkit cli datasets README.md
	@if [ "$(PYTEST)" != no ]; then $(BIN)/python -m pytest --quiet; fi

format: $(READY) ## rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# DATA: a folder with Parquet panels (unique_id, ds, y, split), for instance m3_monthly.parquet
bench: $(READY)  ## run every benchmark; with DATA=FOLDER the accuracy on its panels too
	$(BIN)/python benchmarks/commands.py
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/threads.py
	$(BIN)/python benchmarks/layers.py
	$(BIN)/python benchmarks/generator.py
	$(BIN)/python benchmarks/covariates.py datasets/sales.csv --h 14 --season-length 7 --futr price promo \
		--id product --time date --target units
	$(BIN)/python benchmarks/memory.py
ifdef DATA
	$(BIN)/python benchmarks/accuracy.py $(DATA)/m3_monthly.parquet --h 18 --season-length 12 --models LSTM Auto
	$(BIN)/python benchmarks/zero_shot.py forecastkit/weights/lstm.safetensors --set $(DATA)/m3_monthly.parquet:18:12
	$(BIN)/python benchmarks/ablation.py --set $(DATA)/m3_monthly.parquet:18:12 --sample 200
	$(BIN)/python benchmarks/leave_one_out.py $(DATA)
endif

clean:           ## remove what the targets made
	rm -rf $(VENV) demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache
