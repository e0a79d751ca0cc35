# Steward. `make help` lists the targets; each line below with ## is one of its lines.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# Variables that you may set: make VAR=value target.
PKG ?= ./...#           packages of the product module for test-fast, bench and replay
TEST ?= .#              tests to run, a regular expression (replay, soak)
SEED ?=#                seed of the run to repeat (replay) or to start from (soak)
FUZZTIME ?= 5s#         time for each fuzz target
BENCHTIME ?= 1s#        time for each benchmark
SIZE ?= 2000#           size of the dump of bench-backup, in MB
ROUNDS ?= 3#            how often bench-backup measures everything; medians count
BENCH_FLAGS ?=#         more flags for bench-backup and bench-api, such as --json
SOAK_TIME ?= 12h#       limit of one soak run; it goes on by seed
ONLY ?=#                steps of test to run, by name: make test ONLY="lint test"
TEST_FLAGS ?=#          more flags for go test
# Packages with goroutines of their own, where the race detector pays (it triples compile and run time). Left out are
# internal/drill and starter: each takes more than a minute with it. The ledger's auditor has no goroutine.
RACE_PKGS ?= ./internal/clocks/... ./internal/faults/... ./internal/ledger ./internal/ledger/seal/... ./internal/emulator/... \
	./internal/backup/... ./internal/throttle/... ./internal/sealed/... ./internal/account/... ./internal/groupcommit/... \
	./internal/listener/... ./internal/ratelimit/... \
	./internal/credential/... ./internal/authlog/... \
	./internal/gcs/... ./internal/metrics/... ./activities/... ./worker/... ./dev/internal/procs/...
export ONLY TEST_FLAGS RACE_PKGS

BIN := .dev/bin
TOOLS := .dev/tools
COVER := .dev/cover
# The commit goes into the binaries, so that `make up` knows what runs. Outside of git it is "unknown".
COMMIT := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
DEVENV := $(BIN)/devenv

.PHONY: help
help: ## Show this list
	@echo 'Steward keeps the promises of a data-protection policy. Start with: make up'
	@echo
	@sed -nE 's/^([a-z%-]+):[^#]*## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'
	@echo
	@echo 'Variables (make VAR=value target):'
	@sed -nE 's/^([A-Z_]+) \?= ?([^#]*)#+ +(.*)/\1\t\2\t\3/p' $(firstword $(MAKEFILE_LIST)) | awk -F'\t' '{printf "  %-12s %-6s %s\n", $$1, $$2, $$3}'

## The dev environment

.PHONY: up
up: devenv ## Start everything on this machine: Postgres, Temporal and its Web UI, emulators, worker, demo data
	@$(DEVENV) up

# Whether it was ever started here its state tells, not its program: make clean takes that away from under what runs.
STARTED := { [[ -e .dev/ports.json || -e .dev/place.json ]] || compgen -G '.dev/run/*.json' >/dev/null; }
BUILT := { [[ -x $(DEVENV) ]] || $(MAKE) --no-print-directory devenv; }

.PHONY: down
down: ## Stop everything; state stays under .dev/
	@if $(STARTED); then $(BUILT) && $(DEVENV) down; else echo 'Nothing runs: it was never started here.'; fi

.PHONY: reset
reset: ## Stop everything and throw the state away
	@if $(STARTED); then $(BUILT) && $(DEVENV) reset; else echo 'Nothing to reset: it was never started here.'; fi

.PHONY: env
env: ## Print addresses and credentials: eval "$(make -s env)"
	@if ! $(STARTED); then echo 'Not started yet: make up' >&2; exit 1; fi
	@$(BUILT) && $(DEVENV) env

.PHONY: status
status: ## Show what runs, where, and the next runs
	@if ! $(STARTED); then echo 'Not started yet: make up' >&2; exit 1; fi
	@$(BUILT) && $(DEVENV) status

# Go's own cache decides what is stale; the message is only for the first time, when nothing is cached.
.PHONY: devenv
devenv:
	@dev/install/go.sh
	@if [[ ! -x $(DEVENV) ]]; then echo 'Compiling for the first time. This takes a few minutes; later starts take seconds.' >&2; fi
	@go build -C dev -o ../$(DEVENV) ./cmd/devenv

## Building

.PHONY: build
build: ## Build bin/steward, bin/worker and bin/api, and the dev programs under .dev/bin
	@dev/install/go.sh
	go build -trimpath -ldflags '-X main.commit=$(COMMIT)' -o bin/steward ./starter
	go build -trimpath -ldflags '-X main.commit=$(COMMIT)' -o bin/worker ./worker
	go build -trimpath -ldflags '-X main.commit=$(COMMIT)' -o bin/api ./api
	@mkdir -p $(BIN)
	@for name in devenv temporal gcsemulator; do \
		if [[ -d dev/cmd/$$name ]]; then echo "go build $$name"; go build -C dev -o ../$(BIN)/$$name ./cmd/$$name; fi; \
	done

