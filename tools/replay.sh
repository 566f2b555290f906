#!/usr/bin/env bash
# `make replay`: audited runs of every method on FashionMNIST and CIFAR-10, replayed in PyTorch. Uses the
# published datasets if present, otherwise synthetic ones in their format; and of a few on files of the user's own.
set -euo pipefail

pfedla=$1
output=$2
python=$3
shift 3
folder=${PFEDLA_DATASETS:-datasets}
mkdir -p "$output"

# audited NAME METHOD [KEY=VALUE …]: an audited run of the present dataset, added to the results to replay.
audited() {
  local result=$output/$1-$dataset.h5 keys=() key
  for key in "method=$2" "dataset.name=$dataset" "model.batch_normalisation=$normalisation" \
    record_class_confusion=true "${@:3}"; do
    keys+=(--set "$key")
  done
  "$pfedla" run experiments/audit.yaml --audit "${keys[@]}" \
    --datasets "$data" --output "$result" --overwrite >"$output/log.txt" 2>&1 \
    || { cat "$output/log.txt"; exit 1; }
  results+=("$result")
}

for dataset in fashion-mnist cifar10; do
  data=$folder
  if ! "$pfedla" datasets verify "$dataset" --datasets "$folder" >/dev/null 2>&1; then
    data=$output/synthetic-data
    echo "$dataset is not in $folder: using SYNTHETIC images in its format."
    "$pfedla" datasets synthesize "$dataset" --samples-per-class 120 --datasets "$data" --overwrite
  fi
  results=()
  normalisation=true
  [ "$dataset" = fashion-mnist ] && normalisation=false
  for method in $("$pfedla" methods --names); do
    # FedBN needs batch normalisation.
    [ "$method-$dataset" = fedbn-fashion-mnist ] || audited "$method" "$method"
  done

  # Options that one run per method does not cover.
  audited pfedla-model-norm pfedla \
    methods.pfedla.gradient_scaling=model-norm methods.pfedla.step_size=0.3
  audited heurpfedla-model-norm heurpfedla \
    methods.heurpfedla.gradient_scaling=model-norm methods.heurpfedla.step_size=0.3
  # Long steps: with heads that start at zero, embeddings have no gradient before the third round.
  audited pfedla-zero-heads pfedla methods.pfedla.head_initialisation=zero methods.pfedla.step_size=3000
  audited heurpfedla-zero-heads heurpfedla methods.heurpfedla.head_initialisation=zero \
    methods.heurpfedla.normaliser=softmax methods.heurpfedla.step_size=3000 rounds=4
  # What public code does otherwise, one by one and together.
  audited pfedla-uphill pfedla methods.pfedla.hypernetwork_step=uphill
  audited pfedla-frozen pfedla methods.pfedla.hypernetwork_step=frozen \
    methods.pfedla.head_initialisation=positive methods.pfedla.normaliser=relu-sum
  audited pfedla-tensors pfedla model.units=tensors
  # Shorter steps: with batch normalisation, rounding errors of what is added up would grow too large.
  audited pfedla-old-plus-update pfedla methods.pfedla.stored_model=old-plus-update methods.pfedla.step_size=50
  audited pfedla-direct pfedla methods.pfedla.weights=direct
  audited heurpfedla-variants heurpfedla "model.units=[fc1.bias+fc3, conv2.weight]" \
    methods.heurpfedla.hypernetwork_step=uphill methods.heurpfedla.stored_model=old-plus-update \
    methods.heurpfedla.weights=direct
  audited fedaghn-uphill fedaghn methods.fedaghn.hypernetwork_step=uphill
  audited per-fedavg-first-order per-fedavg methods.per-fedavg.variant=first-order
  audited fedrep-long fedrep local_epochs=11 rounds=1
  audited pfedme-samples pfedme methods.pfedme.averaging=samples \
    methods.pfedme.personal_step_size=0 methods.pfedme.step_size=0
  audited pfedhn-sum pfedhn methods.pfedhn.reduction=sum methods.pfedhn.inner_steps=0 local_epochs=1
  audited pfedhn-mean pfedhn methods.pfedhn.reduction=mean methods.pfedhn.client_optimiser=run
  if [ "$dataset" = cifar10 ]; then
    # Without batch normalisation there are no running statistics.
    audited apfl-local-statistics apfl model.batch_normalisation_statistics=local
    # α moves by hundredths.
    audited apfl-short-mixing-steps apfl methods.apfl.mixing_step_size=10
  else
    # With batch normalisation two correct programs would drift apart.
    audited per-fedavg-long-steps per-fedavg methods.per-fedavg.inner_step_size=0.1
    audited per-fedavg-first-order-long-steps per-fedavg methods.per-fedavg.variant=first-order \
      methods.per-fedavg.inner_step_size=0.1
    # A weak pull and long steps, so that an error of 0.001 in any of them is detected.
    audited pfedme-long-steps pfedme methods.pfedme.inner_steps=3 methods.pfedme.proximal_strength=0.5 \
      methods.pfedme.personal_step_size=0.02 methods.pfedme.step_size=1
    # Equally sensitive within one round, for --from-recorded.
    audited pfedme-one-round pfedme methods.pfedme.inner_steps=3 methods.pfedme.proximal_strength=5 \
      methods.pfedme.personal_step_size=0.02 methods.pfedme.step_size=0.02 local_epochs=4 rounds=1
  fi
  # Other networks, and options of the optimiser.
  if [ "$dataset" = fashion-mnist ]; then
    audited units-pfedla pfedla "model.units=[fc3+conv1, fc1+fc2]"
    audited mlp-pfedla pfedla model.architecture=mlp
    audited lenet5-heurpfedla heurpfedla model.architecture=lenet5
    audited mcmahan-cnn-fedavg fedavg model.architecture=mcmahan-cnn rounds=2 partition.samples_per_client=60
    audited cnn-3x3-fedrep fedrep model.architecture=cnn-3x3 rounds=2 partition.samples_per_client=60
    audited step-scaffold scaffold learning_rate_schedule=step learning_rate_rounds=1 momentum=0.9 nesterov=true
    audited cosine-per-fedavg per-fedavg learning_rate_schedule=cosine gradient_clipping=0.5
  else
    audited units-heurpfedla heurpfedla "model.units=[bn2+conv2, conv1+fc1]" methods.heurpfedla.retained_layers=2
    audited units-similarity similarity-layerwise "model.units=[fc2+fc1+fc3, bn2.weight]"
    audited blocks-pfedla pfedla model.batch_normalisation=false "model.architecture=[\
      {convolution: {name: stem, channels: 8, kernel: 3, padding: 1}}, {group-normalisation: 4}, relu, \
      {maximum-pooling: 4}, {residual: [relu, {convolution: {channels: 8, kernel: 3, padding: 1}}]}, \
      {average-pooling: 2}, {dropout: 0.25}, {fully-connected: 20}, relu, {fully-connected: classes}]"
  fi
  # Clients drop out: of nine rounds, one loses all of its participants and others some.
  for method in fedavg pfedla fedrep; do
    audited "$method-client-dropout" "$method" client_dropout=0.5 rounds=9 partition.samples_per_client=60
  done
  for method in fedavg pfedla fedrep; do
    audited "$method-new-clients" "$method" new_clients=2 new_client_rounds=3 partition.clients=5 \
      partition.samples_per_client=60
  done
  # A share and step size large enough that the weights of averages matter.
  audited fedavg-validation fedavg validation_share=0.8 learning_rate=0.05
  audited fedfomo-validation fedfomo validation_share=0.25
  # More clients and rounds, so that affinities decide what is downloaded. With batch normalisation, rounding errors
  # would grow too large.
  if [ "$dataset" = fashion-mnist ]; then
    audited fedfomo-affinities fedfomo partition.clients=6 partition.samples_per_client=60 \
      rounds=8 learning_rate=0.02 methods.fedfomo.downloaded_models=2
  fi
  OMP_NUM_THREADS=1 "$python" tools/replay.py "${results[@]}" --datasets "$data" "$@"
