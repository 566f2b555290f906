#!/usr/bin/env python3
"""Writes the golden values that the Swift tests compare with (Tests/TestSupport/GoldenValues).

  make_golden_values.py            writes every file
  make_golden_values.py --check    recomputes them and compares with the committed files

The inputs are hash fills, so mostly results are stored. Each result in float32 is repeated in
float64; the largest difference is stored as `rounding` beside it, so that a test's tolerance can
be justified by what float32 can promise.
"""

import argparse
import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

import replay_model
import replay_networks
from golden_oracle import (Hypernetwork, Model, Network, checksum, convolution, filled, fully_connected,
                           images, labels, largest_difference, signed, train, unit, words)

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "TestSupport" / "GoldenValues"


# --- layers.json ----------------------------------------------------------------------------------


def layer_case(name, network, batch, salt):
    def compute(dtype):
        x = images(salt + 100, network.input, range(batch), dtype)
        y = labels(salt + 101, network.classes, range(batch))
        initial = network.initial(salt, perturbed=True).to(dtype)
        eval_logits, eval_loss_sum, eval_correct = Model(network, initial).evaluate(x, y)
        model = Model(network, initial)
        logits = model.logits(x, training=True)
        loss = F.cross_entropy(logits, y)
        loss.backward()
        return {"logits": logits.detach().flatten(), "loss": loss.item(),
                "gradient": model.gradient(), "running_statistics": model.statistics(),
                "eval_logits": eval_logits.flatten(), "eval_loss_sum": eval_loss_sum,
                "eval_correct": eval_correct}

    single, double = compute(torch.float32), compute(torch.float64)
    return {"name": name, "network": network.description(), "batch": batch,
            "parameter_salt": salt, "pixel_salt": salt + 100, "label_salt": salt + 101,
            "initial_checksum": checksum(network.initial(salt, perturbed=True)), **single,
            "rounding": max(largest_difference(single[key], double[key]) for key in single)}


def make_layers():
    fc = fully_connected
    cases = [
        ("fully connected", Network([2, 3, 3], fc("fc1", 4, False)), 3),
        ("convolution", Network([3, 8, 8], convolution("conv1", 4, 3), fc("fc1", 5, False)), 4),
        ("convolution with batch normalisation",
         Network([2, 8, 8], convolution("conv1", 4, 3, "bn1"), fc("fc1", 5, False)), 4),
        ("two blocks, pooling drops the last row and column",
         Network([2, 13, 13], convolution("conv1", 3, 3, "bn1"), convolution("conv2", 4, 3, "bn2"),
                 fc("fc1", 6, True), fc("fc2", 3, False)), 5),
        ("oblong image, even kernel, batch normalisation in the second block only",
         Network([1, 9, 14], convolution("conv1", 3, 2), convolution("conv2", 5, 3, "bn2"),
                 fc("fc1", 6, True), fc("fc2", 4, False)), 6),
        ("batch of one",
         Network([3, 8, 8], convolution("conv1", 4, 3), fc("fc1", 6, True), fc("fc2", 5, False)), 1),
    ]
    return {"cases": [layer_case(*case, salt=1000 * (n + 1)) for n, case in enumerate(cases)]}


# --- networks.json --------------------------------------------------------------------------------


