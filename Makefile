# Every command sets up what it needs first: a virtual environment in .venv, made by bin/install.
.DEFAULT_GOAL := help
python := .venv/bin/python
export PYTHON
# Compiled once and kept: a run of the tests is dozens of Python processes, and pytest rewrites every module for its workers.
unexport PYTHONDONTWRITEBYTECODE

##@ Use it

.PHONY: run
run: ready ## Start everything in this terminal (PORT=8000; Ctrl-C stops it, data stays in .data/)
	@$(python) -m o2o_platform.services run

##@ Work on it

.PHONY: test
test: ready-dev ## Run all tests (ARGS="tests/shops -k hours" for some)
	@$(python) -m pytest $(if $(ARGS),$(ARGS),--numprocesses auto --dist worksteal)

.PHONY: check
check: ready-dev ## Lint, types, layers, templates, migrations, translations, deployment settings, API schema
	@$(python) -m o2o_platform.services check

.PHONY: drill
drill: ready-dev ## Kill processes in the middle of bookings and payments; crowd, model and attacks for longer (minutes)
	@DRILL=1 CROWD_STEPS=200 CROWD_SEED=$$$$ MODEL_EXAMPLES=300 MODEL_STEPS=25 ATTACK_ROUNDS=25 \
		BOOKS_EXAMPLES=100 BOOKS_STEPS=40 SUMS_EXAMPLES=100 \
		$(python) -m pytest --numprocesses 0 tests/drills tests/races/test_everything_at_once.py \
		tests/bookings/test_engine_model.py tests/payments/test_books_model.py tests/security/test_every_route.py \
		tests/bookings/test_lines.py tests/benchmarks/test_run.py tests/o2o_platform/test_admin_pages.py \
		tests/api/test_schema.py tests/services/test_migrated.py tests/journeys $(ARGS)

.PHONY: bench
bench: ready-dev ## Measure slots, search and booking beside plain SQL (ARGS="slots booking"; ARGS=--help)
	@$(python) -m benchmarks $(ARGS)

.PHONY: format
format: ready-dev ## Format Python and templates
	@$(python) -m ruff check --fix --quiet . ; $(python) -m ruff format .
	@git ls-files '*.html' | xargs .venv/bin/djade --target-version 5.2

.PHONY: messages
messages: ready ## Bring the translation files up to date with the code (then translate what is empty)
	@$(python) -m o2o_platform.translations extract

##@ Tidy up

.PHONY: clean
clean: ## Remove what was built; databases and uploads stay
	@rm -rf static/build staticfiles .data/stamps .data/tests .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find locale -name '*.mo' -delete

.PHONY: reset
reset: ## Remove the local databases and uploads: the next `make run` starts afresh
	@rm -rf .data

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: ready ready-dev
ready:
	@sh bin/install requirements.txt
ready-dev:
	@sh bin/install requirements-dev.txt
