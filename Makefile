# Targets for users; `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

BUILT := .build/release/pfedla
PFEDLA ?= $(BUILT)
RUNS ?= runs
VENV ?= .venv
PYTHON ?= python3
DOCKER ?= docker
FIRST_RESULT ?= $(RUNS)/first-result
METHODS ?= local fedavg pfedla heurpfedla
SEEDS ?= 0 1 2
# A list may come from a program, one name per line.
override METHODS := $(strip $(METHODS))
override SEEDS := $(strip $(SEEDS))
WORKERS ?=
MPI_OPTIONS ?=
REPLAY_OPTIONS ?=
SECTIONS ?=
TABLE ?= 1
PROFILE ?= smoke
REPRODUCTION ?= $(RUNS)/reproduce-$(PROFILE)
ONLY ?=
WORKERS_OPTION := $(if $(WORKERS),--workers $(WORKERS))

.PHONY: help deps build build-mpi check-mpi test format check-format quickstart first-result reproduce-table figures report \
  readers check-readers check-own-method check-pages verify-results paper-progress check-survival check-cluster check-hostile test-asan test-tsan check-processors check-kernels documentation manual torch replay bench bench-others numerics golden docker clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' \
	  | awk -F'|' '{printf "  make %-16s %s\n", $$1, $$2}'

deps: ## Look for the system libraries and install missing ones with apt
	@tools/install_dependencies.sh

ifeq ($(PFEDLA),$(BUILT))
build: deps ## Build the pfedla program in release mode
	swift build -c release --product pfedla
else
build: # Use the program that PFEDLA names, as in a container
	@command -v "$(PFEDLA)" >/dev/null || { echo "PFEDLA=$(PFEDLA): no such program" >&2; exit 1; }
endif

test: deps ## Run all tests
	swift test -c release --disable-testable-imports

quickstart: build ## Train four methods on ten clients; a table and a plot, in minutes
	@tools/quickstart.sh $(PFEDLA) $(RUNS)/quickstart $(WORKERS_OPTION)

first-result: build ## The first CIFAR-10 result: METHODS (four) with SEEDS (0 1 2), compared
	@mkdir -p $(FIRST_RESULT)
	@for method in $(METHODS); do for seed in $(SEEDS); do \
	  $(PFEDLA) run experiments/first-result.yaml --set method=$$method --set seed=$$seed \
	    --output $(FIRST_RESULT)/$$method-seed$$seed.h5 --overwrite $(WORKERS_OPTION) || exit 1; \
	done; done
	@$(PFEDLA) compare --output $(FIRST_RESULT) \
	  $(foreach method,$(METHODS),$(foreach seed,$(SEEDS),$(FIRST_RESULT)/$(method)-seed$(seed).h5))

reproduce-table: build ## Table TABLE=1, 2 or 3 of the paper at PROFILE=smoke, quick, short or paper
	$(PFEDLA) reproduce table$(TABLE) --profile $(PROFILE) --output $(REPRODUCTION) $(WORKERS_OPTION) $(ONLY)

figures: build ## Figures 1, 5, 6 and 7 of the paper at PROFILE=smoke, quick, short or paper
	$(PFEDLA) reproduce figure1 figure5 figure6 figure7 --profile $(PROFILE) --output $(REPRODUCTION) \
	  $(WORKERS_OPTION) $(ONLY)

report: build ## Tables, figures and report.html of the runs finished at PROFILE
	$(PFEDLA) report $(REPRODUCTION)

readers: # Install the packages that open results in the virtual environment
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -c 'import h5py, xarray, h5netcdf, netCDF4, matplotlib' 2>/dev/null \
	  || $(VENV)/bin/pip install --quiet h5py xarray h5netcdf netCDF4 matplotlib

check-readers: build readers ## Open a result in h5py, xarray and netCDF4; run the examples; read files of numpy and h5py
	$(VENV)/bin/python tools/check_readers.py --pfedla $(PFEDLA)
	$(VENV)/bin/python tools/check_datasets.py --pfedla $(PFEDLA)

check-own-method: build ## Build the example of a method of your own and compare its numbers
	@tools/check_own_method.sh $(PFEDLA)

check-pages: build readers ## Run the pages' commands; check their links, code names and marked numbers
	$(PYTHON) tools/check_pages.py --self-test
	$(PYTHON) tools/check_pages.py --pfedla $(PFEDLA) --python $(VENV)/bin/python

browser: readers # Install what drives a browser in the virtual environment
	@$(VENV)/bin/python -c 'import playwright' 2>/dev/null || $(VENV)/bin/pip install --quiet playwright

check-report: build browser ## Look at a report in a browser and typeset its tables with LaTeX
	@tools/check_report.sh $(PFEDLA) $(VENV)/bin/python $(RUNS)/check-report