NETWORKS = [
    ("padding, batch normalisation, means, an odd maximum",
     [3, 9, 11], 3, 4, "[{convolution: {channels: 5, kernel: 3, padding: 1}}, batch-normalisation, relu, "
     "{average-pooling: 2}, {convolution: {channels: 18, kernel: 1}}, relu, {maximum-pooling: 3}, "
     "{fully-connected: 6}, relu, {fully-connected: classes}]"),
    ("residual blocks, group normalisation, the mean of an image",
     [2, 8, 8], 4, 5, "[{convolution: {name: stem, channels: 8, kernel: 3, padding: 1}}, {group-normalisation: 4}, relu, "
     "{residual: [{convolution: {channels: 8, kernel: 3, padding: 1}}, batch-normalisation, relu, "
     "{convolution: {channels: 8, kernel: 3, padding: 1}}, {group-normalisation: {name: last, groups: 2}}]}, relu, "
     "{residual: [relu, {convolution: {channels: 8, kernel: 5, padding: 2}}, relu]}, "
     "{average-pooling: all}, {fully-connected: classes}]"),
    ("dropout on images and features",
     [1, 8, 8], 4, 6, "[{convolution: {channels: 20, kernel: 5, padding: 2}}, relu, {maximum-pooling: 2}, "
     "{dropout: 0.25}, {residual: [{dropout: 0.5}, relu, {convolution: {channels: 20, kernel: 1}}]}, "
     "{fully-connected: 10}, {dropout: 0.5}, relu, {fully-connected: classes}]"),
    ("pooled convolutions with padding, in whole blocks of channels",
     [3, 13, 12], 3, 7, "[{convolution: {channels: 16, kernel: 5, padding: 2}}, relu, {maximum-pooling: 2}, "
     "{convolution: {channels: 16, kernel: 5, padding: 2}}, batch-normalisation, relu, {maximum-pooling: 2}, "
     "{fully-connected: classes}]"),
    ("many input channels, large and even kernels, an image that is normalised first",
     [17, 10, 9], 3, 18, "[batch-normalisation, {convolution: {channels: 3, kernel: 7, padding: 3}}, relu, "
     "{maximum-pooling: 2}, {convolution: {channels: 17, kernel: 2}}, {fully-connected: {name: head, features: classes}}]"),
    ("fully connected layers only",
     [1, 5, 5], 3, 2, "[{fully-connected: 18}, relu, {dropout: 0.1}, {fully-connected: 7}, relu, {fully-connected: classes}]"),
]
DROPOUT_SEED, DROPOUT_ROUND, DROPOUT_CLIENT = 5, 3, 2


def network_case(name, shape, classes, batch, architecture, salt):
    def initial(network):
        tensors = [(tensor.name, tensor.size, network.fan_in[tensor.layer]) for tensor in network.tensors]
        return filled(tensors, salt, perturbed=True)

    def compute(dtype):
        network = replay_networks.Network(architecture, shape, classes, False)
        network.stream = replay_model.Stream(DROPOUT_SEED, replay_model.DROPOUT, DROPOUT_ROUND, DROPOUT_CLIENT)
        x, y = images(salt + 100, shape, range(batch), dtype), labels(salt + 101, classes, range(batch))
        flat = initial(network).to(dtype)
        with torch.no_grad():
            eval_logits = network.logits(network.split(flat), x, training=False)
        values = network.split(flat)
        trained = {key: value.requires_grad_() for key, value in values.items()
                   if key[1] not in replay_networks.STATISTICS}
        logits = network.logits(values, x, training=True)
        loss = F.cross_entropy(logits, y)
        zeros = {key: torch.zeros_like(value) for key, value in values.items()}
        gradient = network.join(zeros | dict(zip(trained, torch.autograd.grad(loss, list(trained.values())))))
        return {"logits": logits.detach().flatten(), "loss": loss.item(), "gradient": gradient,
                "running_statistics": network.join(values)[~network.is_trained], "eval_logits": eval_logits.flatten()}

    single, double = compute(torch.float32), compute(torch.float64)
    network = replay_networks.Network(architecture, shape, classes, False)
    return {"name": name, "architecture": architecture, "input": shape, "classes": classes, "batch": batch,
            "layers": network.layers, "parameter_count": network.size,
            "parameter_salt": salt, "pixel_salt": salt + 100, "label_salt": salt + 101,
            "dropout": {"seed": DROPOUT_SEED, "round": DROPOUT_ROUND, "client": DROPOUT_CLIENT},
            "initial_checksum": checksum(initial(network)), **single,
            "rounding": max(largest_difference(single[key], double[key]) for key in single)}


def make_networks():
    return {"cases": [network_case(*case, salt=20_000 + 1000 * n) for n, case in enumerate(NETWORKS)]}


# --- training.json --------------------------------------------------------------------------------


def paper_network(input_shape, batch_normalisation):
    first, second = ("bn1", "bn2") if batch_normalisation else (None, None)
    return Network(input_shape, convolution("conv1", 16, 5, first),
                   convolution("conv2", 32, 5, second), fully_connected("fc1", 120, True),
                   fully_connected("fc2", 84, True), fully_connected("fc3", 10, False))


