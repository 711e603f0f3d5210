# Needs Python 3.11 or newer (with venv), make and git; everything else is fetched into this folder.
# PYTHON names the interpreter, where `python3` is an older one.
PYTHON ?= python3
UV_VERSION = 0.13.9
# Run by its interpreter, uv takes the same one for the program.
RUN = .uv/bin/python -m uv run --locked --no-progress --quiet

# Companies put their own certificates where the system keeps them.
export UV_SYSTEM_CERTS ?= true
# The Python that is here serves; none is downloaded in its place.
export UV_PYTHON_DOWNLOADS ?= never
# An environment that happens to be active is left alone.
unexport VIRTUAL_ENV

.DEFAULT_GOAL = help
.PHONY: help demo test cover lint bench soak long fuzz fix clean

help:  ## show these lines
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: .uv/ready  ## see it at work: a sample company, a simulated Jira and GitHub, a real sync
	@$(RUN) --no-dev northing demo

test: lint  ## everything that must hold before a change goes in
	$(RUN) pytest -n 2

cover: .uv/ready  ## the same tests, and what none of them reaches: takes half as long again
	$(RUN) pytest -n 2 --cov --cov-report=term

lint: .uv/ready  ## style, types, import rules, dependencies; no tests
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) ty check
	$(RUN) lint-imports --no-logo
	$(RUN) deptry .

bench: .uv/ready  ## measure speed and memory
	$(RUN) python -m benchmarks

soak: .uv/ready  ## a month of the service, faster than the clock, on both databases: takes about an hour (Linux)
	$(RUN) python -m benchmarks soak

long: .uv/ready  ## the tests that take long: hundreds of kills, thousands of random histories, all weather
	NORTHING_LONG=1 $(RUN) pytest -n 2

fuzz: .uv/ready  ## spoil hundreds of thousands of answers, guided by what they have covered (Linux)
	$(RUN) python tests/fuzz/run.py github 100000
	$(RUN) python tests/fuzz/run.py "jira cloud" 60000
	$(RUN) python tests/fuzz/run.py "jira datacenter" 60000

fix: .uv/ready  ## mend what ruff can mend by itself
	$(RUN) ruff check --fix
	$(RUN) ruff format

clean:  ## remove what make has made
	rm -rf .venv .uv .coverage .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist

.uv/ready: Makefile
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@