.PHONY: clean
clean: ## Remove binaries, tools and coverage; the state of the dev environment stays (make reset)
	rm -rf bin $(BIN) $(TOOLS) $(COVER)

## Checking

.PHONY: test
test: ## Run what CI runs: lint with vet, workflowcheck, all tests, the race detector
	@.ci/test

.PHONY: test-fast
test-fast: ## Run the tests of PKG only, cached
	go test $(TEST_FLAGS) $(PKG)

.PHONY: soak
soak: ## Run the full counts and sizes; resumes by SEED, stops each module after SOAK_TIME
	STEWARD_SOAK=1 STEWARD_SEED=$(SEED) go test -count=1 -timeout $(SOAK_TIME) -v -run '$(TEST)' ./...
	STEWARD_SOAK=1 STEWARD_SEED=$(SEED) go test -C dev -count=1 -timeout $(SOAK_TIME) -v -run '$(TEST)' ./...

.PHONY: replay
replay: ## Repeat a failed system test: make replay SEED=… [TEST=TestName]; property tests: docs/testing.md
	@if [[ -z '$(SEED)' ]]; then echo 'Which one? make replay SEED=… (a failing test prints it)' >&2; exit 2; fi
	STEWARD_SEED=$(SEED) go test -count=1 -v -run '$(TEST)' $(PKG)
	@if [[ '$(PKG)' == './...' ]]; then STEWARD_SEED=$(SEED) go test -C dev -count=1 -v -run '$(TEST)' ./...; fi

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## Run golangci-lint over both modules
	$(TOOLS)/golangci-lint run ./...
	cd dev && ../$(TOOLS)/golangci-lint run ./...

.PHONY: workflowcheck
workflowcheck: $(TOOLS)/workflowcheck ## Prove that workflow code is deterministic
	$(TOOLS)/workflowcheck $(if $(wildcard workflowcheck.config.yaml),-config workflowcheck.config.yaml) ./workflows/...

.PHONY: compose-check
compose-check: ## Check docker-compose.yml, with docker compose where it is installed
	go test -C dev -count=1 ./compose/...

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME and add up the executions
	@.ci/fuzz $(FUZZTIME)

.PHONY: bench
bench: ## Run all benchmarks of PKG
	go test -run '^$$' -bench . -benchtime $(BENCHTIME) -benchmem $(PKG)

.PHONY: bench-backup
bench-backup: ## Measure backup and drill against bare pg_dump and pg_restore (SIZE in MB, ROUNDS, BENCH_FLAGS=--json)
	@go run -C dev ./cmd/benchbackup --size $(SIZE) --rounds $(ROUNDS) $(BENCH_FLAGS)

.PHONY: bench-api
bench-api: ## Measure the API against bare inserts and pgbench (BENCH_FLAGS="--clients 32 --time 5s --rounds 3 --json")
	@go run -C dev ./cmd/benchapi $(BENCH_FLAGS)

.PHONY: bench-erase
bench-erase: ## Measure erasures against one DELETE with cascades, and residue against COPY (BENCH_FLAGS="--displays 400000 --rounds 3")
	@go run -C dev ./cmd/bencherase $(BENCH_FLAGS)

bench-%: ## Run the benchmarks of one package: make bench-ledger
	go test -run '^$$' -bench . -benchtime $(BENCHTIME) -benchmem ./internal/$*/...

## Looking in the mirror

.PHONY: shape
shape: ## Compare the shape of our code with code that we admire (a mirror, not a limit)
	@go run -C dev ./cmd/shape ..

.PHONY: cover
cover: ## Show statement coverage, and every returned error that no test has executed
	@mkdir -p $(COVER)
	go test -count=1 -coverpkg=./... -coverprofile=$(COVER)/unit.out ./...
	@go run -C dev ./cmd/cover -dir "$(CURDIR)" "$(CURDIR)"/$(COVER)/*.out

## Tools, built from dev/tools/go.mod into .dev/tools; rebuilt when their versions change

.PHONY: tools
tools: $(TOOLS)/golangci-lint $(TOOLS)/workflowcheck

$(TOOLS)/golangci-lint: dev/tools/go.mod dev/tools/go.sum
	@echo 'Compiling golangci-lint. This takes a few minutes the first time.' >&2
	@go build -C dev/tools -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

$(TOOLS)/workflowcheck: dev/tools/go.mod dev/tools/go.sum
	@go build -C dev/tools -o ../../$@ go.temporal.io/sdk/contrib/tools/workflowcheck
	@touch $@
