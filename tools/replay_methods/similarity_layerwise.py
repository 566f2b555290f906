"""Ma et al., CVPR 2022, Figure 1, with the similarity of layers."""

import torch
import torch.nn.functional as F

from replay_model import Method


class Replay(Method):
    """Ma et al., CVPR 2022, Figure 1: equal parts of the client's own and of the most similar clients' layers."""

    derived = {"aggregation_weights": "aggregation_weights", "state_after/dissimilarities": "dissimilarities"}

    def similarities(self, client, unit):
        """[source client], over the unit's trained parameters."""
        compared = self.bank[:, self.in_unit(unit) & self.network.is_trained].double()
        return [self.similarity(compared[client], other) for other in compared]

    @staticmethod
    def similarity(own, other):
        """The cosine. Biases of a normalisation start at 0: equal models are alike, and nothing else is like 0."""
        if own.any() and other.any():
            return F.cosine_similarity(own, other, dim=0, eps=0).item()
        return float(torch.equal(own, other))

    @property
    def dissimilarities(self):
        """1 − s [unit, client, source client]."""
        return 1 - torch.tensor([[self.similarities(client, unit) for client in range(self.federation.clients)]
                                 for unit in self.units()], dtype=torch.float64)

    def sources(self, client, unit):
        """The clients that take part in the client's unit."""
        # The first of equally similar clients; rounding must not distinguish equal ones.
        similarity = [round(value, 13) for value in self.similarities(client, unit)]
        others = [other for other in range(self.federation.clients)
                  if other != client and similarity[other] >= float(self.federation.own("threshold"))]
        others.sort(key=lambda other: (-similarity[other], other))
        return [client] + others[: int(self.federation.own("neighbours"))]

    def weights(self, client):
        """[unit, source client]"""
        weights = torch.zeros(len(self.units()), self.federation.clients, dtype=self.federation.dtype)
        for row, unit in zip(weights, self.units()):
            sources = self.sources(client, unit)
            row[sources] = 1 / len(sources)
        return weights

    def received(self, client):
        model = self.bank[client].clone()
        for unit, weights in zip(self.units(), self.weights(client)):
            place = self.in_unit(unit)
            if self.federation.local_statistics:
                place &= self.network.is_trained
            model[place] = weights @ self.bank[:, place]
        return model

    @property
    def aggregation_weights(self):
        """[client, layer, source client]"""
        return torch.stack([self.by_layer(self.weights(client)) for client in range(self.federation.clients)])
