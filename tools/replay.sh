#!/usr/bin/env bash
# `make replay`: audited runs of every method on FashionMNIST and CIFAR-10, replayed in PyTorch. Uses the
# datasets that are there, and synthetic ones in their form where none are.
set -euo pipefail

pfedla=$1
output=$2
python=$3
shift 3
folder=${PFEDLA_DATASETS:-datasets}
mkdir -p "$output"

for dataset in fashion-mnist cifar10; do
  data=$folder
  if ! "$pfedla" datasets verify "$dataset" --datasets "$folder" >/dev/null 2>&1; then
    data=$output/synthetic-data
    echo "$dataset is not in $folder: using SYNTHETIC images in its form."
    "$pfedla" datasets synthesize "$dataset" --samples-per-class 120 --datasets "$data" --overwrite
  fi
  results=()
  for method in $("$pfedla" methods --names); do
    normalisation=true
    if [ "$dataset" = fashion-mnist ]; then
      [ "$method" = fedbn ] && continue  # needs batch normalisation
      normalisation=false
    fi
    result=$output/$method-$dataset.h5
    "$pfedla" run experiments/audit.yaml --audit --set method="$method" --set dataset.name="$dataset" \
      --set model.batch_normalisation=$normalisation \
      --datasets "$data" --output "$result" --overwrite >"$output/log.txt" 2>&1 \
      || { cat "$output/log.txt"; exit 1; }
    results+=("$result")
  done
  OMP_NUM_THREADS=1 "$python" tools/replay.py "${results[@]}" --datasets "$data" "$@"
done
