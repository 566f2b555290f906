"""Ma et al., CVPR 2022, Figure 1, with the similarity of layers."""

import torch
import torch.nn.functional as F

from replay_model import Method


class Replay(Method):
    """Ma et al., CVPR 2022, Figure 1: equal parts of the client's own and of the most similar clients' layers."""

    derived = {"aggregation_weights": "aggregation_weights", "state_after/dissimilarities": "dissimilarities"}

    def similarities(self, client, layers):
        """[source client], over the trained parameters of these layers."""
        compared = self.bank[:, self.network.in_layers(layers) & self.network.is_trained].double()
        return [F.cosine_similarity(compared[client], other, dim=0, eps=0).item() for other in compared]

    @property
    def dissimilarities(self):
        """1 − s [unit, client, source client]."""
        return 1 - torch.tensor([[self.similarities(client, layers) for client in range(self.federation.clients)]
                                 for layers in self.units()], dtype=torch.float64)

    def sources(self, client, layers):
        """The clients that take part in the client's layers."""
        # The first of equally similar clients; rounding must not distinguish equal ones.
        similarity = [round(value, 13) for value in self.similarities(client, layers)]
        others = [other for other in range(self.federation.clients)
                  if other != client and similarity[other] >= float(self.federation.own("threshold"))]
        others.sort(key=lambda other: (-similarity[other], other))
        return [client] + others[: int(self.federation.own("neighbours"))]

    def weights(self, client):
        """[layer, source client]"""
        weights = torch.zeros(len(self.network.layers), self.federation.clients, dtype=self.federation.dtype)
        for layers in self.units():
            sources = self.sources(client, layers)
            for layer in layers:
                weights[self.network.layers.index(layer), sources] = 1 / len(sources)
        return weights

    def received(self, client):
        model = self.bank[client].clone()
        for layer, weights in zip(self.network.layers, self.weights(client)):
            place = self.network.in_layers({layer})
            if self.federation.local_statistics:
                place &= self.network.is_trained
            model[place] = weights @ self.bank[:, place]
        return model

    @property
    def aggregation_weights(self):
        """[client, layer, source client]"""
        return torch.stack([self.weights(client) for client in range(self.federation.clients)])
