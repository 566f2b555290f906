"""The client model, local training and the federated methods, for replay.py.

Written from the methods' papers and PyTorch's documented layers, optimiser and automatic
differentiation; nothing is shared with the Swift sources.

To add a method, write a subclass of `Method` and register it in `METHODS`.
"""

import collections
import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F

STATISTICS = ("running_mean", "running_var")

# Self weights closer than this may be ranked either way: rounding decides.
RANKING_TIE = 1e-6

Tensor = collections.namedtuple("Tensor", "layer name offset size shape")
Batch = collections.namedtuple("Batch", "phase indices")
Outcome = collections.namedtuple("Outcome", "received trained losses")


# --- The client model -----------------------------------------------------------------------------


class Network:
    """Conv 16 – [BN] – ReLU – maxpool 2 – Conv 32 – [BN] – ReLU – maxpool 2 – FC 120 – 84 – classes.

    Its parameters and running statistics are one flat vector [parameter], layer after layer.
    """

    def __init__(self, channels, height, width, classes, batch_normalisation):
        self.tensors, self.size = [], 0  # in flat order
        for number, (inputs, outputs) in enumerate([(channels, 16), (16, 32)], start=1):
            self._add(f"conv{number}", weight=(outputs, inputs, 5, 5), bias=(outputs,))
            if batch_normalisation:
                self._add(f"bn{number}", weight=(outputs,), bias=(outputs,),
                          running_mean=(outputs,), running_var=(outputs,))
            height, width = (height - 4) // 2, (width - 4) // 2
        features = [32 * height * width, 120, 84, classes]
        for number, (inputs, outputs) in enumerate(zip(features, features[1:]), start=1):
            self._add(f"fc{number}", weight=(outputs, inputs), bias=(outputs,))
        self.layers = list(dict.fromkeys(tensor.layer for tensor in self.tensors))
        self.is_trained = torch.cat([torch.full((tensor.size,), tensor.name not in STATISTICS)
                                     for tensor in self.tensors])

    def _add(self, layer, **shapes):
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
        """[sample, class]; training updates the running statistics in values."""
        for number in (1, 2):
            conv, bn = f"conv{number}", f"bn{number}"
            x = F.conv2d(x, values[conv, "weight"], values[conv, "bias"])
            if bn in self.layers:
                x = F.batch_norm(x, values[bn, "running_mean"], values[bn, "running_var"],
                                 values[bn, "weight"], values[bn, "bias"], training, 0.1, 1e-5)
            x = F.max_pool2d(F.relu(x), 2)
        x = F.relu(F.linear(x.flatten(1), values["fc1", "weight"], values["fc1", "bias"]))
        x = F.relu(F.linear(x, values["fc2", "weight"], values["fc2", "bias"]))
        return F.linear(x, values["fc3", "weight"], values["fc3", "bias"])


# --- What the methods work on ---------------------------------------------------------------------


