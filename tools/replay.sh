#!/usr/bin/env bash
# `make replay`: audited runs of every method on FashionMNIST and CIFAR-10, replayed in PyTorch. Uses the
# datasets that are there, and synthetic ones in their form where none are. REPLAY_METHODS="apfl pfedme" takes some
# methods alone.
set -euo pipefail

pfedla=$1
output=$2
python=$3
shift 3
folder=${PFEDLA_DATASETS:-datasets}
mkdir -p "$output"

# Audited runs of a method on a dataset, one a line: a name, then what they set beside experiments/audit.yaml.
runs() {
  echo "$1"
  case $1 in
    per-fedavg)
      echo "$1-first-order methods.per-fedavg.variant=first-order"
      # With batch normalisation two correct programs would drift apart.
      [ "$2" = fashion-mnist ] && echo "$1-long-steps methods.per-fedavg.inner_step_size=0.1"
      ;;
    fedrep) echo "$1-long local_epochs=11 rounds=1" ;;
    pfedme)
      echo "$1-samples methods.pfedme.averaging=samples" methods.pfedme.{personal_,}step_size=0
      # A weak pull and long steps, so that 0.001 more or less of any of them shows. Likewise.
      [ "$2" = fashion-mnist ] \
        && echo "$1-long-steps" methods.pfedme.{inner_steps=3,proximal_strength=0.5,personal_step_size=0.02,step_size=1}
      ;;
    pfedhn)
      echo "$1-sum methods.pfedhn.reduction=sum methods.pfedhn.inner_steps=0 local_epochs=1"
      echo "$1-mean methods.pfedhn.reduction=mean methods.pfedhn.client_optimiser=run"
      ;;
    apfl)
      # Where nothing is normalised there are no running statistics.
      [ "$2" = cifar10 ] && echo "$1-local-statistics model.batch_normalisation_statistics=local"
      ;;
  esac
  return 0
}

for dataset in fashion-mnist cifar10; do
  data=$folder
  if ! "$pfedla" datasets verify "$dataset" --datasets "$folder" >/dev/null 2>&1; then
    data=$output/synthetic-data
    echo "$dataset is not in $folder: using SYNTHETIC images in its form."
    "$pfedla" datasets synthesize "$dataset" --samples-per-class 120 --datasets "$data" --overwrite
  fi
  results=()
  for method in $("$pfedla" methods ${REPLAY_METHODS:-} --names); do
    normalisation=true
    if [ "$dataset" = fashion-mnist ]; then
      [ "$method" = fedbn ] && continue  # needs batch normalisation
      normalisation=false
    fi
    while read -r -a run; do
      result=$output/${run[0]}-$dataset.h5
      settings=(--set method="$method" --set dataset.name="$dataset")
      for setting in model.batch_normalisation=$normalisation "${run[@]:1}"; do
        settings+=(--set "$setting")
      done
      "$pfedla" run experiments/audit.yaml --audit "${settings[@]}" --datasets "$data" \
        --output "$result" --overwrite >"$output/log.txt" 2>&1 </dev/null \
        || { cat "$output/log.txt"; exit 1; }
      results+=("$result")
    done < <(runs "$method" "$dataset")
  done
  OMP_NUM_THREADS=1 "$python" tools/replay.py "${results[@]}" --datasets "$data" "$@"
done
