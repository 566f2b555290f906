#!/usr/bin/env python3
"""Times the paper's CNN in plain PyTorch: a bare loop over preloaded tensors, on one thread.

Answers each line of standard input with one line, the seconds, on standard output, so that another program can
alternate with it:

    step CHANNELS SIDE NORMALISED LAYOUT BATCH STEPS
        -> seconds of one training step, the mean of STEPS
    round CHANNELS SIDE NORMALISED LAYOUT BATCH CLIENTS SAMPLES EPOCHS
        -> seconds of training CLIENTS clients one after the other, each from the same model over its
           own SAMPLES images

LAYOUT is contiguous or channels_last. Only the training itself is timed: no data loader, no conversion, no shuffling,
no averaging. The images are random bytes scaled to [-1, 1], not a dataset's: PyTorch's time does not depend on them.
"""

import copy
import functools
import sys
import time

import torch
from torch import nn

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def paper_cnn(channels, side, normalised):
    """The client model: see NetworkDescription.paperCNN."""

    def block(inputs, outputs):
        norm = [nn.BatchNorm2d(outputs)] if normalised else []
        return [nn.Conv2d(inputs, outputs, 5), *norm, nn.ReLU(), nn.MaxPool2d(2)]

    pooled = ((side - 4) // 2 - 4) // 2
    return nn.Sequential(
        *block(channels, 16), *block(16, 32), nn.Flatten(),
        nn.Linear(32 * pooled * pooled, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )


@functools.cache
def prepared(channels, side, normalised, layout):
    torch.manual_seed(0)
    return paper_cnn(channels, side, normalised).to(memory_format=LAYOUTS[layout])


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


def step(channels, side, normalised, layout, batch, steps):
    model = prepared(channels, side, normalised, layout)
    data = batches(channels, side, layout, batch, batch * steps, 0)
    train(model, data[:3])
    return train(model, data) / steps


def round_of(channels, side, normalised, layout, batch, clients, samples, epochs):
    start_model = prepared(channels, side, normalised, layout)
    data = [batches(channels, side, layout, batch, samples, client) for client in range(clients)]
    total = 0.0
    for client in range(clients):
        model = copy.deepcopy(start_model)
        total += train(model, data[client] * epochs)
    return total


def main():
    torch.set_num_threads(1)
    for line in sys.stdin:
        command, channels, side, normalised, layout, *numbers = line.split()
        function = {"step": step, "round": round_of}[command]
        seconds = function(int(channels), int(side), normalised == "1", layout, *map(int, numbers))
        print(seconds, flush=True)


if __name__ == "__main__":
    main()