def small_network():
    return Network([1, 10, 10], convolution("conv1", 4, 3, "bn1"), fully_connected("fc1", 12, True),
                   fully_connected("fc2", 4, False))


def training_case(name, network, salt, stride, rate, momentum=0.0, weight_decay=0.0, **more):
    sizes, epochs = [32, 32, 32, 4], 5
    ends = np.cumsum(sizes).tolist()
    batches = [range(end - size, end) for size, end in zip(sizes, ends)] * epochs

    def compute(dtype):
        def load(indices):
            return (images(salt + 100, network.input, indices, dtype),
                    labels(salt + 101, network.classes, indices))

        model, snapshots = Model(network, network.initial(salt).to(dtype)), []

        def after_step(step):
            if step in (10, 20):
                flat = model.flat()
                snapshots.append({
                    "step": step, "parameters": flat[::stride],
                    "layer_norms": [flat[first:end].double().norm().item()
                                    for _, first, end in network.ranges()]})

        losses = train(model, batches, load, rate, momentum, weight_decay, after_step, **more)
        _, loss_sum, correct = model.evaluate(*load(range(sum(sizes))))
        return losses, snapshots, loss_sum / sum(sizes), correct

    losses, snapshots, eval_loss, correct = compute(torch.float32)
    losses64, snapshots64, eval_loss64, correct64 = compute(torch.float64)
    assert correct == correct64, f"{name}: predictions too close to call"
    for single, double in zip(snapshots, snapshots64):
        single["rounding"] = max(largest_difference(single[key], double[key])
                                 for key in ("parameters", "layer_norms"))
    return {"name": name, "network": network.description(), "parameter_salt": salt,
            "pixel_salt": salt + 100, "label_salt": salt + 101,
            "initial_checksum": checksum(network.initial(salt)), "learning_rate": rate,
            "momentum": momentum, "weight_decay": weight_decay, **more, "batch_sizes": sizes,
            "epochs": epochs, "losses": losses,
            "loss_rounding": [abs(a - b) for a, b in zip(losses, losses64)],
            "parameter_stride": stride, "snapshots": snapshots, "eval_loss": eval_loss,
            "eval_loss_rounding": abs(eval_loss - eval_loss64), "eval_correct": correct}


def make_training():
    emnist = paper_network([1, 28, 28], batch_normalisation=False)
    cifar = paper_network([3, 32, 32], batch_normalisation=True)
    return {"cases": [
        training_case("emnist", emnist, 11_000, 499, 0.005),
        training_case("cifar", cifar, 12_000, 499, 0.01),
        training_case("emnist, momentum and weight decay", emnist, 13_000, 499, 0.005, 0.9, 5e-4),
        training_case("batch normalisation, momentum and weight decay", small_network(), 14_000, 5,
                      0.02, 0.9, 0.05),
        training_case("Nesterov's momentum and weight decay, gradients clipped", small_network(), 15_000, 5,
                      0.02, 0.9, 0.05, nesterov=True, clipping=0.8),
    ]}


# --- hypernetwork.json ----------------------------------------------------------------------------


