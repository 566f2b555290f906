#!/usr/bin/env bash
# `make quickstart`: local, fedavg, pfedla and heurpfedla on ten non-IID clients of FashionMNIST, or of synthetic images
# if FashionMNIST is not present and cannot be downloaded.
set -euo pipefail

pfedla=$1
output=$2
shift 2

if "$pfedla" datasets verify fashion-mnist >/dev/null 2>&1; then
  folder=${PFEDLA_DATASETS:-datasets}
elif [ -z "${PFEDLA_DATASETS:-}" ] && "$pfedla" datasets fetch fashion-mnist; then
  folder=datasets
else
  folder=$output/synthetic-data
  echo "FashionMNIST is not in ${PFEDLA_DATASETS:-datasets} and could not be downloaded."
  echo "Using SYNTHETIC images from $folder instead: good for a demonstration, not for results."
  "$pfedla" datasets synthesize fashion-mnist --samples-per-class 700 --datasets "$folder" --overwrite
fi

mkdir -p "$output"
for method in local fedavg pfedla heurpfedla; do
  "$pfedla" run experiments/quickstart.yaml --set method=$method --datasets "$folder" \
    --output "$output/$method.h5" --overwrite "$@" >/dev/null
  "$pfedla" export "$output/$method.h5" --csv "$output/$method" >/dev/null
done
"$pfedla" partition inspect "$output/pfedla.h5" --picture "$output/partition.svg" >/dev/null
echo
"$pfedla" compare "$output"/{local,fedavg,pfedla,heurpfedla}.h5 --output "$output"
echo
echo "Results: $output/*.h5 (HDF5), $output/*/ (CSV), $output/curves.png, $output/partition.svg"
