#!/usr/bin/env bash
# Builds examples/own-method, runs its method and the built-in fedprox on synthetic images, and requires equal
# accuracies and models. Its argument is the built pfedla program.
set -euo pipefail
cd "$(dirname "$0")/.."

pfedla=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

swift build -c release --package-path examples/own-method --product own-pfedla
own=$(swift build -c release --package-path examples/own-method --show-bin-path)/own-pfedla

"$pfedla" datasets synthesize cifar10 --samples-per-class 100 --datasets "$folder/data" >/dev/null
"$own" methods own-prox
"$own" run examples/own-method/own-prox.yaml --datasets "$folder/data" --output "$folder/own.h5" >/dev/null
sed -e 's/^method: own-prox/method: fedprox/' -e 's/own-prox: {strength/fedprox: {proximal_strength/' \
  examples/own-method/own-prox.yaml >"$folder/fedprox.yaml"
"$pfedla" run "$folder/fedprox.yaml" --datasets "$folder/data" --output "$folder/built-in.h5" >/dev/null

digest() { "$2" verify "$1" | grep -o 'numbers_sha256 .*'; }
found=$(digest "$folder/own.h5" "$own") || { echo "own.h5: no numbers_sha256" >&2; exit 1; }
expected=$(digest "$folder/built-in.h5" "$pfedla") || { echo "built-in.h5: no numbers_sha256" >&2; exit 1; }
if [ "$found" != "$expected" ]; then
  echo "own-prox: found $found, expected fedprox's $expected" >&2
  exit 1
fi
echo "own-prox and fedprox: the same numbers"