def hypernetwork_case(name, normaliser, client, sources, embedding, hidden, salt, step_size,
                      retained=(), excluded=(), silenced=()):
    sizes = [7, 2, 11, 5]
    ends = np.cumsum(sizes).tolist()
    ranges = [(None, end - size, end) for size, end in zip(sizes, ends)]
    net = Hypernetwork(client, sources, embedding, hidden, len(sizes), normaliser)

    def compute(dtype):
        psi = net.initial(salt)
        offsets = np.cumsum([0] + [math.prod(shape) for shape in net.shapes]).tolist()
        for layer in silenced:  # a bias so low that no source of the head stays above zero
            tensor = 1 + 2 * (len(hidden) + layer) + 1
            psi[offsets[tensor] : offsets[tensor + 1]] = -10
        psi = psi.to(dtype)
        bank = torch.from_numpy(signed(salt + 100, sources * ends[-1], 1)).reshape(sources, -1)
        bank = bank.to(dtype)
        delta = torch.from_numpy(signed(salt + 101, ends[-1], 0.5)).to(dtype)
        counted = torch.ones(ends[-1], dtype=dtype)
        counted[list(excluded)] = 0
        for layer in retained:
            counted[ranges[layer][1] : ranges[layer][2]] = 0

        before = net.personalise(psi, bank, ranges, retained)
        gradient = net.gradient(psi, bank, ranges, retained, delta * counted)
        updated = psi + step_size * gradient
        after = net.personalise(updated, bank, ranges, retained)
        distance = lambda model: ((model - (before + delta)) * counted).norm().item()
        return {"parameters": psi, "bank": bank.flatten(), "delta": delta,
                "aggregation_weights": net.weights(psi), "personalised": before, "gradient": gradient,
                "updated_parameters": updated, "updated_aggregation_weights": net.weights(updated),
                "distance_before": distance(before), "distance_after": distance(after)}

    single, double = compute(torch.float32), compute(torch.float64)
    assert single["distance_after"] < single["distance_before"], f"{name}: not a descent"
    return {"name": name, "normaliser": normaliser, "client": client, "sources": sources,
            "embedding": embedding, "hidden": list(hidden), "layer_sizes": sizes,
            "step_size": step_size, "retained": list(retained), "excluded_slots": list(excluded),
            **single,
            "rounding": max(largest_difference(single[key], double[key]) for key in single)}


def make_hypernetwork():
    case = hypernetwork_case
    return {"cases": [
        case("softmax", "softmax", 1, 3, 5, [6, 4], 21_000, 0.05),
        case("relu-sum", "relu-sum", 2, 3, 5, [6, 4], 195_000, 0.05),
        case("softmax, five sources", "softmax", 4, 5, 4, [8], 23_000, 0.05),
        case("relu-sum, five sources", "relu-sum", 0, 5, 4, [8], 44_000, 0.05),
        case("relu-sum, a head without a positive output", "relu-sum", 1, 3, 5, [6], 199_000, 0.05,
             silenced=[2]),
        case("softmax, no hidden layer", "softmax", 0, 3, 5, [], 26_000, 0.05),
        case("relu-sum, no hidden layer", "relu-sum", 2, 4, 5, [], 36_000, 0.05),
        case("softmax, retained layers", "softmax", 1, 3, 5, [6, 4], 28_000, 0.05, retained=[0, 3]),
        case("relu-sum, retained layer", "relu-sum", 0, 3, 5, [6, 4], 247_000, 0.05, retained=[2]),
        case("softmax, slots outside the inner product", "softmax", 1, 3, 5, [6, 4], 30_000, 0.05,
             excluded=range(13, 20)),
        case("relu-sum, retained layer and slots outside the inner product", "relu-sum", 1, 3, 5,
             [6], 199_000, 0.005, retained=[1], excluded=range(4, 7)),
    ]}


# --- rounds.json ----------------------------------------------------------------------------------

ROUND_SALT, IMAGES, RATE = 41_000, 30, 0.05


def round_batches(network, clients, rounds, epochs=2, size=4):
    """[round][client][batch] lists of samples: every epoch in its own hashed order."""
    lists = []
    for r in range(rounds):
        lists.append([])
        for c, samples in enumerate(clients):
            batches = []
            for epoch in range(epochs):
                keys = words(ROUND_SALT + 500 + 100 * r + 10 * c + epoch, len(samples))
                order = [samples[i] for i in np.argsort(keys, kind="stable")]
                batches += [order[k : k + size] for k in range(0, len(order), size)]
            lists[-1].append(batches)
    return lists


def local_training(network, received, batches, dtype):
    """Trained parameters and the mean loss over all samples of all steps."""
    def load(indices):
        return (images(ROUND_SALT + 100, network.input, indices, dtype),
                labels(ROUND_SALT + 101, network.classes, indices))

    model = Model(network, received)
    losses, sizes = train(model, batches, load, RATE), [len(batch) for batch in batches]
    return model.flat(), sum(l * n for l, n in zip(losses, sizes)) / sum(sizes)