class Federation:
    """The run's settings, samples and initial values, in one precision."""

    def __init__(self, settings, network, dataset, train_counts, initial, hypernetworks, dtype):
        """initial: [client, parameter]; hypernetworks: (layout, values [client, parameter]) or None."""
        self.settings, self.network, self.dataset, self.dtype = settings, network, dataset, dtype
        self.train_counts = train_counts
        self.clients, self.initial = len(initial), torch.from_numpy(initial).to(dtype)
        self.hypernetworks = hypernetworks
        self.method = settings["method"]

    def own(self, key):
        """A setting of the method itself, as text."""
        return self.settings[f"methods.{self.method}.{key}"]

    @property
    def local_statistics(self):
        """Whether running statistics are never sent."""
        return self.settings["model.batch_normalisation_statistics"] == "local"

    def samples(self, indices):
        """Scaled pixels [sample, channel, y, x] and labels [sample]."""
        x = torch.from_numpy(self.dataset.images[indices]).to(self.dtype) / 255
        if self.settings["model.pixel_scaling"] == "symmetric":
            x = x * 2 - 1
        return x, torch.from_numpy(self.dataset.labels[indices])

    def sgd(self, start, batches, only_layers=None, rate=None, before_step=None):
        """Mini-batch SGD on the mean cross-entropy, with a fresh optimiser: (flat, [loss]).

        only_layers: the layers to train, all by default; before_step(values) may change gradients.
        """
        values = self.network.split(start)
        trained = [value.requires_grad_() for (layer, name), value in values.items()
                   if name not in STATISTICS and (only_layers is None or layer in only_layers)]
        optimiser = torch.optim.SGD(trained, float(rate or self.settings["learning_rate"]),
                                    momentum=float(self.settings["momentum"]),
                                    weight_decay=float(self.settings["weight_decay"]))
        losses = []
        for batch in batches:
            x, y = self.samples(batch.indices)
            optimiser.zero_grad()
            loss = F.cross_entropy(self.network.logits(values, x, training=True), y)
            loss.backward()
            if before_step:
                before_step(values)
            optimiser.step()
            losses.append(loss.item())
        return self.network.join(values), losses

    def evaluate(self, flat, indices):
        """Logits [sample, class] and labels [sample] in evaluation mode."""
        x, y = self.samples(indices)
        with torch.no_grad():
            return self.network.logits(self.network.split(flat), x, training=False), y


