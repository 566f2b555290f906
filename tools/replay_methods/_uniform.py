"""Federated averaging with equal weights."""

import torch

from replay_methods import fedavg
from replay_model import Method


class Replay(fedavg.Replay):
    """One global model, the unweighted mean of the participants' models."""

    def absorb(self, outcomes):
        Method.absorb(self, outcomes)
        models = torch.stack([outcome.trained for outcome in outcomes.values()])
        self.global_model = torch.where(self.kept(), self.global_model, models.mean(0))
