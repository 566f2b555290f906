"""Sun et al., IJCAI 2025."""

import torch

from replay_model import Method


class Replay(Method):
    """Sun et al., IJCAI 2025: θ̄_i = Σ_j a_ij θ_j over the body; A_i follows (∂θ̄_i/∂A_i)ᵀ (θ_i − θ̄_i), clamped to 0 … 1."""

    derived = {"aggregation_weights": "aggregation_weights"}

    def __init__(self, federation):
        super().__init__(federation)
        self.rows = torch.eye(federation.clients, dtype=federation.dtype)

    @staticmethod
    def memory(settings):
        return {"state_after/weights": "rows"}

    def in_body(self):
        """bool [parameter]: what is aggregated."""
        count = len(self.network.layers) - int(self.federation.own("head_layers"))
        body = self.network.in_layers(set(self.network.layers[:count]))
        return body & self.network.is_trained if self.federation.local_statistics else body

    def weights(self, client):
        """a [source client]; the row sums to 1."""
        return self.rows[client] / self.rows[client].sum()

    def received(self, client):
        return torch.where(self.in_body(), self.weights(client) @ self.bank, self.bank[client])

    def absorb(self, outcomes):
        updated = self.rows.clone()
        shared = self.in_body() & self.network.is_trained
        for client, outcome in outcomes.items():
            weights = self.weights(client).requires_grad_()
            # Its derivative is that of half the squared distance of θ̄ to the trained model.
            distance = ((weights @ self.bank - weights.detach() @ self.bank)
                        * (outcome.received - outcome.trained) * shared).sum()
            slope, = torch.autograd.grad(distance, weights)
            row = (weights.detach() - float(self.federation.own("weight_step_size")) * slope).clamp(0, 1)
            row[client] = 1
            updated[client] = row
        super().absorb(outcomes)
        self.rows = updated

    @property
    def aggregation_weights(self):
        """[client, layer, source client]"""
        own = torch.eye(self.federation.clients, dtype=self.federation.dtype)
        head = len(self.network.layers) - int(self.federation.own("head_layers"))
        return torch.stack([
            torch.stack([self.weights(client) if place < head else own[client]
                         for place in range(len(self.network.layers))])
            for client in range(self.federation.clients)])
