# Everything that this repository can do. `make` alone runs what a change has to pass.

# The linter runs as a tool of its own version, so that it is no dependency of the library.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GUESTBOOK   := examples/guestbook/server
HOSTINGS    := apprunner ecs lambda
GOLDEN      := ./apprunnerweb ./ecsweb ./lambdaweb ./webtest ./examples/guestbook

.DEFAULT_GOAL := all
.PHONY: all test synth integ lint fmt golden table bench-synth bench-adapter fuzz-adapter clean help

all: test synth lint ## test, synth and lint

test: ## run every test that needs only Go and Node
	go test ./...
	cd $(GUESTBOOK) && go test ./...

synth: node_modules/.installed ## synthesize the guestbook for each hosting into cdk.out/<hosting>
	@set -e; for hosting in $(HOSTINGS); do \
		echo "synthesizing examples/guestbook for $$hosting"; \
		npx --no-install cdk synth --quiet --context hosting=$$hosting --output cdk.out/$$hosting; \
	done
	@go run ./internal/summary cdk.out $(HOSTINGS)

node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

integ: node_modules/.installed ## deploy to a local AWS and ask what was deployed (root on Debian; installs Docker's engine and more)
	go test ./integ -deploy -v -count=1 -timeout 30m -parallel 4

lint: ## check formatting, go vet and staticcheck, in both modules
	@files=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$files" ]; then echo "not formatted (run make fmt):"; echo "$$files"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...
	cd $(GUESTBOOK) && go vet ./... && go run $(STATICCHECK) ./...
	go mod tidy -diff
	cd $(GUESTBOOK) && go mod tidy -diff

fmt: ## format the Go files
	gofmt -w $$(git ls-files '*.go')

golden: ## write the templates that tests compare with; review the difference like code
	go test $(GOLDEN) -update

table: ## write the table of the hostings into the documents, from internal/limits
	go run ./internal/limits/table README.md docs/moving.md

bench-synth: ## compare the time of synthesis with a hand-written stack's
	go run ./internal/benchsynth

bench-adapter: ## measure the Lambda adapter (LWA=/path/to/lambda-adapter compares it)
	go run ./webimage/adapter/bench $(if $(LWA),-adapter lwa=$(LWA))

fuzz-adapter: ## fuzz the Lambda adapter, ten minutes for each target
	for target in FuzzEvent FuzzTarget FuzzResponse FuzzHTTP; do \
		go test ./webimage/adapter -run XXX -fuzz "^$$target$$" -fuzztime 10m -parallel 1 || exit 1; \
	done

clean: ## remove what synth and npm made
	rm -rf cdk.out node_modules

help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16
