# What people and CI call. `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install dev s3-jars demo test quick-tests test-all test-connect faults infra-test airflow-test lint types dist docs clean

PYTHON_IN := .venv/bin/python -m

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## what running needs: system packages (Debian, Ubuntu), .venv with locked versions, jars
	@scripts/install.sh run

dev: ## the same and what developing needs
	@scripts/install.sh dev

s3-jars: install ## what a lake in a bucket (s3a://) needs besides: downloads 630 MB, keeps 26 MB in jars-s3/
	@scripts/jars.sh jars-s3.txt jars-s3

demo: install ## the demo shop, from its database to recommendations and campaign files
	.venv/bin/lakehouse demo run

# mypy keeps one processor busy for a minute, so the tests begin beside it.
test: lint ## lint, types and all tests but most of the slow kinds
	@$(MAKE) --no-print-directory -j2 types quick-tests

quick-tests:
	$(PYTHON_IN) pytest -n 2 --dist worksteal -m "not slow"

test-all: lint types ## the same with all of the slow kinds, then ten disturbed nights
	@EXAMPLES=2000 RANDOM_QUERIES=200 $(PYTHON_IN) pytest -n 2 --dist worksteal; tests=$$?; \
	$(PYTHON_IN) tests.faults --trials 10 --seed 3; nights=$$?; exit $$(( tests ? tests : nights ))

# What looks into the JVM, or into Delta's memory of tables, has no meaning there.
CONNECT := tests/bronze tests/silver tests/gold tests/export tests/recommend tests/pipeline tests/runs tests/io/delta tests/io/quality \
	tests/io/mysql tests/io/postgres tests/stages/ingest_database tests/e2e/test_tasks.py tests/e2e/test_notebooks.py tests/e2e/test_asking.py
test-connect: dev ## builds, pipeline, a workflow's tasks and the notebooks on a server of Spark Connect, then nights on one
	$(PYTHON_IN) pytest --connect $(CONNECT)
	$(PYTHON_IN) pytest tests/e2e/test_connect.py

N ?= 50
SEED ?= 1
faults: dev ## disturbs N nights (50) chosen by SEED (1), each followed by a plain one; goes on where it was stopped
	$(PYTHON_IN) tests.faults --trials $(N) --seed $(SEED) --kinds $(KINDS)

infra-test: dev ## infra/, Dockerfile, compose.yaml: policies, checkov, linters; terraform's own tests where it and its provider are at hand
	@[[ -x .venv/infra/bin/checkov ]] || $(PYTHON_IN) venv .venv/infra
	@.venv/infra/bin/pip install -q -r infra/terraform/requirements.txt
	$(PYTHON_IN) pytest tests/infra

airflow-test: dev ## infra/airflow: the DAG in an environment of its own, with Airflow in it
	@[[ -x .venv/airflow/bin/airflow ]] || $(PYTHON_IN) venv .venv/airflow
	@.venv/airflow/bin/pip install -q --require-hashes -r infra/airflow/requirements.txt
	$(PYTHON_IN) pytest tests/infra/test_airflow.py

lint: dev ## ruff
	$(PYTHON_IN) ruff check
	$(PYTHON_IN) ruff format --check -q

types: dev ## mypy
	$(PYTHON_IN) mypy

dist: install ## dist/: the zip for spark-submit --py-files, and the wheel
	.venv/bin/python scripts/dist.py

docs: install ## from the declarations: the data dictionary, the flow in docs/architecture.md, launchers, the tables of infra/terraform
	.venv/bin/python scripts/docs.py
	.venv/bin/python scripts/terraform_tables.py

clean: ## removes what was built; keeps .venv, jars and the demo's data
	rm -rf build dist spark-warehouse metastore_db derby.log .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -path ./.venv -prune -o \( -name __pycache__ -o -name '*.egg-info' \) -type d -print0 | xargs -0 rm -rf
