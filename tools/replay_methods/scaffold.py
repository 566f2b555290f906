"""Karimireddy et al., ICML 2020."""

import torch

from replay_methods import fedavg
from replay_model import Method


def stepped(network, model, average, size):
    """(1 − size) · model + size · average; running statistics never go beyond the average."""
    size = torch.full_like(model, size)
    size = torch.where(network.is_trained, size, size.clamp(max=1))
    return (1 - size) * model + size * average


class Replay(fedavg.Replay):
    """Karimireddy et al., ICML 2020, Algorithm 1, option II."""

    def __init__(self, federation):
        super().__init__(federation)
        self.control = torch.zeros_like(self.global_model)
        self.controls = torch.zeros_like(self.bank)

    @staticmethod
    def memory(settings):
        return fedavg.Replay.memory(settings) | {
            "state_after/server_control": "control", "state_after/client_controls": "controls"}

    def train(self, client, start, batches):
        drift = self.network.split(self.control - self.controls[client])

        def correct(values):
            for key, value in values.items():
                if value.requires_grad:
                    value.grad += drift[key]

        return self.federation.sgd(start, batches, before_step=correct)

    def absorb(self, outcomes):
        """x ← x + η_g mean(y_i − x); c_i⁺ = c_i − c + (x − y_i) / (K η_l); c ← c + Σ (c_i⁺ − c_i) / N."""
        controls, learning_rate = self.controls.clone(), self.federation.learning_rate
        for client, outcome in outcomes.items():
            moved = (outcome.received - outcome.trained) / (len(outcome.losses) * learning_rate)
            controls[client] = torch.where(self.network.is_trained,
                                           self.controls[client] - self.control + moved, 0)
        average = torch.stack([outcome.trained for outcome in outcomes.values()]).mean(0)
        size = float(self.federation.own("server_step_size"))
        model = stepped(self.network, self.global_model, average, size)
        Method.absorb(self, outcomes)
        self.global_model = torch.where(self.kept(), self.global_model, model)
        self.control = self.control + (controls - self.controls).sum(0) / self.federation.clients
        self.controls = controls
