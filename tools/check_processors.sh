#!/usr/bin/env bash
# `make check-processors`: an audited run must give the same bytes on this processor and on emulated ones. QEMU
# emulates processors with AVX2 but without AVX-512, whatever this processor is. The emulated runs use one worker, the
# run here uses two. If QEMU is missing, the check is skipped with one line.
set -euo pipefail

pfedla=$1
output=$2
shift 2
emulated=("$@")

if ! command -v qemu-x86_64 >/dev/null; then
  echo "check-processors: qemu-x86_64 is missing (Debian: apt-get install qemu-user); skipped"
  exit 0
fi
if [ "$(uname -m)" != x86_64 ] || ! grep -q '\bavx2\b' /proc/cpuinfo; then
  echo "check-processors: this processor has no AVX2; skipped"
  exit 0
fi

mkdir -p "$output"
run() { # file, workers, command …
  local file=$1 workers=$2
  shift 2
  "$@" run experiments/audit.yaml --audit --set rounds=2 --set dataset.name="$dataset" \
    --set model.batch_normalisation="$normalisation" --datasets "$output/synthetic-data" \
    --output "$file" --overwrite --workers "$workers" >"$output/log.txt" 2>&1 \
    || { cat "$output/log.txt"; exit 1; }
}

for dataset in fashion-mnist cifar10; do
  "$pfedla" datasets synthesize "$dataset" --samples-per-class 120 \
    --datasets "$output/synthetic-data" --overwrite >/dev/null
  normalisation=$([ "$dataset" = cifar10 ] && echo true || echo false)
  run "$output/$dataset-here.h5" 2 "$pfedla"
  for processor in "${emulated[@]}"; do
    run "$output/$dataset-$processor.h5" 1 qemu-x86_64 -cpu "$processor" "$pfedla"
    cmp "$output/$dataset-here.h5" "$output/$dataset-$processor.h5"
    echo "$dataset: emulated $processor: same bytes as this processor"
  done
done