verify-results: build readers ## Check committed digests and tables against the cells; compute CELL (the cheapest) anew
	@$(VENV)/bin/python tools/verify_results.py --pfedla $(PFEDLA) $(if $(CELL),--cell $(CELL))

paper-progress: build ## List finished paper-scale runs with their times, and open ones with predictions
	python3 tools/paper_progress.py --pfedla $(PFEDLA)

check-survival: build ## Kill runs and sweeps, fill their disk, and check that nothing is lost
	$(PYTHON) tools/check_survival.py --pfedla $(PFEDLA)

check-hostile: deps ## Try a million changed inputs on every reader, with the address sanitizer
	swift build -c release --sanitize address --scratch-path .build-asan --product pfedla-fuzzing
	$(PYTHON) tools/check_hostile.py --program .build-asan/release/pfedla-fuzzing $(HOSTILE_OPTIONS)

test-asan: deps ## Run all tests with the address sanitizer
	ASAN_OPTIONS=detect_leaks=0 swift test -c release --disable-testable-imports --sanitize address --scratch-path .build-asan

test-tsan: deps ## Run all tests with the thread sanitizer
	TSAN_OPTIONS="suppressions=$(CURDIR)/tools/thread_sanitizer.txt" \
	  swift test -c release --disable-testable-imports --sanitize thread -Xswiftc -DTHREAD_SANITIZER \
	  --scratch-path .build-tsan

check-cluster: build ## Submit to a Slurm of its own whose nodes, tasks and controller fail
	$(PYTHON) tools/check_cluster.py --pfedla $(PFEDLA)

build-mpi: deps # Build the program with MPI beside the other, in .build-mpi
	@pkg-config --exists mpi-c || apt-get install -y --no-install-recommends libopenmpi-dev openmpi-bin
	PFEDLA_MPI=1 swift build -c release --product pfedla --scratch-path .build-mpi

check-mpi: build build-mpi ## Share runs among 1, 2, 3 and 5 ranks; the results must have the same bytes
	$(PYTHON) tools/check_mpi.py $(MPI_OPTIONS)

check-processors: build ## Run on emulated processors and check that results have the same bytes
	@tools/check_processors.sh $(PFEDLA) $(RUNS)/processors Haswell EPYC-Milan

check-kernels: ## Compare every kernel's bits with vectors of 256 and 512 bits and, emulated, on ARM
	@tools/check_kernels.sh $(RUNS)/kernels

documentation: deps ## Build the documentation of the library modules, without warnings
	@tools/build_documentation.sh $(RUNS)/documentation

manual: deps ## Write the manual page of pfedla
	@swift package plugin generate-manual
	@mkdir -p $(RUNS)/manual && cp .build/plugins/GenerateManual/outputs/pfedla/pfedla.1 $(RUNS)/manual/
	@echo "man $(RUNS)/manual/pfedla.1"

torch: # Install PyTorch in the virtual environment
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -c 'import h5py, numpy, torch' 2>/dev/null \
	  || $(VENV)/bin/pip install --quiet h5py numpy 'torch==2.13.0+cpu' \
	  || $(VENV)/bin/pip install --quiet h5py numpy torch

replay: build torch ## Replay audited runs of every method in PyTorch, from the dataset files
	@tools/replay.sh $(PFEDLA) $(RUNS)/replay $(VENV)/bin/python $(REPLAY_OPTIONS)

bench: deps ## Time everything against its bound; SECTIONS="step server" selects
	swift build -c release --product pfedla
	swift build -c release --product pfedla-benchmarks
	.build/release/pfedla-benchmarks $(SECTIONS) --csv $(RUNS)/benchmarks.csv --python $(VENV)/bin/python

bench-others: build torch ## Time benchmarks of PFLlib and pfl-research beside PyTorch
	$(VENV)/bin/python Benchmarks/other_harnesses.py pfllib
	$(VENV)/bin/python Benchmarks/other_harnesses.py pfl-research

format: ## Format all Swift sources
	swift format -i -r Sources Tests Benchmarks Fuzzing examples/own-method/Sources Package.swift

check-format: ## Check the format of all Swift sources
	swift format lint -s -r Sources Tests Benchmarks Fuzzing examples/own-method/Sources Package.swift

numerics: deps ## Record every method's digests for the current numerics version (after raising it)
	PFEDLA_RECORD_NUMERICS=1 swift test -c release --disable-testable-imports --filter NumericsVersionTests

golden: torch ## Check the golden values against PyTorch
	$(VENV)/bin/python tools/make_golden_values.py --check

docker: ## Build the container image pfedla; DOCKER=podman works too
	$(DOCKER) build --tag pfedla .

clean: ## Remove the build; keep runs
	rm -rf .build .build-documentation .build-asan .build-tsan
