"""The oracle behind the golden values: client networks and hypernetworks in PyTorch.

Put together from the equations of pFedLA (DOI 10.1109/CVPR52688.2022.00985) and PyTorch's
documented layers, optimiser and automatic differentiation; nothing is shared with the Swift
sources. Every input is a fill from an integer hash that both languages compute alike.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

STATISTICS = ("running_mean", "running_var")


# --- Deterministic inputs -------------------------------------------------------------------------


def words(salt, count, start=0):
    """Word k of a salt: a 32-bit mix of k + salt * 0x9E3779B9, for k in start ..< start + count."""
    k = np.arange(start, start + count, dtype=np.uint64)
    x = ((k + np.uint64(salt * 0x9E3779B9 & 0xFFFFFFFF)) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x


def unit(salt, count):
    """float32 in [0, 1)."""
    return (words(salt, count) >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def signed(salt, count, bound):
    """float32 in [-bound, bound)."""
    return (unit(salt, count) * np.float32(2) - np.float32(1)) * np.float32(bound)


def images(salt, shape, indices, dtype):
    """Model inputs [sample, channel, height, width]: pixels 0 ... 255 scaled to -1 ... 1."""
    size = math.prod(shape)
    pixels = np.stack([words(salt, size, s * size) >> np.uint32(24) for s in indices])
    values = pixels.astype(np.float32) * np.float32(2 / 255) - np.float32(1)
    return torch.from_numpy(values.reshape(-1, *shape)).to(dtype)


def labels(salt, classes, indices):
    return torch.tensor([int(words(salt, 1, s)[0]) % classes for s in indices])


def checksum(values):
    """FNV-1a, 32 bits, over the bit patterns of float32 values, low byte first."""
    state = 0x811C9DC5
    for byte in np.asarray(values, dtype="<f4").tobytes():
        state = ((state ^ byte) * 0x01000193) & 0xFFFFFFFF
    return state


# --- Client networks ------------------------------------------------------------------------------


def convolution(name, out_channels, kernel, batch_normalisation=None):
    return {"type": "convolution", "name": name, "out_channels": out_channels, "kernel": kernel,
            "batch_normalisation": batch_normalisation}


def fully_connected(name, out_features, relu):
    return {"type": "fully_connected", "name": name, "out_features": out_features, "relu": relu}


class Network:
    """The layout and the forward pass of a network description."""

    def __init__(self, input_shape, *blocks):
        self.input, self.blocks = list(input_shape), list(blocks)
        self.tensors = []  # (layer, tensor, shape, fan_in) in flat order
        channels, height, width = self.input
        features = None
        for block in self.blocks:
            name = block["name"]
            if block["type"] == "convolution":
                out, kernel = block["out_channels"], block["kernel"]
                fan_in = channels * kernel * kernel
                self.tensors += [(name, "weight", (out, channels, kernel, kernel), fan_in),
                                 (name, "bias", (out,), fan_in)]
                if block["batch_normalisation"]:
                    for tensor in ("weight", "bias") + STATISTICS:
                        self.tensors.append((block["batch_normalisation"], tensor, (out,), None))
                channels = out
                height, width = (height - kernel + 1) // 2, (width - kernel + 1) // 2
            else:
                features = features or channels * height * width
                out = block["out_features"]
                self.tensors += [(name, "weight", (out, features), features),
                                 (name, "bias", (out,), features)]
                features = out
        self.classes = features
        self.layers = list(dict.fromkeys(layer for layer, *_ in self.tensors))

    def description(self):
        return {"input": self.input, "blocks": self.blocks}

    def ranges(self):
        """[(layer, first, end)] of the layers in the flat vector."""
        sizes = [sum(math.prod(shape) for name, _, shape, _ in self.tensors if name == layer)
                 for layer in self.layers]
        ends = np.cumsum(sizes).tolist()
        return [(layer, end - size, end) for layer, size, end in zip(self.layers, sizes, ends)]

    def trained_slots(self):
        """1 if a slot of the flat vector is trained, 0 if it is a running statistic."""
        return torch.cat([torch.full((math.prod(shape),), float(tensor not in STATISTICS))
                          for _, tensor, shape, _ in self.tensors])

    def initial(self, salt, perturbed=False):
        """The initial flat vector; `perturbed` moves batch normalisation off its identity."""
        tensors = [(tensor, math.prod(shape), fan_in) for _, tensor, shape, fan_in in self.tensors]
        return filled(tensors, salt, perturbed)


def filled(tensors, salt, perturbed):
    """A flat vector of tensors (name, count, fan-in; none for a normalisation), tensor t filled from salt + t."""
    parts = []
    for number, (tensor, count, fan_in) in enumerate(tensors):
        own = salt + number
        if fan_in:
            parts.append(signed(own, count, 1 / math.sqrt(fan_in)))
        elif not perturbed:
            parts.append(np.full(count, float(tensor in ("weight", "running_var")), np.float32))
        elif tensor == "weight":
            parts.append(np.float32(1) + signed(own, count, 0.5))
        elif tensor == "running_var":
            parts.append(np.float32(1) + np.float32(0.5) * unit(own, count))
        else:
            parts.append(signed(own, count, 0.1 if tensor == "bias" else 0.2))
    return torch.from_numpy(np.concatenate(parts))


class Model:
    """A network with its own parameters, one autograd leaf per tensor."""

    def __init__(self, network, flat):
        self.network, self.values, offset = network, {}, 0
        for layer, tensor, shape, _ in network.tensors:
            value = flat[offset : offset + math.prod(shape)].reshape(shape).detach().clone()
            value.requires_grad_(tensor not in STATISTICS)
            self.values[layer, tensor] = value
            offset += math.prod(shape)

    def trained(self):
        return [value for value in self.values.values() if value.requires_grad]

    def flat(self):
        return torch.cat([value.detach().flatten() for value in self.values.values()])

    def gradient(self):
        return torch.cat([(torch.zeros_like(value) if value.grad is None else value.grad).flatten()
                          for value in self.values.values()])

    def statistics(self):
        return torch.cat([torch.zeros(0)] + [value.flatten() for (_, tensor), value
                                             in self.values.items() if tensor in STATISTICS])

    def logits(self, x, training):
        v = self.values
        for block in self.network.blocks:
            name = block["name"]
            if block["type"] == "convolution":
                x = F.conv2d(x, v[name, "weight"], v[name, "bias"])
                if bn := block["batch_normalisation"]:
                    x = F.batch_norm(x, v[bn, "running_mean"], v[bn, "running_var"],
                                     v[bn, "weight"], v[bn, "bias"], training, 0.1, 1e-5)
                x = F.max_pool2d(F.relu(x), 2)
            else:
                x = F.linear(x.flatten(1), v[name, "weight"], v[name, "bias"])
                x = F.relu(x) if block["relu"] else x
        return x

    def evaluate(self, x, y):
        """Logits in evaluation mode, the loss summed over samples and the correct predictions."""
        with torch.no_grad():
            logits = self.logits(x, training=False)
            loss = F.cross_entropy(logits.double(), y, reduction="sum").item()
            return logits, loss, int((logits.argmax(1) == y).sum())


def train(model, batches, load, rate, momentum=0.0, weight_decay=0.0, after_step=None, nesterov=False, clipping=0.0):
    """Plain mini-batch SGD; the loss of every step."""
    optimiser = torch.optim.SGD(model.trained(), rate, momentum, weight_decay=weight_decay,
                                nesterov=nesterov)
    losses = []
    for batch in batches:
        x, y = load(batch)
        optimiser.zero_grad()
        loss = F.cross_entropy(model.logits(x, training=True), y)
        loss.backward()
        if clipping:
            torch.nn.utils.clip_grad_norm_(model.trained(), clipping)
        optimiser.step()
        losses.append(loss.item())
        if after_step:
            after_step(len(losses))
    return losses


def largest_difference(a, b):
    a, b = torch.as_tensor(a).double(), torch.as_tensor(b).double()
    return (a - b).abs().max().item() if a.numel() else 0.0


# --- Hypernetwork ---------------------------------------------------------------------------------


class Hypernetwork:
    """Aggregation weights of one client (Eq. 4): embedding, hidden layers, one head per layer."""

    def __init__(self, client, sources, embedding, hidden, layers, normaliser):
        self.client, self.sources, self.normaliser = client, sources, normaliser
        self.shapes, self.fan_ins, width = [(embedding,)], [1], embedding
        for out in list(hidden) + [sources] * layers:
            self.shapes += [(out, width), (out,)]
            self.fan_ins += [width, width]
            if len(self.shapes) <= 2 * len(hidden) + 1:
                width = out
        self.hidden_count = len(hidden)

    def initial(self, salt):
        return torch.from_numpy(np.concatenate(
            [signed(salt + n, math.prod(shape), 1 / math.sqrt(fan_in))
             for n, (shape, fan_in) in enumerate(zip(self.shapes, self.fan_ins))]))

    def head_outputs(self, flat):
        """z [layer, source], before the normaliser."""
        parts = [part.reshape(shape) for part, shape
                 in zip(flat.split([math.prod(s) for s in self.shapes]), self.shapes)]
        x, layers = parts[0], list(zip(parts[1::2], parts[2::2]))
        for weight, bias in layers[: self.hidden_count]:
            x = F.relu(F.linear(x, weight, bias))
        return torch.stack([F.linear(x, w, b) for w, b in layers[self.hidden_count :]])

    def weights(self, flat):
        """α [layer, source]; every row sums to one (Eq. 3)."""
        z = self.head_outputs(flat)
        if self.normaliser == "softmax":
            return z.softmax(dim=1)
        # A rounding difference must not switch a source on or off.
        assert z.abs().min() > 1e-4, "a head output too close to zero for a golden value"
        own = F.one_hot(torch.tensor(self.client), self.sources).to(z.dtype)
        rows = [F.relu(row) / F.relu(row).sum() if row.max() > 0 else own for row in z]
        return torch.stack(rows)

    def personalise(self, flat, bank, ranges, retained=()):
        """θ̄ (Eq. 5, 6); a retained layer is the client's own and does not depend on α."""
        alpha = self.weights(flat)
        return torch.cat([bank[self.client, first:end] if l in retained
                          else alpha[l] @ bank[:, first:end]
                          for l, (_, first, end) in enumerate(ranges)])

    def gradient(self, flat, bank, ranges, retained, delta):
        """(∂θ̄/∂ψ)ᵀ Δθ (Eq. 7 to 11)."""
        psi = flat.detach().clone().requires_grad_()
        personalised = self.personalise(psi, bank, ranges, retained)
        if not personalised.requires_grad:
            return torch.zeros_like(flat)
        return torch.autograd.grad(personalised, psi, delta, materialize_grads=True)[0]
