# On a fresh machine: `make demo` runs the main job on bundled real data, `make test` runs all tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(CURDIR)/$(VENV)/bin
RUN := PATH="$(BIN):$$PATH"

.PHONY: demo test lint format schemas clean

demo: $(VENV)/.run
	$(RUN) snakemake --profile profiles/local --configfile config/demo/config.yaml
	@echo
	@echo "Report:               results/report/index.html"
	@echo "Denoised micrographs:"
	@ls results/apoferritin*/denoised/*/full/b*/*.mrc | sed 's/^/  /'

test: $(VENV)/.dev
	$(RUN) OMP_NUM_THREADS=1 python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.dev
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) snakefmt --check Snakefile workflow
	$(RUN) snakemake --lint --configfile config/demo/config.yaml
	$(RUN) typos

format: $(VENV)/.dev
	$(RUN) ruff check --fix .
	$(RUN) ruff format .
	$(RUN) snakefmt Snakefile workflow

schemas: $(VENV)/.run
	$(RUN) python workflow/scripts/write_schemas.py

clean:
	rm -rf results logs .snakemake

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "clearice needs Python 3.11 to 3.13, this is %d.%d; run make with PYTHON=python3.11" % v)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	@touch $@ $(VENV)/.run
