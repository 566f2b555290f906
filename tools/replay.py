"""Replays audited runs in PyTorch and prints how far the recorded numbers deviate from its own.

    python tools/replay.py RESULT.h5 [RESULT2.h5 …] --datasets DIR

A result of `pfedla run … --audit` holds initial values, batches and their outcome. The replay takes the initial
values, the batches and the participants, recomputes everything else with automatic differentiation
(replay_model.py, replay_methods/) on the dataset files (replay_datasets.py), and compares. The exit
status is 1 if a deviation exceeds the tolerance, or if the file contradicts itself, for example if a test sample
is in a batch. Needs torch, numpy and h5py.

In float64 the deviation is the rounding error of the run. If rounding flips the decision of a ReLU or a maximum,
that moves a trained model by about 1e-5, and the following rounds amplify it, most of all with batch normalisation
and large hypernetwork steps. `--from-recorded` prevents this: every local training and every server step starts
from the recorded models, and every round from the recorded hypernetworks, mixing weights and other state, so that
the steps are checked one by one.
"""

import argparse
import collections
import itertools
import pathlib
import sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F

import replay_methods
from replay_datasets import Dataset, DatasetError
from replay_model import (DROPOUT, Batch, Federation, Outcome, Stream, Work, selected_clients,
                          validation_samples)
from replay_networks import STATISTICS, Network, Tensor

# Phases in which a client prepares its received model.
PREPARATION_PHASES = ("adapt", "validation")

# Rounding errors grow faster if a batch's mean and variance are part of the step.
TOLERANCE, TOLERANCE_BATCH_NORMALISATION = 2e-5, 5e-4

# State besides models (hypernetworks and state_after) has widely different scales. Its deviation is relative to how
# far the tensor has moved, and its tolerance is that of models times this.
STATE_TOLERANCES = 50

# The least movement of a tensor, as a share of its largest value; rounding alone can move it that far.
LEAST_MOVEMENT = 1e-2

# Errors planted in the Swift sources, and the deviations they caused with the settings of replay.sh:
#
#                                               FashionMNIST    CIFAR-10   largest deviation of
#   tolerance                                      2e-5         5e-4       models, losses, aggregation weights
#   FedAMP's weights a round late                  2.9e-3       9.2e-2     aggregation_weights
#   pFedMe, 0.001 added to ρ                       3.0e-3       8.5e-3     trained
#     … to η                                       5.8e-4       7.1e-4     trained
#     … to the pull, as 0.001 θ                    7.0e-4       6.8e-4     trained
#   first-order Per-FedAvg without inner step      4.8e-4       6.7e-3     trained
#     … with the second derivative                 5.6e-4       1.8e-3     trained, and twice the gradients
#   tolerance                                      1e-3         2.5e-2     state besides models
#   pFedLA's embedding not trained                 4.1e-2       1.0        hypernetwork_after
#     … with zero heads                            5.9e-2       1.0        hypernetwork_after
#     … HeurpFedLA, zero heads                     1.6e-2       1.0        hypernetwork_after
#   HeurpFedLA's retained layers pass a gradient   2.6e-1       5.4        hypernetwork_after
#   FedFomo, Σ|d| for |Σd|                         9.1e-1       7.5e-1     affinity
#   APFL's α never moves                           1.0          1.0        mixing
#     … moves with every batch                     1.0e2        1.0e2      mixing
#     … with 0.02 α added to its derivative        1.0e2        2.0e1      mixing
#   SCAFFOLD's option I                            2.5e-2       7.7e-2     client_controls, and twice the gradients
#   FedAMP's weights a round late                  1.0          1.0        squared_distances

# Compared exactly with the replay's own counts.
COUNTS = ("gradient_computations", "forward_samples")

# Two equal orders of this many samples are no coincidence: 1 in 6 billion.
CHANCE_SAMPLES = 13

# In a slot of /audit/participants that a client left free by dropping out.
NO_CLIENT = -1

# Methods whose replay lets new clients join: what they keep of the others is `Method.join`'s.
JOINING = ("local", "fedavg", "fedprox", "fedper", "lg-fedavg", "fedbn", "fedrep", "pfedla")

# A client that joined after training: its place among these, its samples, and the batches of all of them.
NewClient = collections.namedtuple("NewClient", "place train test batches preparation")

# Arrays of /audit that every method has.
COMMON = ("initial_parameters", "participants", "received", "parameters_after")

# A test sample may be classified either way if its logits are at most this many tolerances apart.
UNDECIDED_TOLERANCES = 20


