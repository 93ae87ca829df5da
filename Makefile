build:
	swift build

test:
	./deploy/test

up:
	./deploy/up

format:
	swift format -i -r -p Sources Tests Package.swift

lint:
	swift format lint --strict -r -p Sources Tests Package.swift

.PHONY: build test up format lint
