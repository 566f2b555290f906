"""Song et al., Knowledge-Based Systems 2025."""

import torch

from replay_model import Method

# The gradient's sign by the key.
SIGNS = {"downhill": 1, "uphill": -1, "frozen": 0}


class Replay(Method):
    """Song et al., 2025: per layer, softmax over the others of β cos(Δ_i, Δ_j), and the client's own model with weight p."""

    derived = {"aggregation_weights": "aggregation_weights", "state_after/similarities": "similarities"}

    def __init__(self, federation):
        super().__init__(federation)
        shape = (federation.clients, len(self.network.layers))
        self.scales = torch.full(shape, float(federation.own("initial_scale")), dtype=federation.dtype)
        self.own_weights = torch.full(shape, float(federation.own("initial_self_weight")), dtype=federation.dtype)
        self.changes = torch.zeros_like(self.bank)

    @staticmethod
    def memory(settings):
        return {"state_after/scales": "scales", "state_after/self_weights": "own_weights",
                "state_after/changes": "changes"}

    @property
    def similarities(self):
        """cos(Δ_i, Δ_j) [layer, client, source client]; 0 with a client that has not taken part, and with itself."""
        rows = []
        for layer in self.network.layers:
            change = self.changes[:, self.network.in_layers({layer}) & self.network.is_trained]
            unit = change / change.norm(dim=1, keepdim=True).clamp(min=torch.finfo(change.dtype).tiny)
            rows.append((unit @ unit.T).fill_diagonal_(0))
        return torch.stack(rows)

    def weights(self, client, scales, own):
        """α [layer, source client] from β and p [layer]."""
        others = [other for other in range(self.federation.clients) if other != client]
        scores = (scales[:, None] * self.similarities[:, client, others]).softmax(1)
        row = torch.cat([scores[:, :client], own[:, None], scores[:, client:]], dim=1)
        return row / row.sum(1, keepdim=True)

    def aggregated(self, client, scales, own):
        alpha = dict(zip(self.network.layers, self.weights(client, scales, own)))
        return torch.cat([alpha[t.layer] @ self.bank[:, t.offset : t.offset + t.size] for t in self.network.tensors])

    def received(self, client):
        model = self.aggregated(client, self.scales[client], self.own_weights[client])
        if self.federation.local_statistics:
            model = torch.where(self.network.is_trained, model, self.bank[client])
        return model

    def absorb(self, outcomes):
        rate = SIGNS[self.federation.own("hypernetwork_step")] * float(self.federation.own("step_size"))
        scales, own_weights, changes = self.scales.clone(), self.own_weights.clone(), self.changes.clone()
        for client, outcome in outcomes.items():
            beta, p = self.scales[client].clone().requires_grad_(), self.own_weights[client].clone().requires_grad_()
            change = outcome.trained - outcome.received
            slopes = torch.autograd.grad(self.aggregated(client, beta, p), (beta, p), change * self.network.is_trained)
            scales[client] += rate * slopes[0]
            own_weights[client] = (self.own_weights[client] + rate * slopes[1]).clamp(min=0)
            changes[client] = change
        super().absorb(outcomes)
        self.scales, self.own_weights, self.changes = scales, own_weights, changes

    @property
    def aggregation_weights(self):
        """[client, layer, source client]"""
        return torch.stack([self.weights(client, self.scales[client], self.own_weights[client])
                            for client in range(self.federation.clients)])