def is_state(name):
    """Whether an array of /audit holds state besides models."""
    return name == "hypernetwork_after" or name.startswith("state_after/")


class AuditError(Exception):
    """A file cannot be replayed at all."""


# --- The audited file -----------------------------------------------------------------------------


class Audit:
    """An audited result file: the replay's starting point and its reference."""

    def __init__(self, path, datasets):
        self.file = file = h5py.File(path)
        if "audit" not in file:
            raise AuditError("no group /audit; run pfedla with --audit")
        if (version := file["audit"].attrs["schema_version"]) != 2:
            raise AuditError(f"/audit has schema_version {version}, expected 2")
        self.group = file["audit"]
        lines = file["provenance/resolved_specification"].asstr()[()].splitlines()
        self.settings = dict(line.split(": ", 1) for line in lines if ": " in line)
        if (name := self.settings["method"]) not in replay_methods.names():
            raise AuditError(
                f"method {name} has no replay yet; there are: {', '.join(replay_methods.names())}")
        self.method = replay_methods.method(name)
        self.dataset = Dataset(datasets, self.settings["dataset.name"],
                               self._list("dataset.splits"), self._list("dataset.classes"),
                               self.settings.get("dataset.files", "published"))
        architecture = self.settings["model.architecture"]
        self.network = Network(architecture, self.dataset.images.shape[1:], self.dataset.classes,
                               self.settings["model.batch_normalisation"] == "true")
        self.batch_normalisation = any(tensor.name in STATISTICS for tensor in self.network.tensors)
        self.clients, self.rounds = len(file["client"]), len(file["round"])
        # Without the slots that clients left free by dropping out.
        self.participants = [row[row != NO_CLIENT].tolist() for row in self.group["participants"][:]]
        self.train, self.test = self._partition("train"), self._partition("test")
        self.batches, self.preparation = self._batches()
        # Share of the training samples that is set aside for every method.
        self.validation_share = float(self.settings.get("validation_share", 0))
        self.memory = self.method.memory(self.settings)

    def _list(self, key):
        text = self.settings[key]
        return [item.strip() for item in text[1:-1].split(",")] if text.startswith("[") else text

    def _partition(self, part, of="/"):
        """[a client's dataset indices]."""
        group = self.file[of][f"partition/{part}"]
        return np.split(group["dataset_index"][:], np.cumsum(group["row_size"][:])[:-1])

    def _batches(self, of="batches"):
        """{(round, client): [Batch] in the order of training}, and those of preparation; rounds count from 1."""
        group, batches = self.group[of], collections.defaultdict(list)
        preparation = collections.defaultdict(list)
        rounds, clients, sizes = (group[name][:] for name in ("round", "client", "row_size"))
        entries, phases = group["dataset_index"][:], group["phase"].asstr()[:]
        if sizes.sum() != len(entries):
            raise AuditError(f"/audit/batches has {len(entries)} entries, expected {sizes.sum()} by row_size")
        starts = np.cumsum(sizes) - sizes
        for number, client, phase, start, size in zip(rounds, clients, phases, starts, sizes):
            target = preparation if phase in PREPARATION_PHASES else batches
            target[int(number), int(client)].append(Batch(phase, entries[start : start + size]))
        return batches, preparation

    def validation(self, client):
        """The client's training samples that are set aside, as the first round has them."""
        rows = [batch.indices for batch in self.preparation.get((1, client), []) if batch.phase == "validation"]
        return np.concatenate(rows) if rows else np.array([], int)

    def preparations(self, number):
        """{client: [Batch]} of the models that a round begins with."""
        return {client: self.prepared_by(number, client) for client in range(self.clients)}

    def prepared_by(self, number, client):
        """[Batch] with which the method itself prepares a model."""
        return [batch for batch in self.preparation.get((number, client), [])
                if batch.phase != "validation" or self.method.weighs_by_validation or not self.validation_share]

    def new_clients(self):
        """[NewClient]: those that joined after training, with what they have measured."""
        if "new_clients" not in self.file:
            return []
        if self.settings["method"] not in JOINING:
            raise AuditError(f"new clients of {self.settings['method']} have no replay; there are: {', '.join(JOINING)}")
        batches, preparation = self._batches("new_clients/batches")
        return [NewClient(place, *samples, batches, preparation) for place, samples
                in enumerate(zip(self._partition("train", "new_clients"), self._partition("test", "new_clients")))]

    def joined_federation(self, client, dtype):
        """The federation that a new client has joined, the last."""
        hypernetworks, clients = None, self.clients + 1
        if "initial_hypernetwork" in self.group["new_clients"]:
            values = self.group["new_clients/initial_hypernetwork"][:]
            hypernetworks = self.layout("new_clients/hypernetwork_layout"), np.tile(values, (clients, 1))
        initial = self.group["initial_parameters"][:]
        return Federation(self.settings, self.network, self.dataset, self._train_counts() + [len(client.train)],
                          np.concatenate([initial, initial[-1:]]), hypernetworks, dtype)

    def layout(self, name):
        """[Tensor] of a layout group; hypernetworks' tensors belong to no layer."""
        group = self.group[name]
        texts = {key: group[key].asstr()[:] for key in ("name", "shape")}
        layers = group["layer"].asstr()[:] if "layer" in group else [None] * len(texts["name"])
        return [Tensor(layer, tensor, int(offset), int(size), tuple(int(n) for n in shape.split(",")))
                for layer, tensor, offset, size, shape
                in zip(layers, texts["name"], group["offset"][:], group["size"][:], texts["shape"])]

    def arrays(self):
        """Names of the arrays of /audit, those of state_after with it."""
        groups = [("", self.group)]
        if "state_after" in self.group:
            groups.append(("state_after/", self.group["state_after"]))
        return {prefix + name for prefix, group in groups for name, item in group.items()
                if isinstance(item, h5py.Dataset) and not item.is_scale}

    def tensors(self):
        """{quantity whose last axis is a flat vector: [Tensor]}."""
        tensors = dict.fromkeys(("received", "trained", "global_parameters_after"), self.network.tensors)
        if "hypernetwork_layout" in self.group:
            tensors["hypernetwork_after"] = self.layout("hypernetwork_layout")
        return tensors

    def federation(self, dtype):
        hypernetworks = None
        if "initial_hypernetwork" in self.group:
            hypernetworks = self.layout("hypernetwork_layout"), self.group["initial_hypernetwork"][:]
        return Federation(self.settings, self.network, self.dataset, self._train_counts(),
                          self.group["initial_parameters"][:], hypernetworks, dtype)

    def _train_counts(self):
        """[samples that a client trains on]."""
        return [len(row) - (len(self.validation(client)) if self.validation_share else 0)
                for client, row in enumerate(self.train)]


