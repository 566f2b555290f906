"""Zhang et al., AAAI 2023."""

import numpy as np
import torch

from replay_methods import fedavg
from replay_model import check_share


class Replay(fedavg.Replay):
    """Zhang et al., AAAI 2023, Algorithm 1: clients mix the global model into the last layers of their own model."""

    def __init__(self, federation):
        super().__init__(federation)
        layers = self.network.layers[len(self.network.layers) - int(federation.own("adaptive_layers")) :]
        self.adaptive = self.network.in_layers(set(layers)) & self.network.is_trained
        self.mixing = torch.ones_like(self.bank)  # W; it matters only in the adaptive layers
        self.learned = set()
        self.found = {}  # {client: W that it has learned for the coming round}

    @staticmethod
    def memory(settings):
        return fedavg.Replay.memory(settings) | {
            "state_after/mixing_weights": "mixing_weights", "state_after/has_learned": "has_learned"}

    @property
    def mixing_weights(self):
        """W [client, adaptive parameter]."""
        return self.mixing[:, self.adaptive]

    @mixing_weights.setter
    def mixing_weights(self, values):
        self.mixing = self.mixing.clone()
        self.mixing[:, self.adaptive] = values

    @property
    def has_learned(self):
        return torch.tensor([float(client in self.learned) for client in range(self.federation.clients)])

    @has_learned.setter
    def has_learned(self, values):
        self.learned = set(values.nonzero().flatten().tolist())

    @staticmethod
    def check_preparation(settings, samples, batches, validation):
        yield from check_share(batches, samples, int(settings["batch_size"]), "adapt",
                               float(settings["methods.fedala.sample_share"]))

    def received(self, client):
        own, average = self.bank[client], super().received(client)
        self.found.pop(client, None)
        if torch.equal(own[self.adaptive], average[self.adaptive]):
            return average

        def mixed(mixing):
            return torch.where(self.adaptive, own + (average - own) * mixing, average)

        setting = {key: float(self.federation.own(key))
                   for key in ("weight_step_size", "convergence_deviation")}
        window = int(self.federation.own("convergence_window"))
        mixing, losses = self.mixing[client], []
        while len(losses) < int(self.federation.own("first_passes_limit")):
            for batch in self.preparation[client]:
                gradient, loss, _ = self.federation.gradient(mixed(mixing), batch)
                mixing = (mixing - setting["weight_step_size"] * gradient * (average - own)).clamp(0, 1)
            losses.append(loss)
            steady = len(losses) > window and np.std(losses[-window:]) < setting["convergence_deviation"]
            if client in self.learned or steady:
                break
        self.found[client] = mixing
        return mixed(mixing)

    def absorb(self, outcomes):
        super().absorb(outcomes)
        learned = {client: self.found[client] for client in outcomes if client in self.found}
        self.learned |= set(learned)
        self.mixing = self.mixing.clone()
        for client, mixing in learned.items():
            self.mixing[client] = mixing
