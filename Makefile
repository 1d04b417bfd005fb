# One word for each thing that a user does. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo report estimate draft page check test test-long test-quick test-slurm torture bench lint lock clean-env
SHELL := /bin/bash

VENV ?= .venv
# What is written behind `make report`; the environment does not count (some systems set NAME).
REMEMBERED = DATA WEIGHTS NAME FIRST_NAME LAST_NAME NUMBER WORDS
# What users write is taken as it stands: make expands none of it, not even to hand it on as environment, and the shell
# gets it in quotes.
override VENV := $(value VENV)
override STUDY := $(value STUDY)
export VENV
unexport $(REMEMBERED) STUDY
define newline


endef
quoted = '$(subst $(newline),'$$'\n'',$(subst ','\'',$(value $1)))'
given = $(if $(filter command,$(firstword $(origin $1))),$1=$(call quoted,$1))
# Where .venv really lies (see place_venv in install.sh); asked when a command runs, since the set-up comes first.
ENVIRONMENT = $$(readlink -f -- $(call quoted,VENV))
RUN = "$(ENVIRONMENT)/bin/python"
SNAKEMAKE = PATH="$(ENVIRONMENT)/bin:$$PATH" $(RUN) -m snakemake
# Two processes share the tests; the finished study and all that look at it belong to one of them (tests/conftest.py).
PAIR = -n 2 --dist loadgroup --no-loadscope-reorder
# STUDY=cifar10 takes studies/cifar10.yaml in place of the main study; its demonstration is studies/cifar10_demo.yaml.
STUDY_FILE = studies/$(call quoted,STUDY).yaml
FILES = $(if $(STUDY),--configfile $(STUDY_FILE))
DEMO_FILES = $(if $(STUDY),$(STUDY_FILE) studies/$(call quoted,STUDY)_demo.yaml,config.yaml studies/demo.yaml)
# Snakemake names neither file nor line of a mistake in YAML.
READ = $(RUN) -m scenessl.study.texts
named = $(filter command,$(firstword $(origin NAME)))
CHOICE = $(FILES) $(if $(named),--config study=$(call quoted,NAME))
MINE = $(if $(named),,$(if $(STUDY),NAME=$(call quoted,STUDY)))

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | while IFS=$$'\t' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

demo: ## the whole study in minutes, offline, on images that it draws itself [STUDY=cifar10]
	@./install.sh run
	@$(READ) $(DEMO_FILES)
	@$(SNAKEMAKE) --configfile $(DEMO_FILES)

report: ## the real study: DATA=/path [WEIGHTS=/file FIRST_NAME= LAST_NAME= NUMBER= WORDS=/file NAME= STUDY=], remembered
	@./install.sh run
	@$(RUN) -m scenessl.study.local $(foreach key,$(REMEMBERED),$(call given,$(key))) $(MINE)
	@$(READ) $(if $(STUDY),$(STUDY_FILE),config.yaml)
	@$(SNAKEMAKE) $(CHOICE)

estimate: ## how long the study will take here, from a short probe, before anything is made [NAME= STUDY=]
	@./install.sh run
	@$(READ) $(if $(STUDY),$(STUDY_FILE),config.yaml)
	@$(SNAKEMAKE) estimate --nolock $(CHOICE)

draft: ## a PDF of what is there so far, with missing parts named [NAME= STUDY=]
	@./install.sh run
	@$(READ) $(if $(STUDY),$(STUDY_FILE),config.yaml)
	@$(SNAKEMAKE) draft --nolock $(CHOICE)

page: ## report.html of what is there so far, as draft.html, with missing parts named [NAME= STUDY=]
	@./install.sh run
	@$(READ) $(if $(STUDY),$(STUDY_FILE),config.yaml)
	@$(SNAKEMAKE) page_draft --nolock $(CHOICE)

check: ## compute tables and tests anew from the stored predictions and compare, without training
	@./install.sh run
	@$(RUN) -m scenessl.report.checks results

test: ## set up and run the tests
	@./install.sh dev
	$(RUN) -m pytest $(PAIR) -m "not long and not torture and not slurm"

test-long: ## set up and run whole studies: own data, the second study's demonstration
	@./install.sh dev
	$(RUN) -m pytest -m long

torture: ## set up and kill, flood and repeat whole studies; under half an hour
	@./install.sh dev
	$(RUN) -m pytest -m torture

test-slurm: ## set up, with Debian's Slurm where it can be had, and run a study through it
	@./install.sh dev
	@tests/slurm/packages || echo "Slurm cannot be installed here: its tests are skipped."
	$(RUN) -m pytest -m slurm -rs

test-quick: ## set up and run the tests that take milliseconds
	@./install.sh dev
	$(RUN) -m pytest $(PAIR) -m "not slow and not long and not torture and not slurm"

bench: ## set up with other people's tools and compare; under 45 minutes [DATA=/path WEIGHTS=/file]
	@./install.sh bench
	$(RUN) -m benchmarks $(if $(DATA),--data $(call quoted,DATA)) $(if $(WEIGHTS),--weights $(call quoted,WEIGHTS))

lint: ## style and workflow checks
	@./install.sh dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m snakefmt --check Snakefile rules
	$(RUN) .ci/lint_workflow.py

lock: ## pin again what requirements*.txt bring with them (after a change there)
	@./.ci/lock

clean-env: ## remove the environment
	rm -rf -- "$(ENVIRONMENT)" $(call quoted,VENV)