def layers_to_retain(own_weights, count):
    """The layers with the largest self weights (Eq. 12); the lower index wins a tie."""
    ranked = sorted(range(len(own_weights)), key=lambda l: (-own_weights[l], l))
    if 0 < count < len(ranked):
        last, next_ = own_weights[ranked[count - 1]], own_weights[ranked[count]]
        # Rounding cannot break a tie of zeros.
        assert last == next_ == 0 or last - next_ > 1e-3, "self weights too close for a golden value"
    return sorted(ranked[:count])


def personalised_case(name, network, batches, participants, normaliser, retained_layers, salt,
                      step_size=0.5, embedding=5, hidden=(6,)):
    """pFedLA (Algorithm 1), or HeurpFedLA (Algorithm 2) with `retained_layers` above zero."""
    ranges, count = network.ranges(), len(batches[0])
    nets = [Hypernetwork(c, count, embedding, hidden, len(ranges), normaliser)
            for c in range(count)]
    initial = [net.initial(salt + 100 * c) for c, net in enumerate(nets)]

    def compute(dtype):
        bank = network.initial(ROUND_SALT).to(dtype).repeat(count, 1)
        psi = [flat.to(dtype) for flat in initial]
        trained_slots, rounds = network.trained_slots().to(dtype), []
        for r, present in enumerate(participants):
            snapshot, clients = bank.clone(), []
            for c in present:
                alpha = nets[c].weights(psi[c])
                retained = layers_to_retain(alpha[:, c].tolist(), retained_layers)
                received = nets[c].personalise(psi[c], snapshot, ranges, retained)
                trained, loss = local_training(network, received, batches[r][c], dtype)
                delta = (trained - received) * trained_slots
                psi[c] = psi[c] + step_size * nets[c].gradient(
                    psi[c], snapshot, ranges, retained, delta)
                bank[c] = trained
                clients.append({"client": c, "retained": retained, "aggregation_weights": alpha,
                                "received": received, "trained": trained, "train_loss": loss,
                                "hypernetwork": psi[c]})
            rounds.append({"participants": list(present), "clients": clients})
        return rounds

    rounds, rounds64 = compute(torch.float32), compute(torch.float64)
    pairs = [(a, b) for r, r64 in zip(rounds, rounds64)
             for a, b in zip(r["clients"], r64["clients"])]
    worst = lambda key: max(largest_difference(a[key], b[key]) for a, b in pairs)
    return {"name": name, "normaliser": normaliser, "retained_layers": retained_layers,
            "step_size": step_size, "embedding": embedding, "hidden": list(hidden),
            "hypernetworks": initial, "rounds": rounds,
            "rounding": {key: worst(key) for key in
                         ("aggregation_weights", "received", "trained", "train_loss",
                          "hypernetwork")}}


def federated_averaging_case(network, clients, rounds):
    batches = round_batches(network, clients, rounds)

    def compute(dtype):
        model, states, losses = network.initial(ROUND_SALT).to(dtype), [], []
        total = sum(map(len, clients))
        for r in range(rounds):
            results = [local_training(network, model, batches[r][c], dtype)
                       for c in range(len(clients))]
            model = sum(trained * (len(samples) / total)
                        for (trained, _), samples in zip(results, clients))
            states.append(model)
            losses.append([loss for _, loss in results])
        return states, losses

    (states, losses), (states64, _) = compute(torch.float32), compute(torch.float64)
    return {"clients": clients, "batches": batches, "global_parameters": states,
            "train_losses": losses,
            "rounding": max(largest_difference(a, b) for a, b in zip(states, states64))}


def make_rounds():
    network = small_network()
    clients = [list(range(c, IMAGES, 3)) for c in range(3)]
    # The bank's rows are equal in the first round, so the hypernetworks learn from the second on,
    # and a third shows what they have learned.
    batches, all_clients = round_batches(network, clients, rounds=3), [[0, 1, 2]] * 3
    case = lambda *arguments: personalised_case(arguments[0], network, batches, *arguments[1:])
    return {
        "network": network.description(), "parameter_salt": ROUND_SALT,
        "pixel_salt": ROUND_SALT + 100, "label_salt": ROUND_SALT + 101, "image_count": IMAGES,
        "initial_checksum": checksum(network.initial(ROUND_SALT)), "learning_rate": RATE,
        "clients": clients, "batches": batches,
        "personalised": [
            case("pFedLA, softmax", all_clients, "softmax", 0, 42_000),
            case("pFedLA, relu-sum", all_clients, "relu-sum", 0, 50_000),
            case("HeurpFedLA, one layer, softmax", all_clients, "softmax", 1, 44_000),
            case("HeurpFedLA, two layers, relu-sum", all_clients, "relu-sum", 2, 140_000),
            case("pFedLA, partial participation", [[0, 2], [1, 2], [0, 1]], "softmax", 0, 46_000),
        ],
        "federated_averaging": federated_averaging_case(
            network, [clients[0], clients[1], clients[2][:6]], rounds=2),
    }