def inconsistencies(audit):
    """Yields, one line each, where the file contradicts itself, its method or the dataset files."""
    file, group = audit.file, audit.group
    recorded = [tuple(line.split()[::-1]) for line
                in file["provenance/dataset_files"].asstr()[()].splitlines() if line]
    if recorded != audit.dataset.files:
        yield f"the run read other dataset files: {recorded}, here {audit.dataset.files}"

    # The partition.
    owner = {}
    for part, rows in [("train", audit.train), ("test", audit.test)]:
        if len(rows) != audit.clients:
            yield f"/partition/{part} has {len(rows)} clients, expected {audit.clients}"
        for client, indices in enumerate(rows):
            for index in indices.tolist():
                if index in owner:
                    yield f"sample {index} is in {owner[index]} and in client {client}'s {part} samples"
                owner[index] = f"client {client}'s {part} samples"
                if not 0 <= index < len(audit.dataset.labels) or audit.dataset.labels[index] < 0:
                    yield f"sample {index} of client {client} is not in the dataset or of a class left out"
                    return
        if not np.array_equal([len(indices) for indices in rows], file[f"{part}_count"][:]):
            yield f"/{part}_count contradicts /partition/{part}"
    counts = [np.bincount(audit.dataset.labels[np.concatenate(rows)], minlength=audit.dataset.classes)
              for rows in zip(audit.train, audit.test)]
    if not np.array_equal(counts, file["partition/label_count"][:]):
        yield "/partition/label_count contradicts the labels in the dataset files"

    # The model.
    if (found := audit.layout("parameter_layout")) != audit.network.tensors:
        yield f"/audit/parameter_layout is {found}, expected {audit.network.tensors}"
    roles = ["statistic" if tensor.name in STATISTICS else "trained" for tensor in audit.network.tensors]
    if (found := group["parameter_layout/role"].asstr()[:].tolist()) != roles:
        yield f"/audit/parameter_layout/role is {found}, expected {roles}"

    # Rounds, participants and batches.
    if audit.rounds != int(audit.settings["rounds"]):
        yield f"/round has {audit.rounds} rounds, expected {audit.settings['rounds']}"
    if not np.array_equal(file["round"][:], np.arange(1, audit.rounds + 1)):
        yield f"/round is not 1 … {audit.rounds}"
    known = set(COMMON) | {"initial_hypernetwork"} & audit.arrays() | set(audit.method.per_participant)
    expected = known | set(audit.memory) | set(audit.method.derived)
    for name in sorted(audit.arrays() ^ expected):
        yield f"/audit/{name} is " + ("missing" if name in expected else "nothing that the replay knows")
    if audit.arrays() != expected:
        return
    for name in sorted(expected - {"initial_parameters", "initial_hypernetwork"}):
        if len(group[name]) != audit.rounds:
            yield f"/audit/{name} has {len(group[name])} rounds, expected {audit.rounds}"
            return
    new = audit.new_clients()
    test = set(np.concatenate(audit.test + [client.test for client in new]).tolist())
    seed, share = int(audit.settings["seed"]), float(audit.settings["participation"])
    dropout = float(audit.settings.get("client_dropout", 0))
    for number, clients in enumerate(audit.participants, start=1):
        selected, dropped = selected_clients(seed, number, share, dropout, audit.clients)
        if clients != sorted(selected - dropped):
            yield f"round {number}: the participants {clients} are not {sorted(selected - dropped)}"
        found = set(np.flatnonzero(file["dropped_out"][number - 1]).tolist()) if "dropped_out" in file else set()
        if found != dropped:
            yield f"round {number}: /dropped_out has the clients {sorted(found)}, expected {sorted(dropped)}"
        if clients != np.flatnonzero(file["participated"][number - 1]).tolist():
            yield f"round {number}: /participated contradicts the participants {clients}"
        for client in clients:
            if (number, client) not in audit.batches:
                yield f"round {number}: participant {client} has no batch"
    for (number, client), batches in audit.batches.items():
        where = f"round {number}, client {client}"
        if not 1 <= number <= audit.rounds or client not in audit.participants[number - 1]:
            yield f"{where}: has batches but is not a participant of a round"
            continue
        used = set(np.concatenate([batch.indices for batch in batches]).tolist())
        for index in sorted(used & test):
            yield f"{where}: test sample {index} is in a batch"
        for index in sorted(used - test - set(audit.train[client].tolist())):
            yield f"{where}: sample {index} is in a batch, but belongs to {owner.get(index, 'no client')}"
        kept = np.setdiff1d(audit.train[client], audit.validation(client))
        for problem in audit.method.check_training(audit.settings, kept, batches):
            yield f"{where}: {problem}"
    for client in new:
        samples = set(client.train.tolist()) | set(client.test.tolist())
        where = f"new client {client.place}"
        if samples & set(owner) or len(samples) < len(client.train) + len(client.test):
            yield f"{where}: shares samples with others, or has one twice"
        for index in sorted(samples):
            owner[index] = where
        for (number, place), batches in client.batches.items():
            if place != client.place:
                continue
            if extra := set(np.concatenate([batch.indices for batch in batches]).tolist()) - set(client.train.tolist()):
                yield f"{where}, round {number}: trains on the samples {sorted(extra)}, which are not its training samples"
            for problem in audit.method.check_training(audit.settings, client.train, batches):
                yield f"{where}, round {number}: {problem}"
    if extra := [key for key in audit.preparation
                 if not (1 <= key[0] <= audit.rounds + 1 and 0 <= key[1] < audit.clients)]:
        yield f"round {extra[0][0]}, client {extra[0][1]}: preparation for no client"
    for number in range(1, audit.rounds + 2):
        for client in range(audit.clients):
            batches, own = audit.preparation.get((number, client), []), audit.train[client]
            aside = [batch.indices for batch in batches if batch.phase == "validation"]
            where = f"round {number}, client {client}, preparation"
            for index in sorted({int(i) for batch in batches for i in batch.indices} - set(own.tolist())):
                yield f"{where}: sample {index} is in a batch, but belongs to {owner.get(index, 'no client')}"
            if audit.validation_share:
                expected = validation_samples(own, audit.validation_share, int(audit.settings["seed"]), client)
                if len(aside) != 1 or not np.array_equal(aside[0], expected):
                    yield f"{where}: {aside} is set aside, expected {expected}"
                if not audit.method.weighs_by_validation:
                    own = np.setdiff1d(own, expected)
            for problem in audit.method.check_preparation(
                    audit.settings, own, audit.prepared_by(number, client), audit.validation(client)):
                yield f"{where}: {problem}"

    yield from repeated_orders(audit)

    yield from miscounted(audit)

    # The rest of the result against /audit.
    if "model" in file and file["model"].attrs["model_state"] == "trained":
        models = [file[f"model/{tensor.layer}/{tensor.name}"][:].reshape(audit.clients, -1)
                  for tensor in audit.network.tensors]
        if not np.array_equal(np.concatenate(models, axis=1), group["parameters_after"][-1], equal_nan=True):
            yield "/model contradicts the last round of /audit/parameters_after"
    if "aggregation" in file:
        last = file["aggregation/recorded_round"][:] - 1
        if not np.array_equal(file["aggregation/weights"][:], group["aggregation_weights"][:][last],
                              equal_nan=True):
            yield "/aggregation/weights contradicts /audit/aggregation_weights"


