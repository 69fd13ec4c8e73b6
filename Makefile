# Thin wrapper: everything real is in CMakeLists.txt and scripts/. `make help` lists the targets.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
SECONDS_PER_TARGET := $(or $(SECONDS),60)

.PHONY: help run demo-lattice test build bench asan tsan fuzz format lint install clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build:  ## build the release binary: build/release/bin/trellis
	@scripts/setup.sh run
	@scripts/build.sh release -DTRELLIS_TESTS=OFF

run: build  ## build, sign the example actors, start a host with them
	@scripts/run-example.sh

demo-lattice:  ## the same with two hosts that find each other over NATS
	@scripts/setup.sh demo
	@scripts/build.sh release -DTRELLIS_TESTS=OFF
	@scripts/run-lattice-demo.sh

test:  ## build and run the whole test suite
	@scripts/setup.sh test
	@scripts/build.sh release -DTRELLIS_TESTS=ON -DTRELLIS_ALL_GUESTS=ON
	@scripts/ctest.sh release

asan tsan:  ## run the suite under AddressSanitizer + UBSan / ThreadSanitizer
	@scripts/setup.sh test
	@scripts/build.sh $@ -DTRELLIS_ALL_GUESTS=ON
	@scripts/ctest.sh $@

bench:  ## measure, print ratios to floors, write build/bench/results.json
	@scripts/setup.sh bench
	@scripts/build.sh release -DTRELLIS_TESTS=ON -DTRELLIS_ALL_GUESTS=OFF
	@scripts/bench.sh

fuzz:  ## run every fuzz target; SECONDS=60 sets the time per target
	@scripts/setup.sh fuzz
	@scripts/build.sh fuzz
	@scripts/fuzz.sh $(SECONDS_PER_TARGET)

format:  ## format all C++ sources
	@scripts/setup.sh lint
	@git ls-files '*.cpp' '*.hpp' '*.h' | grep -v '^sdk/.*/node_modules' | xargs clang-format-19 -i

lint:  ## compile with clang 19 and run clang-tidy
	@scripts/setup.sh lint
	@scripts/build.sh lint
	@scripts/lint.sh

install: build  ## install library, headers and binary (PREFIX=/usr/local, DESTDIR)
	@cmake --install build/release --prefix $(or $(PREFIX),/usr/local) >/dev/null && echo "installed to $(DESTDIR)$(or $(PREFIX),/usr/local)"

clean:  ## remove all build output except downloaded libraries
	@rm -rf build/release build/debug build/asan build/tsan build/fuzz build/lint
