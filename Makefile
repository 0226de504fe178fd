# On a fresh machine: `make demo` runs the main job on bundled real data, `make test` runs all tests; `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(CURDIR)/$(VENV)/bin
RUN := PATH="$(BIN):$$PATH"

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format schemas clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.run  ## make the virtual environment .venv and install what a run needs
	@echo "Now type: source $(VENV)/bin/activate"

demo: $(VENV)/.run  ## run NT2C on two bundled real micrographs, in minutes on two cores
	$(RUN) snakemake --profile profiles/local --configfile config/demo/config.yaml
	@echo
	@echo "Report:               results/report/index.html"
	@echo "Denoised micrographs:"
	@ls results/apoferritin*/denoised/*/full/b*/*.mrc | sed 's/^/  /'

test: $(VENV)/.dev  ## run all tests
	$(RUN) OMP_NUM_THREADS=1 python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.dev  ## check style, types, rules and spelling
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) snakefmt --check Snakefile workflow
	$(RUN) snakemake --lint --configfile config/demo/config.yaml
	$(RUN) typos

format: $(VENV)/.dev  ## repair what can be repaired
	$(RUN) ruff check --fix .
	$(RUN) ruff format .
	$(RUN) snakefmt Snakefile workflow

schemas: $(VENV)/.run  ## make the schemas for editors anew from the models
	$(RUN) python workflow/scripts/write_schemas.py

clean:  ## remove results and logs
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
