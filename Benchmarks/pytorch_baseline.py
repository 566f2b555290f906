#!/usr/bin/env python3
"""Times client models in plain PyTorch: a bare loop over preloaded tensors, on one thread.

Answers each line of standard input with one line, the seconds, on standard output, so that another program can
alternate with it:

    step NETWORK CHANNELS SIDE NORMALISED LAYOUT BATCH STEPS
        -> seconds of one training step, the mean of STEPS
    round NETWORK CHANNELS SIDE NORMALISED LAYOUT BATCH CLIENTS SAMPLES EPOCHS
        -> seconds of training CLIENTS clients one after the other, each from the same model over its
           own SAMPLES images

NETWORK is a name as in Documentation/networks.md, LAYOUT contiguous or channels_last. Only the training itself is timed: no data loader, no conversion, no shuffling,
no averaging. The images are random bytes scaled to [-1, 1], not a dataset's: PyTorch's time does not depend on them.
"""

import copy
import functools
import sys
import time

import torch
from torch import nn

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def network(name, channels, side, normalised):
    """A client model: see Documentation/networks.md."""

    def block(inputs, outputs, kernel=5, padding=0, pool=True):
        norm = [nn.BatchNorm2d(outputs)] if normalised else []
        return [nn.Conv2d(inputs, outputs, kernel, padding=padding), *norm, nn.ReLU(), *([nn.MaxPool2d(2)] if pool else [])]

    def dense(*sizes, dropout=()):
        layers = [nn.Flatten()]
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU(), *dropout]
        return [*layers, nn.Linear(sizes[-1], 10)]

    if name == "mlp":
        return nn.Sequential(*dense(channels * side**2, 200, 200))
    if name == "mcmahan-cnn":
        return nn.Sequential(*block(channels, 32, padding=2), *block(32, 64, padding=2),
                             *dense(64 * (side // 4) ** 2, 512))
    if name == "pfllib-cnn":
        return nn.Sequential(*block(channels, 32), *block(32, 64), *dense(64 * (((side - 4) // 2 - 4) // 2) ** 2, 512))
    if name == "cnn-3x3":
        return nn.Sequential(
            *block(channels, 32, kernel=3, pool=False), *block(32, 64, kernel=3), nn.Dropout(0.25),
            *dense(64 * ((side - 4) // 2) ** 2, 128, dropout=[nn.Dropout(0.5)]))
    first, second = {"paper-cnn": (16, 32), "lenet5": (6, 16)}[name]
    padding = 2 if name == "lenet5" and side == 28 else 0
    pooled = ((side + 2 * padding - 4) // 2 - 4) // 2
    return nn.Sequential(*block(channels, first, padding=padding), *block(first, second),
                         *dense(second * pooled**2, 120, 84))


@functools.cache
def prepared(name, channels, side, normalised, layout):
    torch.manual_seed(0)
    return network(name, channels, side, normalised).to(memory_format=LAYOUTS[layout])


@functools.cache
def batches(channels, side, layout, batch, samples, client):
    """The client's mini-batches, in memory and in the layout."""
    generator = torch.Generator().manual_seed(client)
    images = torch.randint(0, 256, (samples, channels, side, side), generator=generator).float() / 127.5 - 1
    labels = torch.randint(0, 10, (samples,), generator=generator)
    return [
        (x.contiguous(memory_format=LAYOUTS[layout]), y)
        for x, y in zip(images.split(batch), labels.split(batch))
    ]


def train(model, data):
    """Seconds of one pass of plain SGD over the batches."""
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    loss_function = nn.CrossEntropyLoss()
    start = time.perf_counter()
    for x, y in data:
        optimiser.zero_grad(set_to_none=True)
        loss_function(model(x), y).backward()
        optimiser.step()
    return time.perf_counter() - start


def step(name, channels, side, normalised, layout, batch, steps):
    model = prepared(name, channels, side, normalised, layout)
    data = batches(channels, side, layout, batch, batch * steps, 0)
    train(model, data[:3])
    return train(model, data) / steps


def round_of(name, channels, side, normalised, layout, batch, clients, samples, epochs):
    start_model = prepared(name, channels, side, normalised, layout)
    data = [batches(channels, side, layout, batch, samples, client) for client in range(clients)]
    total = 0.0
    for client in range(clients):
        model = copy.deepcopy(start_model)
        total += train(model, data[client] * epochs)
    return total


def main():
    torch.set_num_threads(1)
    for line in sys.stdin:
        command, name, channels, side, normalised, layout, *numbers = line.split()
        function = {"step": step, "round": round_of}[command]
        seconds = function(name, int(channels), int(side), normalised == "1", layout, *map(int, numbers))
        print(seconds, flush=True)


if __name__ == "__main__":
    main()
