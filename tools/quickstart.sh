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

# What the table shows, in words: received models after the last round.
awk -F, '
  NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
  { accuracy[$column["method"]] = $column["received_mean_percent"]; rounds = $column["rounds"]; data = $column["data"] }
  END {
    gap = accuracy["Local"] - accuracy["FedAvg"]
    printf "\nEvery client has 4 of 10 classes. FedAvg, one model for all clients, reaches %.1f %%;\n", accuracy["FedAvg"]
    printf "Local, a model a client without any exchange, %.1f %%: %.1f points %s. pFedLA (%.1f %%)\n",
      accuracy["Local"], gap < 0 ? -gap : gap, gap < 0 ? "less" : "more", accuracy["pFedLA"]
    printf "and HeurpFedLA (%.1f %%) let every client weigh the others layer by layer.\n", accuracy["HeurpFedLA"]
    if (data == "synthetic") print "The images are SYNTHETIC: the numbers show how the program works, nothing else."
    printf "One seed and %d short rounds, where the paper has 600: no ranking of methods.\n", rounds
  }' "$output/table.csv"
echo
echo "Look at:  $output/curves.png, $output/partition.svg; results: $output/*.h5 (HDF5), $output/*/ (CSV)"
echo "Run next: make first-result              # CIFAR-10, three seeds, some minutes"
echo "          make reproduce-table TABLE=1   # every run of Table 1 on synthetic images, about a minute"
