"""Deng, Kamani, Mahdavi, 2020."""

import torch

from replay_methods import fedavg
from replay_model import Method


class Replay(fedavg.Replay):
    """Deng et al., 2020, Algorithm 1: v̄ = α v + (1 − α) w, in the parameters."""

    def __init__(self, federation):
        super().__init__(federation)
        self.local = self.bank.clone()  # v_i [client, parameter], whose running statistics are v̄_i's
        self.mixing = torch.full((federation.clients,), float(federation.own("mixing")), dtype=torch.float64)
        self.versions = self.bank.clone()  # w_i [client, parameter] after the client's latest local training

    @staticmethod
    def memory(settings):
        tensors = {"local_models": "local", "mixing": "mixing"}
        if settings["model.batch_normalisation"] == "true":
            tensors["version_statistics"] = "version_statistics"
        return fedavg.Replay.memory(settings) | {f"state_after/{name}": own for name, own in tensors.items()}

    @property
    def version_statistics(self):
        """Running statistics of w_i [client, statistic]."""
        return self.versions[:, ~self.network.is_trained]

    @version_statistics.setter
    def version_statistics(self, values):
        self.versions[:, ~self.network.is_trained] = values

    def received(self, client):
        # Running statistics that are never sent are w_i's own, not v̄_i's.
        return torch.where(self.kept(), self.versions[client], self.global_model)

    def mixed(self, v, w, alpha):
        return torch.where(self.network.is_trained, alpha * v + (1 - alpha) * w, v)

    def train(self, client, start, batches):
        """w and v side by side, each with its own optimiser, on gradients set by hand."""
        trained = self.network.is_trained
        w, v, alpha, losses = start.clone(), self.local[client].clone(), self.mixing[client].item(), []
        mixing_rate = float(self.federation.own("mixing_step_size")) or self.federation.learning_rate
        optimisers = [self.federation.optimiser([model]) for model in (w, v)]
        for number, batch in enumerate(batches):
            w.grad, _, w_moved = self.federation.gradient(w, batch)
            # By the chain rule in one go: f(α v + (1 − α) w), differentiated by v and α.
            gradient, loss, v_moved = self.federation.gradient(self.mixed(v, w, alpha), batch)
            parts = [v.clone().requires_grad_(), torch.tensor(alpha, dtype=v.dtype, requires_grad=True)]
            mixture = parts[1] * parts[0] + (1 - parts[1]) * w
            v.grad, slope = torch.autograd.grad(mixture, parts, torch.where(trained, gradient, 0))
            for model, optimiser in zip((w, v), optimisers):
                self.federation.clip([model])
                optimiser.step()
            w.copy_(torch.where(trained, w, w_moved))
            v.copy_(torch.where(trained, v, v_moved))
            if number == 0 and self.federation.own("adaptive_mixing") == "on":
                alpha = min(max(alpha - mixing_rate * slope.item(), 0), 1)
            losses.append(loss)
        self.versions[client], self.local[client], self.mixing[client] = w, v, alpha
        return self.mixed(v, w, alpha), losses

    def absorb(self, outcomes):
        Method.absorb(self, outcomes)
        average = self.versions[list(outcomes)].mean(0)
        self.global_model = torch.where(self.kept(), self.global_model, average)