def miscounted(audit):
    """Yields, one line each, where counts of classes contradict the labels, the accuracies or each other."""
    if "class_counts" not in audit.file:
        return
    group, classes = audit.file["class_counts"], audit.dataset.classes
    test_count = np.array([np.bincount(audit.dataset.labels[indices], minlength=classes) for indices in audit.test])
    if not np.array_equal(test_count, group["test_count"][:]):
        yield "/class_counts/test_count contradicts the labels in the dataset files"
    recorded = group["recorded_round"][:]
    for kind in ("received", "trained"):
        correct = group[f"correct_{kind}"][:]
        accuracies = (correct.sum(-1) / test_count.sum(-1)).astype(np.float32)
        if not np.array_equal(accuracies, audit.file[f"test_accuracy_{kind}"][:][recorded - 1]):
            yield f"/class_counts/correct_{kind} contradicts /test_accuracy_{kind}"
        if (name := f"confusion_{kind}") not in group:
            continue
        if group[name].shape != (len(recorded), audit.clients, classes, classes):
            yield f"/class_counts/{name} has shape {group[name].shape}"
            continue
        counts = group[name][:]
        if counts.min() < 0 or not np.array_equal(np.diagonal(counts, axis1=2, axis2=3), correct):
            yield f"/class_counts/{name}: its diagonals contradict /class_counts/correct_{kind}"
        if not (counts.sum(-1) == test_count).all():
            yield f"/class_counts/{name}: its rows contradict /class_counts/test_count"


