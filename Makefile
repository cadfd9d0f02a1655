# Everything that this repository can do. `make` alone runs what a change has to pass.

# The linter runs as a tool of its own version, so that it is no dependency of the library.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Modules of their own: what they need is no dependency of the library.
MODULES     := examples/guestbook/server examples/shop/server examples/ec2 tools/difftest cmd/cdkweb-docker
FUZZTIME    := 10m
# Go gives the tests of a package ten minutes, which is too little on a busy machine.
TIMEOUT     := 60m

HOSTINGS    := apprunner ecs fargate lambda
GOLDEN      := ./apprunnerweb ./ecsweb ./fargateweb ./lambdaweb ./webalb ./webfront ./examples/guestbook ./examples/shop

.DEFAULT_GOAL := all
.PHONY: all test test-library test-webtest validate race difftest synth integ lint fmt golden table sam-transformed bench-synth bench-adapter fuzz-adapter fuzz-cost fuzz-docker fuzz-import clean help

all: test validate synth lint ## test, validate, synth and lint

test: ## run every test that needs only Go and Node
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target test-library test-webtest $(MODULES:%=test-in/%)

test-library:
	CDK_VALIDATION=false go test -timeout $(TIMEOUT) $$(go list ./... | grep -v '/webtest$$')

test-webtest:
	go test -timeout $(TIMEOUT) ./webtest

test-in/%:
	cd $* && CDK_VALIDATION=false go test -timeout $(TIMEOUT) ./...

validate: ## run the tests that make templates, and those of all imported programs, with the CDK's validation of them, which takes seconds in each process
	go test -count=1 -timeout $(TIMEOUT) $(GOLDEN)
	cd examples/ec2 && go test -count=1 -timeout $(TIMEOUT) ./...
	CDKWEB_IMPORT=all go test -count=1 -timeout $(TIMEOUT) ./cmd/cdkweb/internal/importer -run 'TestSynthesis|TestLike'

race: ## run the tests of the adapter with the race detector (needs a C compiler)
	go test -race -timeout $(TIMEOUT) ./adapter/... ./internal/lambdatest

difftest: ## compare with BuildKit and AWS's SDK over random files and requests (DIFFTEST_COUNT=100000 makes more of them)
	cd tools/difftest && go test -count=1 -timeout $(TIMEOUT) -v ./...

synth: node_modules/.installed ## synthesize the guestbook into cdk.out/<hosting> and the shop into cdk.out/shop/<hosting>
	@set -e; for hosting in $(HOSTINGS); do \
		echo "synthesizing examples/guestbook for $$hosting"; \
		npx --no-install cdk synth --quiet --context hosting=$$hosting --output cdk.out/$$hosting; \
		echo "synthesizing examples/shop for $$hosting"; \
		npx --no-install cdk synth --quiet --app "go run ./examples/shop" --context hosting=$$hosting --output cdk.out/shop/$$hosting; \
	done
	@go run ./tools/summary cdk.out $(HOSTINGS) $(HOSTINGS:%=shop/%)

node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

integ: node_modules/.installed ## deploy to a local AWS and ask what was deployed (root on Debian; installs Docker's engine and more)
	go test ./integ -deploy -v -count=1 -timeout 2h -parallel 4

lint: ## check formatting, go vet, staticcheck and go.mod, in every module
	@files=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$files" ]; then echo "not formatted (run make fmt):"; echo "$$files"; exit 1; fi
	@set -e; for module in . $(MODULES); do \
		echo "cd $$module && go vet, staticcheck, go mod tidy"; \
		(cd $$module && go vet ./... && go run $(STATICCHECK) ./... && go mod tidy -diff); \
	done

fmt: ## format the Go files
	gofmt -w $$(git ls-files '*.go')

golden: ## write the templates that tests compare with, and the adapter's sum; review the difference like code
	go test $(GOLDEN) ./webtest -update
	go test ./adapter -run TestSum -update
	go test ./cmd/cdkweb/internal/cost -run TestText -update
	go test ./cmd/cdkweb/internal/importer -run 'TestGolden|TestTables' -update
	cd examples/ec2 && go test . -update
	cd cmd/cdkweb-docker && go test . -run TestBuild -update

SAM_TRANSFORMED := cmd/cdkweb/internal/importer/testdata/sam-transformed

sam-transformed: ## write what CloudFormation makes of AWS's SAM templates in ../shared/data, with SAM's own transform (needs Python)
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && python3 -m venv $$dir && \
		$$dir/bin/pip install --quiet aws-sam-translator==1.115.0 PyYAML==6.0.3 && \
		$$dir/bin/python $(SAM_TRANSFORMED)/transform.py $(SAM_TRANSFORMED) ../shared/data/sam/*.yaml

table: ## write the table of the hostings into the documents, from package platform
	go run ./tools/table README.md docs/moving.md

bench-synth: ## compare the time of synthesis, and the calls to Node, with stacks without cdkweb (CALLS=1 lists the calls, OF=fargate one comparison)
	go run ./tools/bench-synth $(if $(CALLS),-calls) $(if $(OF),-of $(OF))

bench-adapter: ## measure the Lambda adapter (LWA=/path/to/lambda-adapter compares it)
	go run ./tools/bench-adapter $(if $(LWA),-adapter lwa=$(LWA))

fuzz-adapter: ## fuzz the Lambda adapter, ten minutes for each target
	@set -e; for target in http1:FuzzHTTP jsontext:FuzzText lambdaevent:FuzzEvent lambdaevent:FuzzForwarded lambdaevent:FuzzFront lambdaevent:FuzzTarget lambdaevent:FuzzResponse \
			runtimeapi:FuzzRuntimeAPI secrets:FuzzReference secrets:FuzzResponse settings:FuzzSettings; do \
		echo "$$target"; \
		go test ./adapter/program/$${target%%:*} -run XXX -fuzz "^$${target##*:}$$" -fuzztime $(FUZZTIME) -parallel 1; \
	done

fuzz-cost: ## fuzz what cdkweb cost reads, ten minutes for each target
	@set -e; for target in cmd/cdkweb/internal/cost:FuzzTemplate cmd/cdkweb/internal/cost:FuzzTraffic cmd/cdkweb/internal/cost:FuzzFlags platform:FuzzReadPrices; do \
		echo "$$target"; \
		go test ./$${target%%:*} -run XXX -fuzz "^$${target##*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x -parallel 1; \
	done

fuzz-docker: ## fuzz what cdkweb-docker reads, ten minutes for each target
	@set -e; cd cmd/cdkweb-docker; for target in internal/build:FuzzDockerfile internal/build:FuzzPlatform internal/build:FuzzPorts .:FuzzBuildFlags; do \
		echo "$$target"; \
		go test ./$${target%%:*} -run XXX -fuzz "^$${target##*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x -parallel 1; \
	done

fuzz-import: ## fuzz what cdkweb import reads, ten minutes for each target
	@set -e; for target in FuzzCopilot FuzzAppRunner FuzzSAM; do \
		echo "$$target"; \
		go test ./cmd/cdkweb/internal/importer -run XXX -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x -parallel 1; \
	done

clean: ## remove what synth and npm made
	rm -rf cdk.out node_modules

help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16
