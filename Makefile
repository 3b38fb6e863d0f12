# `make book` gives the website, `make test` proves it. Both set up .venv first, so neither needs the other.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
AUDIT  := tests/site/audit
JUDGES := $(AUDIT)/node_modules/.package-lock.json

# One thread a process: two libraries that each spin a pool on the same cores are slower than one thread.
export OMP_NUM_THREADS ?= 1
export TF_CPP_MIN_LOG_LEVEL ?= 3

CHAPTERS := $(sort $(wildcard chapters/*.ipynb))
SOLUTIONS := $(sort $(wildcard solutions/*.ipynb))

.DEFAULT_GOAL := help
.PHONY: help data book test audit lab execute exercises bench clean

help:  ## Show this text
	@echo "Cross-entropy, the book. Targets:"
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

# A stamp newer than the pins means the environment is up to date; when a pin changes it is made anew.
$(READY): requirements.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
	  { echo "$(PYTHON) is not Python 3.11 or 3.12; name one: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements.txt
	$(BIN)/pip check
	@touch $@

# It looks at every byte of what is there (half a second), so it needs no stamp, and mends what was lost.
data: $(READY)  ## Fetch the real parts, once: a language model, vocabularies, translations (130 MB, into data/)
	@$(BIN)/python -m helpers.parts

# It is built from the stored outputs: no notebook runs, and data/ is not needed.
book: $(READY)  ## Build the website from the stored outputs: _build/html/index.html
	$(BIN)/jupyter-book build . -W -n --keep-going

test: $(READY) data book  ## Prove it: lint, every notebook, every helper, every page
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest --numprocesses auto --dist loadfile --nbval chapters exercises solutions tests

# Lighthouse and axe-core, of the versions in the lock file; npm writes this file last.
$(JUDGES): $(AUDIT)/package-lock.json $(READY)
	$(BIN)/npm ci --prefix $(AUDIT)
	@touch $@

# Beside another page a page is judged slower than it is, never faster: what falls short so is judged again, alone.
# Exit status 1 says that all were judged and some fell short; any other, that some may not have been judged.
audit: $(READY) $(JUDGES) book  ## Let axe and Lighthouse judge every page
	$(BIN)/pytest --numprocesses auto $(AUDIT)/judged_by_axe.py
	$(BIN)/pytest --numprocesses auto $(AUDIT)/judged_by_lighthouse.py || { test $$? -eq 1 && \
	  $(BIN)/pytest --last-failed --last-failed-no-failures none $(AUDIT)/judged_by_lighthouse.py; }

lab: $(READY) data  ## Open a copy of the exercises in JupyterLab, work/, which is yours; the chapters are beside it
	$(BIN)/python -m helpers.handouts work
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/work

execute: $(READY) data  ## Run every notebook in place and store its outputs, normalised
	$(BIN)/python -m helpers.notebooks execute $(CHAPTERS)
	$(BIN)/python -m helpers.notebooks picture $(firstword $(CHAPTERS))

exercises: $(READY) data  ## Make the exercises from the solutions, and run both
	$(BIN)/python -m helpers.notebooks execute $(SOLUTIONS)
	$(BIN)/python -m helpers.exercises $(SOLUTIONS)

bench: $(READY) data  ## Compare our speed with the alternatives, as ratios from one run
	@for f in benchmarks/bench_*.py; do $(BIN)/python $$f || exit 1; done

clean:  ## Remove what make made and fetched (the environment too)
	rm -rf _build data $(VENV) $(AUDIT)/node_modules *.egg-info .pytest_cache .hypothesis .ruff_cache .coverage