def repeated_orders(audit):
    """Yields, one line each, where a client sees its samples twice in the same order.

    Compares the passes of its training, in all rounds and phases, and the batches that adapt a model in each round.
    """
    batch_size = int(audit.settings["batch_size"])
    for client in range(audit.clients):
        kept = len(np.setdiff1d(audit.train[client], audit.validation(client)))
        per_pass = max(1, -(-kept // batch_size))
        orders = collections.defaultdict(list)  # {kind: [(where, samples)]}
        for number in range(1, audit.rounds + 2):
            batches = audit.batches.get((number, client), [])
            for start in range(0, len(batches), per_pass):
                samples = np.concatenate([batch.indices for batch in batches[start : start + per_pass]])
                orders["train"].append((f"round {number}, pass {start // per_pass + 1}", samples))
            adapt = [batch.indices for batch in audit.preparation.get((number, client), []) if batch.phase == "adapt"]
            if adapt:
                orders["adapt"].append((f"round {number}, preparation", np.concatenate(adapt)))
        for rows in orders.values():
            for (first, samples), (second, others) in itertools.combinations(rows, 2):
                common = min(len(samples), len(others))
                if common >= CHANCE_SAMPLES and np.array_equal(samples[:common], others[:common]):
                    yield f"client {client}: {second} has the samples in the order of {first}"


# --- Comparison -----------------------------------------------------------------------------------


class Deviations:
    """The largest deviation by quantity and round, and the first that is too large."""

    def __init__(self, tolerance, tensors):
        self.tolerance, self.tensors = tolerance, tensors  # {quantity: [Tensor] of its last axis}
        self.largest, self.first = {}, None  # {quantity: {round: deviation}}

    def limit(self, quantity):
        """The tolerance of a quantity."""
        if quantity in COUNTS or quantity.startswith("test_confusion"):
            return 0
        return self.tolerance * (STATE_TOLERANCES if is_state(quantity) else 1)

    def compare(self, quantity, number, recorded, replayed, where, scale=1):
        """scale: what deviations are relative to, by the last axis."""
        recorded = np.atleast_1d(np.asarray(recorded, np.float64))
        replayed = np.atleast_1d(np.asarray(replayed, np.float64))
        if recorded.shape != replayed.shape:
            raise AuditError(f"{where}: {quantity} has shape {recorded.shape}, expected {replayed.shape}")
        with np.errstate(invalid="ignore"):
            deviation = np.abs(recorded - replayed) / scale
        deviation[recorded == replayed] = 0
        deviation[np.isnan(recorded) & np.isnan(replayed)] = 0
        deviation[np.isnan(deviation)] = np.inf
        largest = float(deviation.max(initial=0))
        rounds = self.largest.setdefault(quantity, {})
        rounds[number] = max(largest, rounds.get(number, 0))
        if largest > self.limit(quantity) and self.first is None:
            position = np.unravel_index(deviation.argmax(), deviation.shape)
            self.first = (f"{where}: {quantity}{self._name(quantity, position)} is "
                          f"{recorded[position]:.9g}, the replay has {replayed[position]:.9g}")

    def _name(self, quantity, position):
        for t in self.tensors.get(quantity, []):
            if t.offset <= position[-1] < t.offset + t.size:
                tensor = t.name if t.layer is None else f"{t.layer}.{t.name}"
                return f" {tensor}[{', '.join(str(int(p)) for p in (*position[:-1], position[-1] - t.offset))}]"
        return f"[{', '.join(str(int(p)) for p in position)}]"

    def excess(self):
        """{quantity: its largest deviation} for those that are too large."""
        return {quantity: value for quantity, value in self.overall().items() if not value <= self.limit(quantity)}

    def overall(self):
        return {quantity: max(rounds.values()) for quantity, rounds in self.largest.items()}


def scales(tensors, initial, values):
    """The scale of deviations in an array after a round, by the last axis: how far its tensor has moved since the start,
    but at least LEAST_MOVEMENT of its largest value; 1 for a tensor that is still 0."""
    initial, values = (np.asarray(each, np.float64) for each in (initial, values))
    scale = np.ones(values.shape[-1])
    for place in [slice(t.offset, t.offset + t.size) for t in tensors or []] or [slice(None)]:
        moved = np.abs(values - initial)[..., place].max(initial=0)
        scale[place] = max(moved, LEAST_MOVEMENT * np.abs(values[..., place]).max(initial=0)) or 1
    return scale


def replay(audit, dtype, tolerance, from_recorded):
    """Replays all rounds and evaluates the last: (Deviations, {accuracy: most samples that differ}).

    from_recorded: every local training and every server step starts from the recorded models and the recorded state.
    """
    method = audit.method(audit.federation(dtype))
    group, file = audit.group, audit.file
    after, train_loss = group["parameters_after"], file["train_loss"]
    tensors = audit.tensors()
    deviations = Deviations(tolerance, tensors)
    after_rounds = audit.memory | audit.method.derived
    initial = {name: getattr(method, own).clone() for name, own in after_rounds.items() if is_state(name)}

    def model(name, *position):
        return torch.from_numpy(group[name][position]).to(dtype)

    for number, row in enumerate(audit.participants, start=1):
        method.federation.round = number
        method.recorded = {name: dict(zip(row, group[name][number - 1]))
                           for name in method.per_participant}
        method.preparation = audit.preparations(number)
        starts, work = {}, {client: Work() for client in range(audit.clients)}
        streams = {client: Stream(int(audit.settings["seed"]), DROPOUT, number, client) for client in row}
        for client in row:
            method.federation.work, audit.network.stream = work[client], streams[client]
            starts[client] = method.received(client)
        method.federation.work = Work()
        for slot, client in enumerate(row):
            where = f"round {number}, client {client}"
            deviations.compare("received", number, group["received"][number - 1, slot], starts[client], where)
            for name, value in method.starts(client).items():
                deviations.compare(name, number, group[name][number - 1, slot], value, where)
        outcomes = {}
        for client in row:
            if from_recorded:
                starts[client] = model("received", number - 1, row.index(client))
            batches = audit.batches[number, client]
            method.federation.work, audit.network.stream = work[client], streams[client]
            trained, losses = method.train(client, starts[client], batches)
            where = f"round {number}, client {client}"
            deviations.compare("trained", number, after[number - 1, client], trained, where)
            sizes = np.array([len(batch.indices) for batch in batches])
            counts = ~np.isnan(losses)
            loss = np.average(np.array(losses)[counts], weights=sizes[counts])
            deviations.compare("train_loss", number, train_loss[number - 1, client], loss, where)
            if from_recorded:
                trained = model("parameters_after", number - 1, client)
            outcomes[client] = Outcome(starts[client], trained, losses)
        method.federation.work = Work()
        if outcomes:
            method.absorb(outcomes)
        for client in range(audit.clients):
            where = f"after round {number}, client {client}"
            deviations.compare("trained", number, after[number - 1, client], method.bank[client], where)
            if client not in outcomes:
                deviations.compare("train_loss", number, train_loss[number - 1, client], np.nan, where)
            for name in COUNTS:
                deviations.compare(
                    name, number, file[name][number - 1, client], getattr(work[client], name), where)
        for name, own in after_rounds.items():
            recorded, value = group[name][number - 1], getattr(method, own)
            scale = scales(tensors.get(name), initial[name], value) if is_state(name) else 1
            deviations.compare(name, number, recorded, value, f"after round {number}", scale)
            if from_recorded and name in audit.memory:
                method.recall(own, recorded)

    for client in audit.new_clients():
        join(audit, method, client, deviations)
    method.federation.round = audit.rounds + 1
    method.recorded, method.preparation = {}, audit.preparations(audit.rounds + 1)
    if "aggregation/retained" in file:
        method.recorded["retained"] = dict(enumerate(file["aggregation/retained"][-1]))
    return deviations, {kind: evaluate(audit, method.federation, deviations, kind, evaluated)
                        for kind, evaluated in [("received", method.received), ("trained", method.trained)]}


def join(audit, earlier, client, deviations):
    """Lets a new client join and train, and compares its test losses and accuracies before and after each round."""
    number, file = audit.clients, audit.file["new_clients"]
    federation = audit.joined_federation(client, earlier.federation.dtype)
    method = audit.method(federation)
    method.join(earlier)
    rounds = len(file["joining_round"])
    for joining in range(rounds):
        federation.round = audit.rounds + 1 + joining
        method.preparation = {number: client.preparation.get((federation.round, client.place), [])}
        for kind, model in [("received", method.received(number)), ("trained", method.trained(number))]:
            audit.network.stream = Stream(int(audit.settings["seed"]), DROPOUT, federation.round, number)
            logits, labels = federation.evaluate(model, client.test)
            place = joining, client.place
            where = f"new client {client.place}, after {joining} rounds"
            deviations.compare(f"test_loss_{kind}_of_new_clients", audit.rounds, file[f"test_loss_{kind}"][place],
                               F.cross_entropy(logits, labels).item(), where)
            # Rounding may decide a sample.
            wrong = abs(float(file[f"test_accuracy_{kind}"][place]) - (logits.argmax(1) == labels).double().mean().item())
            deviations.compare(f"test_accuracy_{kind}_of_new_clients", audit.rounds, 0,
                               0 if wrong * len(labels) < 1.5 else wrong, where)
        if joining + 1 < rounds:
            audit.network.stream = Stream(int(audit.settings["seed"]), DROPOUT, federation.round, number)
            start = method.received(number)
            trained, losses = method.train(number, start, client.batches[federation.round, client.place])
            method.absorb({number: Outcome(start, trained, losses)})


def evaluate(audit, federation, deviations, kind, model):
    """Compares the last round's test losses and accuracies; the most samples of a client that differ."""
    number, undecided_gap, differing = audit.rounds, UNDECIDED_TOLERANCES * deviations.tolerance, 0
    for client, indices in enumerate(audit.test):
        where = f"after round {number}, client {client}"
        audit.network.stream = Stream(int(audit.settings["seed"]), DROPOUT, number + 1, client)
        logits, labels = federation.evaluate(model(client), indices)
        loss = F.cross_entropy(logits, labels).item()
        recorded = audit.file[f"test_loss_{kind}"][-1, client]
        deviations.compare(f"test_loss_{kind}", number, recorded, loss, where)
        # By how much the right class leads the best wrong class.
        right = logits.gather(1, labels[:, None])[:, 0]
        lead = right - logits.scatter(1, labels[:, None], -torch.inf).max(1).values
        recorded = float(audit.file[f"test_accuracy_{kind}"][-1, client])
        differing = max(differing, abs(recorded * len(indices) - (lead > 0).sum().item()))
        # Rounding may decide the samples between these bounds.
        surely, possibly = ((lead > gap).double().mean().item() for gap in (undecided_gap, -undecided_gap))
        nearest = min(max(surely, recorded), possibly)
        deviations.compare(f"test_accuracy_{kind}", number, recorded, nearest, where)
        if (name := f"class_counts/confusion_{kind}") in audit.file:
            deviations.compare(f"test_confusion_{kind}", number, audit.file[name][-1, client],
                               nearest_confusion(audit.file[name][-1, client], logits, labels, undecided_gap), where)
    return differing


def nearest_confusion(recorded, logits, labels, gap):
    """The counts [class, predicted class] nearest to the recorded ones that rounding may give.

    A sample whose largest score leads by more than the gap counts for one class; any other may count for each within the gap.
    """
    possible = logits >= logits.max(1, keepdim=True).values - gap
    surely = possible & (possible.sum(1, keepdim=True) == 1)
    least, most = np.zeros_like(recorded), np.zeros_like(recorded)
    for label, sure, able in zip(labels.tolist(), surely.numpy(), possible.numpy()):
        least[label] += sure
        most[label] += able
    return np.clip(recorded, least, most)


# --- The command line -----------------------------------------------------------------------------


def report(path, audit, precision, tolerance, from_recorded):
    """Replays in one precision and prints the deviations; whether all are within the tolerance."""
    deviations, differing = replay(audit, getattr(torch, precision), tolerance, from_recorded)
    settings = audit.settings
    print(f"{path.name}: {settings['method']} on {settings['dataset.name']}, {audit.clients} clients, "
          f"{audit.rounds} rounds, batch normalisation {settings['model.batch_normalisation']}, "
          f"replayed in {precision}{' from recorded models' if from_recorded else ''}; largest deviations:")
    by_round = [name for name in deviations.largest if not name.startswith("test_")]
    if not any(name in deviations.excess() for name in COUNTS):
        by_round = [name for name in by_round if name not in COUNTS]
    table = [["round"] + [name.removeprefix("state_after/") for name in by_round]]
    for number in range(1, audit.rounds + 1):
        table.append([str(number)] + [f"{deviations.largest[name].get(number, 0):.1e}" for name in by_round])
    widths = [max(map(len, column)) for column in zip(*table)]
    for row in table:
        print("  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths)))
    overall = deviations.overall()
    for kind, samples in differing.items():
        print(f"  last round, {kind} models: test loss {overall[f'test_loss_{kind}']:.1e}, "
              f"test accuracy: at most {samples:.0f} samples of a client"
              + (f", confusion {overall[name]:.0f}" if (name := f"test_confusion_{kind}") in overall else ""))
    if new := {name: value for name, value in overall.items() if name.endswith("_of_new_clients")}:
        print(f"  {len(audit.new_clients())} new clients: " + ", ".join(
            f"{name.removesuffix('_of_new_clients').replace('_', ' ')} {value:.1e}" for name, value in new.items()))
    if excess := deviations.excess():
        print("  FAILED: " + ", ".join(f"{name} {value:.1e} (tolerance {deviations.limit(name):g})"
                                      for name, value in excess.items()))
        print(f"  first at {deviations.first}")
    else:
        print(f"  ok (tolerance {tolerance:g}; of other state {tolerance * STATE_TOLERANCES:g} of its movement)")
    return not excess


def check(path, options):
    """Whether a file is consistent and replays within the tolerance."""
    try:
        audit = Audit(path, options.datasets)
        problems = list(inconsistencies(audit))
        for problem in problems[:20]:
            print(f"{path.name}: INCONSISTENT: {problem}")
        if problems:
            print(f"{path.name}: FAILED: {len(problems)} inconsistencies; not replayed")
            return False
        tolerance = TOLERANCE_BATCH_NORMALISATION if audit.batch_normalisation else TOLERANCE
        tolerance = tolerance if options.tolerance is None else options.tolerance
        precisions = ["float32", "float64"] if options.precision == "both" else [options.precision]
        return [report(path, audit, precision, tolerance, options.from_recorded)
                for precision in precisions][-1]
    except (AuditError, DatasetError, ValueError, KeyError, OSError) as error:
        print(f"{path.name}: FAILED: {error.args[0] if isinstance(error, KeyError) else error}")
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="+", type=pathlib.Path, metavar="RESULT.h5")
    parser.add_argument("--datasets", required=True, type=pathlib.Path, metavar="DIR")
    parser.add_argument("--precision", choices=["float32", "float64", "both"], default="float64",
                        help="both: float32 is shown beside float64, which is decisive")
    parser.add_argument("--from-recorded", action="store_true",
                        help="start every step from the recorded models, so that rounding errors cannot build up")
    parser.add_argument("--tolerance", type=float, metavar="X",
                        help=f"default: {TOLERANCE:g} without batch normalisation, "
                             f"{TOLERANCE_BATCH_NORMALISATION:g} with")
    options = parser.parse_args()
    torch.set_num_threads(1)
    return 0 if all([check(path, options) for path in options.results]) else 1


if __name__ == "__main__":
    sys.exit(main())
