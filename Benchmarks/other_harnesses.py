#!/usr/bin/env python3
"""Times benchmarks of other harnesses with pfedla, beside the same loop in plain PyTorch on the same cores.

    pfllib        PFLlib's quick start: MNIST, 20 clients, Dirichlet 0.1, all in every round, its CNN, batch size 10,
                  learning rate 0.005, one epoch; every client evaluated in every round
    pfl-research  its CIFAR-10 benchmark: 1,000 IID users × 50 images, 50 a round, 3×3 CNN with dropout, batch size 10,
                  learning rate 0.1, one epoch; all test images every ten rounds

The loop in PyTorch shares the clients among one process a core, each with a thread, and keeps the images in memory; it
evaluates what pfedla evaluates: the test images with the models as received and as trained.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import subprocess
import tempfile
import time

import h5py
import numpy
import torch

import pytorch_baseline

PFLLIB = {
    "method": "fedavg", "dataset.name": "mnist", "local_epochs": 1, "batch_size": 10, "learning_rate": 0.005,
    "model.architecture": "[{convolution: {channels: 32, kernel: 5}}, relu, {maximum-pooling: 2}, "
                          "{convolution: {channels: 64, kernel: 5}}, relu, {maximum-pooling: 2}, "
                          "{fully-connected: 512}, relu, {fully-connected: classes}]",
    "partition": "{scheme: dirichlet, clients: 20, concentration: 0.1, samples_per_client: 3500, train_fraction: 0.75}",
}
PFL_RESEARCH = {
    "method": "fedavg", "dataset.name": "cifar10", "local_epochs": 1, "batch_size": 10, "learning_rate": 0.1,
    "model.architecture": "cnn-3x3", "model.initialisation": "glorot", "participation": 0.05, "evaluate_every": 10,
    # Five of six samples are trained on: 50 of 60.
    "partition": "{scheme: iid, clients: 1000, samples_per_client: 60, train_fraction: 0.8333333}",
}
BENCHMARKS = {
    "pfllib": (PFLLIB, "pfllib-cnn", (1, 28), 5),
    "pfl-research": (PFL_RESEARCH, "cnn-3x3", (3, 32), 20),
}


def ours(chosen, settings, rounds, folder):
    """Runs pfedla; returns the result's path and the seconds of all rounds."""
    result = folder / "result.h5"
    specification = folder / "specification.yaml"
    specification.write_text(f"rounds: {rounds}\ncheckpoint_every: 0\nsaved_models: none\n")
    subprocess.run(
        [chosen.pfedla, "run", specification, "--output", result, "--overwrite", "--workers", str(chosen.workers),
         "--set", *(f"{key}={value}" for key, value in settings.items())],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return result, json.loads((folder / "result.run.json").read_text())["seconds"]


def clients_of(result):
    """[(training samples, test samples)] of each client."""
    with h5py.File(result) as file:
        return list(zip(file["partition/train/row_size"][:].tolist(), file["partition/test/row_size"][:].tolist()))


def accuracy_of(result):
    """Share of all test images that the received models class correctly after the last round."""
    with h5py.File(result) as file:
        return float(numpy.average(file["test_accuracy_received"][-1], weights=file["test_count"][:]))


def work(name, shape, jobs):
    """Seconds in which one process trains and evaluates some clients: jobs of (train, test, is_trained, is_evaluated)."""
    torch.set_num_threads(1)
    channels, side = shape
    model = pytorch_baseline.network(name, channels, side, False).to(memory_format=torch.channels_last)
    start = {key: value.clone() for key, value in model.state_dict().items()}

    def images(count):
        return (torch.randn(count, channels, side, side).contiguous(memory_format=torch.channels_last),
                torch.randint(0, 10, (count,)))

    data = [(images(train), images(test)) for train, test, *_ in jobs]
    loss = torch.nn.CrossEntropyLoss()

    def evaluate(pixels, labels):
        model.eval()
        with torch.no_grad():
            for x, y in zip(pixels.split(500), labels.split(500)):
                scores = model(x)
                loss(scores, y).item()
                (scores.argmax(1) == y).sum().item()
        model.train()

    seconds = []
    for _ in range(2):
        begun = time.perf_counter()
        for ((pixels, labels), test), (*_, is_trained, is_evaluated) in zip(data, jobs):
            model.load_state_dict(start)
            if is_evaluated:
                evaluate(*test)
            if is_trained:
                order = torch.randperm(len(labels))
                pytorch_baseline.train(model, ((pixels[batch], labels[batch]) for batch in order.split(10)))
            if is_evaluated:
                evaluate(*test)
        seconds.append(time.perf_counter() - begun)
    return seconds[1]


def theirs(name, shape, jobs, workers):
    """Seconds of the same in PyTorch, of the process that takes longest."""
    # Longest clients first, each to the process with the least work.
    shares = [[] for _ in range(workers)]
    for job in sorted(jobs, key=lambda job: -job[0]):
        min(shares, key=lambda share: sum(train for train, *_ in share)).append(job)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return max(pool.starmap(work, [(name, shape, share) for share in shares], chunksize=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("benchmark", choices=sorted(BENCHMARKS))
    parser.add_argument("--pfedla", default=".build/release/pfedla", type=os.path.abspath)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, help="rounds to run; the default is a few")
    parser.add_argument("--partition", type=os.path.abspath, help="a partition file, such as PFLlib's own (Documentation/partitions.md)")
    parser.add_argument("--keep", type=pathlib.Path, help="keep the result in this folder")
    chosen = parser.parse_args()
    settings, network, shape, rounds = BENCHMARKS[chosen.benchmark]
    rounds = chosen.rounds or rounds
    if chosen.partition:
        settings = settings | {"partition": f"{{file: {chosen.partition}}}"}
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result, seconds = ours(chosen, settings, rounds, folder)
        clients = clients_of(result)
        accuracy = accuracy_of(result)
    print(f"pfedla, {chosen.workers} workers: {seconds / rounds:.3f} s a round ({rounds} rounds, {seconds:.0f} s); "
          f"{100 * accuracy:.2f} % of the test images with the models as received")
    participants = round(settings.get("participation", 1) * len(clients))
    every = settings.get("evaluate_every", 1)
    training = [(train, test, True, every == 1) for train, test in clients[:participants]]
    times = theirs(network, shape, training, chosen.workers)
    if every > 1:
        evaluation = [(train, test, False, True) for train, test in clients]
        times += theirs(network, shape, evaluation, chosen.workers) / every
    print(f"PyTorch, {chosen.workers} processes: {times:.3f} s a round; {times * rounds / seconds:.2f} times as long")


if __name__ == "__main__":
    main()