def check_passes(batches, samples, batch_size, passes):
    """Yields what is wrong with batches that should pass over all samples, `passes` times a phase.

    passes: [(phase, number of passes)] in their order.
    """
    expected = [(phase, min(batch_size, len(samples) - start)) for phase, count in passes
                for _ in range(count) for start in range(0, len(samples), batch_size)]
    found = [(batch.phase, len(batch.indices)) for batch in batches]
    if found != expected:
        wrong = next(i for i, (a, b) in enumerate(itertools.zip_longest(found, expected)) if a != b)
        shown = [f"{row[wrong][1]} samples of phase {row[wrong][0]}" if wrong < len(row) else "none"
                 for row in (found, expected)]
        yield f"batch {wrong + 1}: {shown[0]}, expected {shown[1]}"
        return
    per_pass = math.ceil(len(samples) / batch_size)
    for number in range(len(batches) // per_pass):
        epoch = np.concatenate([b.indices for b in batches[number * per_pass : (number + 1) * per_pass]])
        if not np.array_equal(np.sort(epoch), np.sort(samples)):
            yield f"epoch {number + 1} is not a permutation of the client's training samples"


# --- Methods --------------------------------------------------------------------------------------


class Method:
    """A federated method. This base class is one in which nobody communicates.

    `bank` [client, parameter] holds each client's model after its latest local training; rows are
    replaced, never changed in place. Within a round, the driver asks for all participants'
    `received` models, then trains them, then calls `absorb` once.
    """

    per_participant = ()  # names of the datasets of /audit, with axes (round, slot, …), that `starts` gives

    def __init__(self, federation):
        self.federation, self.network = federation, federation.network
        self.bank = federation.initial.clone()
        self.recorded = {}  # {name in per_participant: {participant: row}} of this round

    @staticmethod
    def check_batches(settings, samples, batches):
        """Yields what is wrong with a client's batches of one round."""
        yield from check_passes(batches, samples, int(settings["batch_size"]),
                                [("train", int(settings["local_epochs"]))])

    def received(self, client):
        """What the client's next local training starts from. Changes nothing that matters."""
        return self.bank[client]

    def train(self, client, start, batches):
        """Local training: (trained model, losses of the batches)."""
        return self.federation.sgd(start, batches)

    def absorb(self, outcomes):
        """What the server does with {participant: Outcome} of a round."""
        self.bank = self.bank.clone()
        for client, outcome in outcomes.items():
            self.bank[client] = outcome.trained

    def trained(self, client):
        """The model that is evaluated as `trained`."""
        return self.bank[client]

    def starts(self, client):
        """{name in per_participant: the client's row}, asked before absorb."""
        return {}

    def state(self):
        """{dataset of /audit with axes (round, …): value after the round}, asked after absorb."""
        return {}


class Local(Method):
    """No communication."""


class FedAvg(Method):
    """McMahan et al., AISTATS 2017, Algorithm 1: the average weighted by training sample counts."""

    def __init__(self, federation):
        super().__init__(federation)
        if not (self.bank == self.bank[0]).all():
            raise ValueError("the clients' initial models differ, but FedAvg has one global model")
        self.global_model = self.bank[0]

    def kept(self):
        """bool [parameter]: what stays with each client and is never sent."""
        trained = self.network.is_trained
        return ~trained if self.federation.local_statistics else torch.zeros_like(trained)

    def received(self, client):
        return torch.where(self.kept(), self.bank[client], self.global_model)

    def absorb(self, outcomes):
        super().absorb(outcomes)
        total = sum(self.federation.train_counts[client] for client in outcomes)
        average = sum(outcome.trained * (self.federation.train_counts[client] / total)
                      for client, outcome in outcomes.items())
        self.global_model = torch.where(self.kept(), self.global_model, average)

    def state(self):
        return {"global_parameters_after": self.global_model}


class FedProx(FedAvg):
    """Li et al., MLSys 2020: clients descend on the loss plus (μ / 2) ‖θ − received‖²."""

    def train(self, client, start, batches):
        strength = float(self.federation.own("proximal_strength"))
        anchor = {key: value.detach().clone() for key, value in self.network.split(start).items()}

        def pull(values):
            for key, value in values.items():
                if value.requires_grad:
                    value.grad += strength * (value.detach() - anchor[key])

        return self.federation.sgd(start, batches, before_step=pull)


class FedBN(FedAvg):
    """Li et al., ICLR 2021: batch-normalisation layers stay local, statistics included."""

    def kept(self):
        normalisation = {tensor.layer for tensor in self.network.tensors if tensor.name in STATISTICS}
        return self.network.in_layers(normalisation)


class FedPer(FedAvg):
    """Arivazhagan et al., 2019: the last layers stay local."""

    def kept(self):
        count = int(self.federation.own("personal_layers"))
        personal = self.network.layers[len(self.network.layers) - count :]
        return super().kept() | self.network.in_layers(set(personal))


class Hypernetwork:
    """Aggregation weights of one client (Eq. 4): embedding → hidden layers with ReLU → a head a layer."""

    def __init__(self, layout, layers, embedding, hidden, clients):
        """layout: Tensors of the flat vector ψ, as the file lists them."""
        self.layers, self.hidden = layers, len(hidden)
        widths = [embedding] + hidden
        self.tensors = {tensor.name: tensor for tensor in layout}
        expected = {"embedding": (embedding,)}
        for number, (inputs, outputs) in enumerate(zip(widths, hidden), start=1):
            expected |= {f"hidden{number}.weight": (outputs, inputs), f"hidden{number}.bias": (outputs,)}
        for layer in layers:
            expected |= {f"head.{layer}.weight": (clients, widths[-1]), f"head.{layer}.bias": (clients,)}
        found = {tensor.name: tensor.shape for tensor in layout}
        if found != expected:
            raise ValueError(f"/audit/hypernetwork_layout is {found}, expected {expected}")

    def weights(self, psi, client, normaliser):
        """α [layer, source client]; every row sums to one (Eq. 3)."""
        def value(name):
            tensor = self.tensors[name]
            return psi[tensor.offset : tensor.offset + tensor.size].reshape(tensor.shape)

        x = value("embedding")
        for number in range(1, self.hidden + 1):
            x = F.relu(F.linear(x, value(f"hidden{number}.weight"), value(f"hidden{number}.bias")))
        rows = []
        for layer in self.layers:
            z = F.linear(x, value(f"head.{layer}.weight"), value(f"head.{layer}.bias"))
            if normaliser == "softmax":
                rows.append(z.softmax(0))
            elif (z > 0).any():
                rows.append(F.relu(z) / F.relu(z).sum())
            else:
                rows.append(F.one_hot(torch.tensor(client), len(z)).to(z.dtype))
        return torch.stack(rows)


class PFedLA(Method):
    """Ma et al., CVPR 2022, Algorithm 1."""

    def __init__(self, federation):
        super().__init__(federation)
        layout, values = federation.hypernetworks
        hidden = [int(size) for size in federation.own("hidden_sizes").strip("[]").split(",") if size.strip()]
        self.hypernetwork = Hypernetwork(layout, self.network.layers, int(federation.own("embedding_size")),
                                         hidden, federation.clients)
        self.psi = torch.from_numpy(values).to(federation.dtype)
        self.normaliser, self.step_size = federation.own("normaliser"), float(federation.own("step_size"))

    def weights(self, client, psi=None):
        return self.hypernetwork.weights(self.psi[client] if psi is None else psi, client, self.normaliser)

    def retained(self, client):
        """Names of the layers that the client does not receive."""
        return set()

    def aggregated(self, client, psi):
        """θ̄ (Eq. 5, 6): every layer summed over all clients' models, with the layer's weights."""
        alpha = dict(zip(self.network.layers, self.weights(client, psi)))
        return torch.cat([alpha[t.layer] @ self.bank[:, t.offset : t.offset + t.size]
                          for t in self.network.tensors])

    def received(self, client):
        own = self.network.in_layers(self.retained(client))
        if self.federation.local_statistics:
            own = own | ~self.network.is_trained
        return torch.where(own, self.bank[client], self.aggregated(client, self.psi[client]))

    def gives_gradient(self, client):
        """bool [parameter]: where Δθ reaches the hypernetwork."""
        return self.network.is_trained

    def absorb(self, outcomes):
        """ψ ← ψ + β (∂θ̄/∂ψ)ᵀ Δθ (Eq. 7 to 11), at the models that the round began with."""
        updated = self.psi.clone()
        for client, outcome in outcomes.items():
            psi = self.psi[client].clone().requires_grad_()
            aggregated = self.aggregated(client, psi)
            delta = (outcome.trained - outcome.received) * self.gives_gradient(client)
            if aggregated.requires_grad:
                gradient, = torch.autograd.grad(aggregated, psi, delta, materialize_grads=True)
                updated[client] += self.step_size * gradient
        super().absorb(outcomes)
        self.psi = updated

    def state(self):
        return {"aggregation_weights": torch.stack([self.weights(c) for c in range(self.federation.clients)])}


class HeurpFedLA(PFedLA):
    """Ma et al., CVPR 2022, Algorithm 2: the k layers with the largest self weight stay local."""

    per_participant = ("retained",)

    def retained(self, client):
        k = int(self.federation.own("retained_layers"))
        own = self.weights(client)[:, client].tolist()
        chosen = set(sorted(range(len(own)), key=lambda layer: (-own[layer], layer))[:k])
        recorded = self.recorded.get("retained", {}).get(client)
        if recorded is not None:
            recorded = set(np.flatnonzero(recorded).tolist())
            swaps = itertools.product(chosen - recorded, recorded - chosen)
            # Exact ties have a rule; near ties are the recorded run's to rank.
            if len(recorded) == len(chosen) and all(0 < own[a] - own[b] <= RANKING_TIE for a, b in swaps):
                chosen = recorded
        return {self.network.layers[layer] for layer in chosen}

    def gives_gradient(self, client):
        if self.federation.own("retained_gradient") == "passed":
            return self.network.is_trained
        return self.network.is_trained & ~self.network.in_layers(self.retained(client))

    def starts(self, client):
        kept = self.retained(client)
        return {"retained": torch.tensor([float(layer in kept) for layer in self.network.layers])}


METHODS = {
    "local": Local,
    "fedavg": FedAvg,
    "fedprox": FedProx,
    "fedbn": FedBN,
    "fedper": FedPer,
    "pfedla": PFedLA,
    "heurpfedla": HeurpFedLA,
}
