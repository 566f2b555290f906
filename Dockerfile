# An image of the program, of what it needs to run, and of `make quickstart`. README.md says how to use it.
ARG SWIFT_VERSION=6.3
ARG DEBIAN=bookworm

FROM docker.io/library/swift:${SWIFT_VERSION}-${DEBIAN} AS build
WORKDIR /pfedla
COPY tools/install_dependencies.sh tools/
RUN tools/install_dependencies.sh && rm -rf /var/lib/apt/lists/*
COPY Package.swift ./
RUN swift package resolve
# All targets: the package's description names them, and the compiler checks that they are there.
COPY Benchmarks Benchmarks
COPY Fuzzing Fuzzing
COPY Tests Tests
COPY Sources Sources
# With Swift's own libraries inside, so that the program needs only Debian's.
RUN swift build -c release --product pfedla --static-swift-stdlib \
  && install --strip -D -t program .build/release/pfedla \
  && tools/install_dependencies.sh --runtime program/pfedla > program/packages

FROM docker.io/library/debian:${DEBIAN}-slim
COPY --from=build /pfedla/program/packages /tmp/
RUN apt-get update -qq \
  && xargs env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    ca-certificates make tini < /tmp/packages >/dev/null \
  && rm -rf /var/lib/apt/lists/* /tmp/packages \
  && useradd --uid 1000 --create-home pfedla
COPY --from=build /pfedla/program/pfedla /usr/local/bin/
WORKDIR /pfedla
COPY LICENSE Makefile ./
COPY tools/quickstart.sh tools/
COPY experiments experiments
# Any user may write to them, mounted or not.
RUN install -d -m 1777 datasets runs
# What make runs instead of a build.
ENV PFEDLA=/usr/local/bin/pfedla
USER pfedla
# As process 1, make would ignore signals; tini passes them on to all processes. Shells end at once on TERM, but on INT
# they wait until the program has saved its checkpoint.
ENTRYPOINT ["tini", "-g", "--"]
STOPSIGNAL SIGINT
CMD ["pfedla", "--help"]
