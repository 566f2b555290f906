"""Client models for replay.py and the golden values, from their description in a specification.

Written from PyTorch's documented layers and the networks' papers; it shares nothing with the Swift sources. A network is
a list of blocks as `model.architecture` has them: words, or {word: value}.
"""

import collections
import json
import math
import re

import torch
import torch.nn.functional as F

STATISTICS = ("running_mean", "running_var")

Tensor = collections.namedtuple("Tensor", "layer name offset size shape")


def blocks_of(architecture, image, batch_normalisation):
    """The blocks of a network that a specification names or lists; image: [channel, y, x]."""
    if architecture.startswith("["):
        # One line of YAML whose words have no quotes.
        return json.loads(re.sub(r"(?<![\w.])[A-Za-z][\w-]*", r'"\g<0>"', architecture))
    norm = ["batch-normalisation"] if batch_normalisation else []

    def convolution(channels, kernel, padding=0, pool=True):
        return [{"convolution": {"channels": channels, "kernel": kernel, "padding": padding}}, *norm, "relu",
                *([{"maximum-pooling": 2}] if pool else [])]

    def connected(*sizes):
        return [block for size in sizes for block in ({"fully-connected": size}, "relu")] + [
            {"fully-connected": "classes"}]

    if architecture == "paper-cnn":
        return convolution(16, 5) + convolution(32, 5) + connected(120, 84)
    if architecture == "mlp":
        return connected(200, 200)
    if architecture == "mcmahan-cnn":
        return convolution(32, 5, 2) + convolution(64, 5, 2) + connected(512)
    if architecture == "lenet5":
        return convolution(6, 5, 2 if list(image[1:]) == [28, 28] else 0) + convolution(16, 5) + connected(120, 84)
    if architecture == "cnn-3x3":
        return (convolution(32, 3, pool=False) + convolution(64, 3) + [{"dropout": 0.25}]
                + [{"fully-connected": 128}, "relu", {"dropout": 0.5}, {"fully-connected": "classes"}])
    raise ValueError(f"the network {architecture} has no replay yet")


class Network:
    """A chain of blocks. Its parameters and running statistics are one flat vector [parameter], layer after layer."""

    def __init__(self, architecture, image, classes, batch_normalisation):
        """image: [channel, y, x]."""
        self.tensors, self.size, self.fan_in, self.classes = [], 0, {}, classes  # in flat order
        # From which dropout is drawn; set before a client trains.
        self.stream = None
        self._numbers = collections.Counter()
        description = blocks_of(architecture, image, batch_normalisation)
        self.blocks, _ = self._build(description, list(image))
        self.layers = list(dict.fromkeys(tensor.layer for tensor in self.tensors))
        self.is_trained = torch.cat([torch.full((tensor.size,), tensor.name not in STATISTICS)
                                     for tensor in self.tensors])

    def _build(self, description, shape):
        """[(kind, layer or None, value)] and the shape of their result; shape: [channel, y, x] or [feature]."""
        blocks = []
        for block in description:
            kind, value = (block, None) if isinstance(block, str) else next(iter(block.items()))
            layer = None
            if kind == "convolution":
                layer, kernel, border = self._name("conv", value), value["kernel"], value.get("padding", 0)
                self._add(layer, shape[0] * kernel**2, weight=(value["channels"], shape[0], kernel, kernel),
                          bias=(value["channels"],))
                shape, value = [value["channels"], *(side + 2 * border - kernel + 1 for side in shape[1:])], border
            elif kind in ("batch-normalisation", "group-normalisation"):
                is_batch = kind == "batch-normalisation"
                layer = self._name("bn" if is_batch else "gn", value)
                statistics = {name: (shape[0],) for name in STATISTICS} if is_batch else {}
                self._add(layer, 0, weight=(shape[0],), bias=(shape[0],), **statistics)
                if not is_batch:
                    value = value["groups"] if isinstance(value, dict) else value
            elif kind == "fully-connected":
                layer = self._name("fc", value)
                features = value["features"] if isinstance(value, dict) else value
                features = self.classes if features == "classes" else features
                self._add(layer, math.prod(shape), weight=(features, math.prod(shape)), bias=(features,))
                shape = [features]
            elif kind in ("maximum-pooling", "average-pooling"):
                value = shape[1] if value == "all" else value
                shape = [shape[0], *(side // value for side in shape[1:])]
            elif kind == "residual":
                value, _ = self._build(value, shape)
            blocks.append((kind, layer, value))
        return blocks, shape

    def _name(self, kind, value):
        self._numbers[kind] += 1
        return isinstance(value, dict) and value.get("name") or f"{kind}{self._numbers[kind]}"

    def _add(self, layer, fan_in, **shapes):
        self.fan_in[layer] = fan_in
        for name, shape in shapes.items():
            self.tensors.append(Tensor(layer, name, self.size, math.prod(shape), shape))
            self.size += math.prod(shape)

    def in_layers(self, layers):
        """bool [parameter]: what belongs to the given layers."""
        return torch.cat([torch.full((t.size,), t.layer in layers) for t in self.tensors])

    def split(self, flat):
        """{(layer, tensor): a copy that autograd does not connect with flat}."""
        return {(t.layer, t.name): flat[t.offset : t.offset + t.size].detach().clone().reshape(t.shape)
                for t in self.tensors}

    def join(self, values):
        return torch.cat([values[t.layer, t.name].detach().flatten() for t in self.tensors])

    def logits(self, values, x, training):
        """[sample, class]; training updates the running statistics in values and draws what dropout sets to 0."""
        return self._run(self.blocks, values, x, training)

    def _run(self, blocks, values, x, training):
        for kind, layer, value in blocks:
            weight, bias = values.get((layer, "weight")), values.get((layer, "bias"))
            if kind == "convolution":
                x = F.conv2d(x, weight, bias, padding=value)
            elif kind == "batch-normalisation":
                x = F.batch_norm(x, values[layer, "running_mean"], values[layer, "running_var"], weight, bias,
                                 training, 0.1, 1e-5)
            elif kind == "group-normalisation":
                x = F.group_norm(x, value, weight, bias, 1e-5)
            elif kind == "relu":
                x = F.relu(x)
            elif kind == "maximum-pooling":
                x = F.max_pool2d(x, value)
            elif kind == "average-pooling":
                x = F.avg_pool2d(x, value)
            elif kind == "dropout":
                if training and value > 0:
                    x = x * self._factors(x, value)
            elif kind == "residual":
                x = x + self._run(value, values, x, training)
            else:
                x = F.linear(x.flatten(1), weight, bias)
        return x

    def _factors(self, x, rate):
        """0 where a number of 24 bits is below the rate, else 1 / (1 − rate); in the order sample, channel, y, x."""
        rate = torch.tensor(rate, dtype=torch.float32)
        drawn = torch.from_numpy((self.stream.many(x.numel()) >> 8).astype("float32")) * 2.0**-24
        return torch.where(drawn < rate, 0.0, 1 / (1 - rate)).to(x.dtype).reshape(x.shape)