done

# Files of the user's own, in NumPy's archives and as IDX.
"$python" - "$output" <<'END'
import gzip, pathlib, sys
import numpy as np
folder, random = pathlib.Path(sys.argv[1]), np.random.default_rng(0)
labels = random.integers(0, 5, 600)
images = random.integers(0, 256, (5, 2, 20, 24))[labels] + random.normal(0, 60, (600, 2, 20, 24))
images = images.clip(0, 255).astype(np.uint8)
for name, part in [("train", slice(400)), ("test", slice(400, 600))]:
    np.savez_compressed(folder / f"{name}.npz", images=images[part], labels=labels[part], users=np.arange(600)[part] // 40)
def idx(array):
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()
(folder / "images.gz").write_bytes(gzip.compress(idx(images[:, 0])))
(folder / "labels.idx").write_bytes(idx(labels))
END
dataset=own-files normalisation=false results=()
audited own-numpy pfedla "dataset.files={train: $output/train.npz, test: $output/test.npz}" \
  "partition={scheme: natural, clients: 4}"
audited own-numpy-test fedavg "dataset.files={train: $output/train.npz, test: $output/test.npz}" \
  "dataset.splits=[test]" "dataset.classes=[4, 0, 1]" partition.samples_per_client=25
audited own-idx heurpfedla "dataset.files={images: $output/images.gz, labels: $output/labels.idx}"
OMP_NUM_THREADS=1 "$python" tools/replay.py "${results[@]}" --datasets "$data" "$@"
