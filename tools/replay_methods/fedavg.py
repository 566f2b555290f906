"""McMahan et al., AISTATS 2017."""

import torch

from replay_model import Method


class Replay(Method):
    """McMahan et al., AISTATS 2017, Algorithm 1: the average weighted by training sample counts."""

    def __init__(self, federation):
        super().__init__(federation)
        if not (self.bank == self.bank[0]).all():
            raise ValueError("the clients' initial models differ, but FedAvg has one global model")
        self.global_model = self.bank[0]

    @staticmethod
    def memory(settings):
        return {"global_parameters_after": "global_model"}

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

    def join(self, earlier):
        super().join(earlier)
        self.global_model = earlier.global_model