# --- fill.json and the command line ---------------------------------------------------------------


def make_fill():
    def case(salt, bound, classes, count=12):
        return {"salt": salt, "bound": float(np.float32(bound)), "classes": classes,
                "words": words(salt, count).tolist(), "unit": unit(salt, count).tolist(),
                "signed": signed(salt, count, bound).tolist(),
                "pixels": (words(salt, count) >> np.uint32(24)).tolist(),
                "labels": (words(salt, count) % np.uint32(classes)).tolist()}

    return {"cases": [case(0, 1, 10), case(1, 0.1, 4), case(12_345, 1 / math.sqrt(75), 7),
                      case(0xFFFFFFFF, 0.5, 100)]}


FILES = {"fill": make_fill, "layers": make_layers, "networks": make_networks, "training": make_training,
         "hypernetwork": make_hypernetwork, "rounds": make_rounds}


def plain(value):
    """Tensors to lists and every float to nine significant digits, which name a float32 exactly."""
    if isinstance(value, torch.Tensor):
        return plain(value.detach().tolist())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        assert math.isfinite(value)
        return float(f"{value:.9g}")
    return value


def render(value, indent=0):
    """JSON with one line for each list of numbers."""
    inner = "  " * (indent + 1)
    if isinstance(value, dict) and len(json.dumps(value)) > 100:
        items = [f"{inner}{json.dumps(key)}: {render(item, indent + 1)}"
                 for key, item in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + "  " * indent + "}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        if len(json.dumps(value)) > 100:
            items = [inner + render(item, indent + 1) for item in value]
            return "[\n" + ",\n".join(items) + "\n" + "  " * indent + "]"
    return json.dumps(value, separators=(",", ":")) if isinstance(value, list) else json.dumps(value)


def differences(found, expected, path, tolerance):
    """Where two documents differ: numbers with a fraction by more than `tolerance`."""
    if isinstance(found, float) or isinstance(expected, float):
        if not isinstance(found, (int, float)) or not isinstance(expected, (int, float)):
            yield f"{path}: {found!r} instead of {expected!r}"
        elif not abs(found - expected) <= tolerance * max(1.0, abs(expected)):
            yield f"{path}: {found!r} instead of {expected!r}"
    elif isinstance(expected, dict) and isinstance(found, dict) and found.keys() == expected.keys():
        for key in expected:
            yield from differences(found[key], expected[key], f"{path}.{key}", tolerance)
    elif isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        for index, (a, b) in enumerate(zip(found, expected)):
            yield from differences(a, b, f"{path}[{index}]", tolerance)
    elif found != expected or type(found) is not type(expected):
        yield f"{path}: {str(found)[:80]} instead of {str(expected)[:80]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed files")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER, help="default: %(default)s")
    parser.add_argument("--tolerance", type=float, default=2e-5,
                        help="of --check: absolute below 1, relative above (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    failed = False
    for name, make in FILES.items():
        file, document = options.folder / f"{name}.json", plain(make())
        if not options.check:
            options.folder.mkdir(parents=True, exist_ok=True)
            file.write_text(render(document) + "\n")
            print(f"{file.name}: written, {file.stat().st_size} bytes")
            continue
        if not file.exists():
            print(f"{file.name}: missing; run without --check to write it")
            failed = True
            continue
        found = list(differences(document, json.loads(file.read_text()), name, options.tolerance))
        failed = failed or bool(found)
        print(f"{file.name}: " + (f"{len(found)} differences" if found else "matches"))
        for line in found[:5]:
            print(f"  {line}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
