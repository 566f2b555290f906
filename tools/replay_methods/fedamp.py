"""Huang et al., AAAI 2021."""

import torch

from replay_model import Method


class Replay(Method):
    """Huang et al., AAAI 2021, Algorithm 1, A(x) = 1 − exp(−x / σ); rows that sum to more than 1 are scaled."""

    derived = {"aggregation_weights": "aggregation_weights",
               "state_after/squared_distances": "squared_distances"}

    def number(self, key):
        return float(self.federation.own(key))

    @property
    def squared_distances(self):
        """‖w_i − w_j‖² [client, source client] over trained parameters."""
        models = self.bank[:, self.network.is_trained]
        return torch.stack([((models - model) ** 2).sum(1) for model in models])

    def weights(self):
        """ξ [client, source client], from A′ by automatic differentiation."""
        distances = self.squared_distances.requires_grad_()
        attention = (1 - torch.exp(-distances / self.number("attention_width"))).sum()
        derivative, = torch.autograd.grad(attention, distances)
        others = ~torch.eye(self.federation.clients, dtype=bool)
        weights = self.number("attention_step_size") * derivative * others
        most = 1 - 1 / self.federation.clients
        weights = weights * (most / weights.sum(1, keepdim=True)).clamp(max=1)
        return weights + torch.diag(1 - weights.sum(1))

    def received(self, client):
        model = self.weights()[client] @ self.bank
        if self.federation.local_statistics:
            model = torch.where(self.network.is_trained, model, self.bank[client])
        return model

    def train(self, client, start, batches):
        strength = self.number("regularisation") / self.number("attention_step_size")
        anchor = self.network.split(start)

        def pull(values):
            for key, value in values.items():
                if value.requires_grad:
                    value.grad += strength * (value.detach() - anchor[key])

        return self.federation.sgd(start, batches, before_step=pull)

    @property
    def aggregation_weights(self):
        """[client, layer, source client]"""
        return self.weights()[:, None].expand(-1, len(self.network.layers), -1)
