# Thin wrapper: everything real is in CMakeLists.txt and scripts/. `make help` lists the targets.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
export DESTDIR ARCH
SECONDS_PER_TARGET := $(or $(SECONDS),60)

.PHONY: help run demo-lattice test build check bench bench-check build-cost asan tsan fuzz format format-check lint \
  install clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z -]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build:  ## build the release binary: build/release/bin/trellis
	@scripts/setup.sh run
	@scripts/build.sh release -DTRELLIS_TESTS=OFF

run: build  ## build, sign the example actors, start a host with them (ARGS="…": options of `trellis up`)
	@scripts/run-example.sh $(ARGS)

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

check: format-check  ## all that each change must pass: format, layers, tests, hostile input under sanitizers
	@scripts/setup.sh test
	@scripts/check.sh

bench:  ## measure, print ratios to floors, write build/bench/results.json
	@scripts/setup.sh bench
	@scripts/build.sh release -DTRELLIS_TESTS=ON -- trellis_bin trellis_bench_bin count_allocations
	@scripts/bench.sh

bench-check: bench  ## the same, and fail when a ratio is worse than the committed one (bench/baseline.json)
	@scripts/bench_check.py

build-cost:  ## what building costs, against an older commit: CPU time of clean builds and of edits (an hour)
	@scripts/setup.sh test
	@scripts/build_cost.py

fuzz:  ## run every fuzz target; SECONDS=60 sets the time per target
	@scripts/setup.sh fuzz
	@scripts/build.sh fuzz
	@scripts/fuzz.sh $(SECONDS_PER_TARGET)

format:  ## format all C++ sources
	@scripts/setup.sh format
	@git ls-files '*.cpp' '*.hpp' '*.h' | xargs clang-format-19 -i

format-check:  ## fail when a C++ source is not formatted
	@scripts/setup.sh format
	@git ls-files '*.cpp' '*.hpp' '*.h' | xargs clang-format-19 --dry-run -Werror

lint:  ## compile with clang 19 and run clang-tidy
	@scripts/setup.sh lint
	@scripts/build.sh lint
	@scripts/lint.sh

.PHONY: install-debug uninstall deb dist test-package
install: build  ## install binary, library, headers, documents (PREFIX=/usr/local, DESTDIR)
	@scripts/install.sh "$(PREFIX)"

install-debug: build  ## the same, with the binary's debug information beside it
	@scripts/install.sh "$(PREFIX)" debug

uninstall:  ## remove what `make install` with the same PREFIX and DESTDIR put there
	@scripts/uninstall.sh "$(PREFIX)"

# ARCH=arm64 or armhf: packages for another machine, from a build of `make cross`.
deb: $(if $(ARCH),cross,build)  ## Debian packages in build/packages, read by lintian; ARCH=… as in cross
	@scripts/setup.sh package
	@scripts/package-deb.sh

dist: $(if $(ARCH),cross,build)  ## a tarball in build/packages that runs where nothing but libc is; ARCH=… as in cross
	@scripts/setup.sh package
	@scripts/package-dist.sh

test-package: deb dist  ## install and run packages and tarball in a Debian 12 of their own (root)
	@ctest --test-dir build/$(if $(ARCH),cross-$(ARCH),release) -C package -L package- --output-on-failure --no-tests=error </dev/null

.PHONY: cross test-cross cross-arch
cross-arch:
	@scripts/cross.sh check "$(ARCH)"

cross: cross-arch build  ## build for another machine: ARCH=arm64 or armhf, build/cross-$ARCH/bin/trellis
	@scripts/setup.sh cross
	@scripts/cross.sh build "$(ARCH)"

test-cross: cross-arch build  ## build its tests and run them under emulation (qemu-user)
	@scripts/setup.sh cross
	@scripts/cross.sh test "$(ARCH)"

clean:  ## remove all build output except downloaded libraries
	@rm -rf build/release build/debug build/asan build/tsan build/fuzz build/lint build/cross-*
