"""Local training and the code that all methods share, for replay.py; client models are in replay_networks.py.

Written from the methods' papers and PyTorch's documented layers, optimiser and automatic differentiation. It
shares nothing with the Swift sources.

To add a method, write replay_methods/<name>.py (a hyphen becomes an underscore) with a subclass of
`Method` called `Replay`.
"""

import collections
import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F

from replay_networks import STATISTICS

Batch = collections.namedtuple("Batch", "phase indices")
Outcome = collections.namedtuple("Outcome", "received trained losses")


class Work:
    """The cost of a participant's round: mini-batch gradients, and samples of passes without a gradient."""

    def __init__(self):
        self.gradient_computations = self.forward_samples = 0


# --- Random numbers -------------------------------------------------------------------------------

# Purposes of random streams.
PARTICIPATION, VALIDATION_SPLIT, MODEL_DOWNLOAD, DROPOUT, CLIENT_DROPOUT = 5, 9, 10, 12, 13


class Stream:
    """Philox4x32-10 (Salmon et al., SC 2011): key seed, counter (block, purpose, round, client)."""

    def __init__(self, seed, purpose, number, client):
        self.key, self.name = (seed % 2**32, seed >> 32), (purpose, number, client)
        self.block, self.words = 0, []

    def word(self):
        if not self.words:
            (a, b, c, d), (k, l) = (self.block, *self.name), self.key
            for _ in range(10):
                first, second = a * 0xD2511F53, c * 0xCD9E8D57
                a, b, c, d = second >> 32 ^ b ^ k, second % 2**32, first >> 32 ^ d ^ l, first % 2**32
                k, l = (k + 0x9E3779B9) % 2**32, (l + 0xBB67AE85) % 2**32
            self.words, self.block = [a, b, c, d], self.block + 1
        return self.words.pop(0)

    def many(self, count):
        """The next words as an array: what is left of a block, then whole blocks at once."""
        head, self.words = self.words[:count], self.words[count:]
        blocks = -(-(count - len(head)) // 4)
        a = np.arange(self.block, self.block + blocks, dtype=np.uint64)
        b, c, d = (np.full(blocks, word % 2**32, np.uint64) for word in self.name)
        k, l = (np.uint64(word) for word in self.key)
        low, half = np.uint64(2**32 - 1), np.uint64(32)
        for _ in range(10):
            first, second = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
            a, b, c, d = (second >> half) ^ b ^ k, second & low, (first >> half) ^ d ^ l, first & low
            k, l = (k + np.uint64(0x9E3779B9)) & low, (l + np.uint64(0xBB67AE85)) & low
        self.block += blocks
        drawn = np.stack([a, b, c, d], axis=1).ravel()
        if blocks:
            self.words = drawn[count - len(head):].tolist()
        return np.concatenate([np.array(head, np.uint64), drawn[: count - len(head)]])

    def uniform(self):
        """In [0, 1), from 53 of the next 64 bits, the low word first."""
        low = self.word()
        return ((low | self.word() << 32) >> 11) / 2**53

    def below(self, bound):
        """In 0 … bound − 1, by multiplication and rejection (Lemire 2019)."""
        while True:
            product = self.word() * bound
            if product % 2**32 >= 2**32 % bound:
                return product >> 32

    def shuffled(self, items):
        """Fisher and Yates's shuffle, from the last place down."""
        items = list(items)
        for place in range(len(items) - 1, 0, -1):
            other = self.below(place + 1)
            items[place], items[other] = items[other], items[place]
        return items


def selected_clients(seed, number, share, dropout, clients):
    """The clients selected for a round, and those of them that drop out, as sets."""
    count = min(clients, max(1, math.floor(share * clients + 0.5)))
    selected = set(range(clients) if count == clients else
                   Stream(seed, PARTICIPATION, number, 0).shuffled(range(clients))[:count])
    return selected, {client for client in selected
                      if dropout and Stream(seed, CLIENT_DROPOUT, number, client).uniform() < dropout}


def validation_samples(samples, share, seed, client):
    """The training samples of a client that are set aside, in their order."""
    count = min(len(samples) - 1, max(1, math.floor(share * len(samples) + 0.5)))
    chosen = Stream(seed, VALIDATION_SPLIT, 0, client).shuffled(range(len(samples)))[:count]
    return np.asarray(samples)[sorted(chosen)]


# --- The run ----------------------------------------------------------------------------------


class Federation:
    """The run's settings, samples and initial values, in one precision."""

    def __init__(self, settings, network, dataset, train_counts, initial, hypernetworks, dtype):
        """initial: [client, parameter]; hypernetworks: (layout, values [client, parameter]) or None."""
        self.settings, self.network, self.dataset, self.dtype = settings, network, dataset, dtype
        self.train_counts = train_counts
        self.clients, self.initial = len(initial), torch.from_numpy(initial).to(dtype)
        self.hypernetworks = hypernetworks
        self.method = settings["method"]
        # Set by the driver.
        self.work, self.round = Work(), 1

    def own(self, key):
        """A setting of the method, as text."""
        return self.settings[f"methods.{self.method}.{key}"]

    @property
    def learning_rate(self):
        """The run's, of this round."""
        rate, kind = float(self.settings["learning_rate"]), self.settings.get("learning_rate_schedule", "constant")
        if kind == "constant":
            return rate
        rounds = int(self.settings["learning_rate_rounds"])
        if kind == "step":
            return rate * float(self.settings["learning_rate_factor"]) ** ((self.round - 1) // rounds)
        return rate * (1 + math.cos(math.pi * (min(self.round, rounds) - 1) / rounds)) / 2

    def optimiser(self, trained, rate=None):
        """torch.optim.SGD as the run has it."""
        return torch.optim.SGD(trained, float(rate or self.learning_rate), momentum=float(self.settings["momentum"]),
                               weight_decay=float(self.settings["weight_decay"]),
                               nesterov=self.settings.get("nesterov") == "true")

    def clip(self, trained):
        """Shortens the gradients of the loss, before anything is added to them."""
        if (largest := float(self.settings.get("gradient_clipping", 0))) > 0:
            torch.nn.utils.clip_grad_norm_(trained, largest)

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

    def sgd(self, start, batches, only_layers=None, rate=None, before_step=None, optimiser=None):
        """Mini-batch SGD on the mean cross-entropy, with a new optimiser: (flat, [loss]).

        only_layers: the layers to train, all by default; before_step(values) may change gradients;
        optimiser: torch.optim.SGD's lr, momentum and weight_decay, instead of the run's.
        """
        values = self.network.split(start)
        trained = [value.requires_grad_() for (layer, name), value in values.items()
                   if name not in STATISTICS and (only_layers is None or layer in only_layers)]
        is_own = optimiser is not None
        optimiser = torch.optim.SGD(trained, **optimiser) if is_own else self.optimiser(trained, rate)
        losses = []
        for batch in batches:
            x, y = self.samples(batch.indices)
            optimiser.zero_grad()
            loss = F.cross_entropy(self.network.logits(values, x, training=True), y)
            loss.backward()
            self.work.gradient_computations += 1
            if not is_own:
                self.clip(trained)
            if before_step:
                before_step(values)
            optimiser.step()
            losses.append(loss.item())
        return self.network.join(values), losses

    def gradient(self, flat, batch):
        """Gradient of the mean cross-entropy [parameter], the loss, and flat with updated running statistics."""
        values = self.network.split(flat)
        trained = {key: value.requires_grad_() for key, value in values.items() if key[1] not in STATISTICS}
        x, y = self.samples(batch.indices)
        loss = F.cross_entropy(self.network.logits(values, x, training=True), y)
        found = dict(zip(trained, torch.autograd.grad(loss, list(trained.values()))))
        self.work.gradient_computations += 1
        zeros = {key: torch.zeros_like(value) for key, value in values.items()}
        return self.network.join(zeros | found), loss.item(), self.network.join(values)

    def evaluate(self, flat, indices):
        """Logits [sample, class] and labels [sample] in evaluation mode."""
        x, y = self.samples(indices)
        self.work.forward_samples += len(indices)
        with torch.no_grad():
            return self.network.logits(self.network.split(flat), x, training=False), y


def check_passes(batches, samples, batch_size, passes):
    """Yields what is wrong with batches that should pass over all samples, `passes` times per phase.

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


def check_batches(batches, samples, batch_size, phase, count):
    """Yields what is wrong with batches that should be the first `count` of passes over all samples."""
    per_pass = math.ceil(len(samples) / batch_size)
    sizes = [min(batch_size, len(samples) - start) for start in range(0, len(samples), batch_size)]
    expected = [(phase, sizes[number % per_pass]) for number in range(count)]
    if (found := [(batch.phase, len(batch.indices)) for batch in batches]) != expected:
        yield f"batches {found}, expected {expected}"
        return
    for number in range(0, count, per_pass):
        drawn = np.concatenate([batch.indices for batch in batches[number : number + per_pass]])
        if len(set(drawn.tolist())) != len(drawn):
            yield f"pass {number // per_pass + 1} has a sample twice"


def check_share(batches, samples, batch_size, phase, share):
    """Yields what is wrong with batches that should contain that share of the samples once."""
    count = max(1, math.floor(share * len(samples) + 0.5))
    expected = [(phase, min(batch_size, count - start)) for start in range(0, count, batch_size)]
    if (found := [(batch.phase, len(batch.indices)) for batch in batches]) != expected:
        yield f"batches {found}, expected {expected}"
    elif len(set(np.concatenate([batch.indices for batch in batches]).tolist())) != count:
        yield f"phase {phase} has a sample twice"


# --- Methods --------------------------------------------------------------------------------------


class Method:
    """A federated method. In this base class, clients do not communicate.

    `bank` [client, parameter] holds each client's model after its latest local training; rows are
    replaced, never changed in place. Within a round, the driver asks for all participants'
    `received` models, then trains them, then calls `absorb` once.

    `preparation` holds, for each client, the batches with which it prepares its next received model: phase adapt, and
    the validation samples for a method that weights models by them.
    """

    weighs_by_validation = False  # whether the method evaluates models on samples that are set aside
    per_participant = ()  # names of the datasets of /audit, with axes (round, slot, …), that `starts` gives
    derived = {}  # {dataset of /audit with axes (round, …): the attribute derived from the state}

    def __init__(self, federation):
        self.federation, self.network = federation, federation.network
        self.bank = federation.initial.clone()
        self.preparation = {}  # {client: [Batch]} for the coming round
        self.recorded = {}  # {name in per_participant: {participant: row}} of this round

    def units(self):
        """[[Tensor]]: trained tensors that share their aggregation weights, in the order of their first tensors.

        What is not named is a unit of its own: a layer, or of a layer that is named in part each other tensor.
        """
        text = self.federation.settings.get("model.units", "layers")
        trained = [tensor for tensor in self.network.tensors if tensor.name not in STATISTICS]
        listed = [] if text in ("layers", "tensors") else [
            {part.strip() for part in unit.split("+")} for unit in text.strip("[]").split(",")]
        named = [[t for t in trained if unit & {t.layer, f"{t.layer}.{t.name}"}] for unit in listed]
        free = [t for t in trained if not any(t in unit for unit in named)]
        apart = self.network.layers if text == "tensors" else {t.layer for unit in named for t in unit}
        groups = {}
        for t in free:
            groups.setdefault((t.layer, t.name if t.layer in apart else None), []).append(t)
        return sorted(named + list(groups.values()), key=lambda unit: unit[0].offset)

    def unit_name(self, unit):
        """conv1, conv1+bn1, or conv1.weight for a part of a layer."""
        names = []
        for layer in dict.fromkeys(tensor.layer for tensor in unit):
            own = [t.name for t in unit if t.layer == layer]
            whole = [t.name for t in self.network.tensors if t.layer == layer and t.name not in STATISTICS]
            names += [layer] if own == whole else [f"{layer}.{name}" for name in own]
        return "+".join(names)

    def in_unit(self, unit):
        """bool [parameter]: what takes the unit's weights; running statistics go with their layer's last trained tensor."""
        own, places = set(unit), []
        for tensor in self.network.tensors:
            if tensor.name not in STATISTICS:
                last = tensor in own
            places.append(torch.full((tensor.size,), last))
        return torch.cat(places)

    def by_layer(self, rows):
        """[layer, source client] from [unit, source client]: means over a layer's trained parameters."""
        units = self.units()
        result = []
        for layer in self.network.layers:
            sizes = torch.tensor([sum(t.size for t in unit if t.layer == layer) for unit in units], dtype=rows.dtype)
            result.append(sizes @ rows / sizes.sum())
        return torch.stack(result)

    @staticmethod
    def memory(settings):
        """{dataset of /audit with axes (round, …): the attribute that it equals after a round}.

        Together with `derived` it names all such datasets; attributes are tensors, or properties with a setter.
        """
        return {}

    @staticmethod
    def check_training(settings, samples, batches):
        """Yields what is wrong with a participant's batches of one round.

        samples: the client's training samples, except those set aside for validation.
        """
        yield from check_passes(batches, samples, int(settings["batch_size"]),
                                [("train", int(settings["local_epochs"]))])

    @staticmethod
    def check_preparation(settings, samples, batches, validation):
        """Yields what is wrong with the batches with which a client prepares its received model.

        samples: all training samples of the client; validation: those set aside.
        """
        if batches:
            yield f"a batch of phase {batches[0].phase}, expected none"

    def received(self, client):
        """The model that the client's next local training starts from. Has no lasting side effects."""
        return self.bank[client]

    def train(self, client, start, batches):
        """Local training: (trained model, losses of the batches; NaN for one that is not part of train_loss)."""
        return self.federation.sgd(start, batches)

    def absorb(self, outcomes):
        """The server's update from {participant: Outcome} of a round."""
        self.bank = self.bank.clone()
        for client, outcome in outcomes.items():
            self.bank[client] = outcome.trained

    def join(self, earlier):
        """Takes over the state of the same method for the clients before; the last client has just joined."""
        self.bank = torch.cat([earlier.bank, self.bank[-1:]])

    def trained(self, client):
        """The model that is evaluated as `trained`."""
        return self.bank[client]

    def starts(self, client):
        """{name in per_participant: the client's row}, asked before absorb."""
        return {}

    def recall(self, attribute, values):
        """Replaces the replayed values by recorded ones."""
        values = torch.as_tensor(values, dtype=getattr(self, attribute).dtype)
        setattr(self, attribute, values)
