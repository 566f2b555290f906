"""Zhang et al., ICLR 2021."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from replay_model import MODEL_DOWNLOAD, Method, Stream


class Replay(Method):
    """Zhang et al., ICLR 2021: first-order weights of a few downloaded models, chosen by affinity."""

    weighs_by_validation = True

    def __init__(self, federation):
        super().__init__(federation)
        self.base = self.bank
        self.affinity = 0.1 * torch.eye(federation.clients, dtype=torch.float64)
        self.uploaded = set()  # clients that have taken part
        self.number = 1  # of the coming round

    @staticmethod
    def memory(settings):
        return {"state_after/base_models": "base", "state_after/affinity": "affinity",
                "state_after/has_uploaded": "has_uploaded"}

    @property
    def has_uploaded(self):
        return torch.tensor([float(client in self.uploaded) for client in range(self.federation.clients)])

    @has_uploaded.setter
    def has_uploaded(self, values):
        self.uploaded = set(values.nonzero().flatten().tolist())

    @staticmethod
    def check_preparation(settings, samples, batches, validation):
        share = float(settings["methods.fedfomo.validation_share"])
        count = min(len(samples) - 1, max(1, math.floor(share * len(samples) + 0.5)))
        if [batch.phase for batch in batches] != ["validation"]:
            yield f"phases {[batch.phase for batch in batches]}, expected validation"
        elif len(set(batches[0].indices.tolist())) != count:
            yield f"{len(batches[0].indices)} validation samples, expected {count}"
        elif not np.array_equal(batches[0].indices, validation):
            yield "the validation samples are not those of the first round"

    def candidates(self, client):
        """The client itself and its downloads: for each an ε-greedy choice by affinity."""
        exploration = (float(self.federation.own("exploration"))
                       - float(self.federation.own("exploration_decay")) * (self.number - 1))
        stream = Stream(int(self.federation.settings["seed"]), MODEL_DOWNLOAD, self.number, client)
        rest, chosen = [other for other in sorted(self.uploaded) if other != client], [client]
        for _ in range(min(int(self.federation.own("downloaded_models")), len(rest))):
            eligible = rest
            if stream.uniform() >= exploration:
                best = max(self.affinity[client, other] for other in rest)
                eligible = [other for other in rest if self.affinity[client, other] == best]
            chosen.append(eligible[stream.below(len(eligible))])
            rest = [other for other in rest if other != chosen[-1]]
        return chosen

    def own_view(self, client, model):
        """The model on the client: with the client's own running statistics if they are local."""
        if not self.federation.local_statistics:
            return model
        return torch.where(self.network.is_trained, model, self.bank[client])

    def loss(self, client, model):
        logits, labels = self.federation.evaluate(model, self.preparation[client][0].indices)
        return F.cross_entropy(logits, labels).item()

    def gains(self, client):
        """{candidate: how much it lowers the loss against the base, per unit of distance}."""
        base = self.own_view(client, self.base[client])
        base_loss, gains = self.loss(client, base), {}
        for source in self.candidates(client):
            model = self.own_view(client, self.bank[source])
            distance = (model - base)[self.network.is_trained].norm().item()
            gains[source] = (base_loss - self.loss(client, model)) / distance if distance else 0.0
        return gains

    def received(self, client):
        gains = {source: gain for source, gain in self.gains(client).items() if gain > 0}
        base, total = self.base[client], sum(gains.values())
        # The weights sum to one, so the base cancels out; a single model is reproduced exactly.
        model = sum(self.bank[source] * (gain / total) for source, gain in gains.items()) if gains else base
        return self.own_view(client, model)

    def absorb(self, outcomes):
        base = self.base.clone()
        for client, outcome in outcomes.items():
            base[client] = outcome.received
            gains = self.gains(client)
            # Gains and losses may cancel out; the authors' code adds 1e-9 to a sum below that.
            total = abs(sum(gains.values()))
            for source, gain in gains.items():
                self.affinity[client, source] += gain / (total if total >= 1e-9 else total + 1e-9)
        self.uploaded |= set(outcomes)
        self.base, self.number = base, self.number + 1
        super().absorb(outcomes)
