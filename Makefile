SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BUF := go tool -modfile=tools/go.mod buf
GOLANGCI_LINT := go tool -modfile=tools/golangci/go.mod golangci-lint

CYCLES ?= 200
FUZZTIME ?= 30s

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## run the whole system with sample orders passing through it
	go run ./cmd/oms demo

.PHONY: run
run: ## run the whole system on this machine, data kept in a folder
	go run ./cmd/oms serve

# The race detector needs cgo, and cgo a C compiler. With neither, the tests
# run all the same: they ask for nothing but Go and git.
.PHONY: test
test: ## run every test, in random order, with the race detector
	@race=-race; cc=$$(go env CC); \
	if [ "$$(go env CGO_ENABLED)" != 1 ] || ! command -v "$${cc%% *}" >/dev/null; then \
		race=; export CGO_ENABLED=0; echo "no cgo or no C compiler here: testing without the race detector"; \
	fi; \
	set -x; go test $$race -shuffle=on -timeout=9m ./...

.PHONY: lint
lint: ## lint the .proto files and the Go code
	$(BUF) lint
	go vet ./...
	$(GOLANGCI_LINT) config verify
	$(GOLANGCI_LINT) run

# Into .gen first, so that a failed run leaves gen as it was. Its dot keeps it
# out of ./... for whoever compiles meanwhile.
.PHONY: generate
generate: ## write gen/ and openapi/oms.yaml anew from proto/
	rm -rf .gen
	$(BUF) generate -o .gen
	gofmt -w .gen/gen
	mv .gen/gen/openapi/oms.yaml openapi/oms.yaml
	rmdir .gen/gen/openapi
	rm -rf gen
	mv .gen/gen gen
	rmdir .gen

.PHONY: check-generated
check-generated: generate ## fail if the generated files are not what proto/ makes of them
	git diff --exit-code -- gen openapi
	@new=$$(git ls-files --others --exclude-standard -- gen openapi); \
	if [ -n "$$new" ]; then echo "generated but not committed:"; echo "$$new"; exit 1; fi

.PHONY: breaking
breaking: ## fail if proto/ breaks what was released
	@if [ ! -f proto/released.binpb ]; then echo "nothing released yet: proto/released.binpb does not exist"; exit 0; fi; \
	set -x; $(BUF) breaking proto --against proto/released.binpb

.PHONY: release-protos
release-protos: ## record proto/ as released; from then on it may only grow
	$(BUF) build proto --exclude-source-info -o proto/released.binpb

.PHONY: bench
bench: ## measure; results in bench/latest.json
	mkdir -p bench
	go run ./cmd/oms-bench -out bench/latest.json

.PHONY: conformance
conformance: ## hold the service against its source systems, id by id
	go test -count=1 -v -run Test ./test/conformance

.PHONY: crash
crash: ## kill the service CYCLES times under load and look for what was lost
	go test -run TestCrash -count=1 -timeout=60m ./test/crash -cycles=$(CYCLES)

.PHONY: stress
stress: ## run the stress tests at full size
	go test -count=1 -timeout=30m ./test/stress -full

.PHONY: stripe-live
stripe-live: ## run the contract suite of gateways against Stripe, with the test key in OMS_STRIPE_KEY_FILE
	go test -tags stripelive -run TestStripeItself -count=1 -timeout=10m -v ./payment/stripe

.PHONY: aws-live
aws-live: ## send to AWS itself, to the destinations in OMS_AWS_QUEUE_URL, OMS_AWS_TOPIC_ARN, OMS_AWS_BUS
	go test -tags awslive -run TestAWSItself -count=1 -timeout=5m -v ./delivery/aws

.PHONY: fuzz
fuzz: ## fuzz every fuzz target for FUZZTIME
	@list=$$(go test -list '^Fuzz' ./...); \
	targets=$$(awk '/^Fuzz/ {names[n++] = $$1} /^ok/ {for (i = 0; i < n; i++) print $$2, names[i]; n = 0}' <<<"$$list"); \
	if [ -z "$$targets" ]; then echo "no fuzz targets"; exit 0; fi; \
	while read -r pkg name; do \
		echo "== $$pkg $$name"; \
		go test -run='^$$' -fuzz="^$$name\$$" -fuzztime=$(FUZZTIME) "$$pkg" </dev/null; \
	done <<<"$$targets"
