# Short names for the parts of deploy/test and for a few commands. `make` alone lists them.

help: ## lists this
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18
	@echo './deploy/test --help lists all parts; ./deploy/test PART… runs some of them.'

build: ## builds chatnode and all tests (debug)
	swift build --build-tests

unit: build ## format and ChatCore's tests, in under 30 s after the build
	./deploy/test format unit

swift: build ## the Swift tests but ClusterTests
	./deploy/test core nodes stores

cluster: build ## the tests with processes of their own: nodes, Redis, a browser
	./deploy/test alone heavy faults cluster

browser: build ## the page in a browser
	Tests/BrowserTests/page_test.py --node .build/debug/chatnode

scripts: build ## deploy/up, deploy/node, and what runs deploy/test; shellcheck
	./deploy/test scripts runner deploy

tidy: ## arrows between folders, lengths, words, links between documents
	./deploy/test tidy links finders

test: ## everything that CI runs
	./deploy/test

release: ## the program that users run, .build/release/chatnode
	swift build -c release --product chatnode

counts: release ## instructions and allocations of the hot path against their thresholds
	./deploy/test counts

bench: release ## a node against other servers; 20 minutes on a quiet machine
	Benchmarks/run

up: ## a cluster on this machine, on port 18080
	./deploy/up

format: ## formats all Swift files
	swift format -i -r -p Sources Tests examples Package.swift

lint: ## says what is not formatted
	./deploy/test format

.PHONY: help build unit swift cluster browser scripts tidy test release counts bench up format lint
