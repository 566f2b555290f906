"""Ma et al., CVPR 2022."""

import itertools

import numpy as np
import torch

from replay_methods import pfedla


# Self weights closer than this may be ranked either way: rounding decides.
RANKING_TIE = 1e-6


class Replay(pfedla.Replay):
    """Ma et al., CVPR 2022, Algorithm 2: the k layers with the largest self weight stay local."""

    per_participant = ("retained",)

    def retained(self, client):
        k = int(self.federation.own("retained_layers"))
        own = self.weights_by_unit(client)[:, client].tolist()
        chosen = set(sorted(range(len(own)), key=lambda unit: (-own[unit], unit))[:k])
        recorded = self.recorded.get("retained", {}).get(client)
        if recorded is not None:
            kept = {self.network.layers[layer] for layer in np.flatnonzero(recorded)}
            recorded = {place for place, unit in enumerate(self.units()) if all(t.layer in kept for t in unit)}
            swaps = itertools.product(chosen - recorded, recorded - chosen)
            # Exact ties have a rule; near ties are the recorded run's to rank.
            if len(recorded) == len(chosen) and all(0 < own[a] - own[b] <= RANKING_TIE for a, b in swaps):
                chosen = recorded
        return chosen

    def gives_gradient(self, client):
        if self.federation.own("retained_gradient") == "passed":
            return self.network.is_trained
        return self.network.is_trained & ~self.is_retained(client)

    def starts(self, client):
        sent = {t.layer for place, unit in enumerate(self.units()) if place not in self.retained(client) for t in unit}
        return {"retained": torch.tensor([float(layer not in sent) for layer in self.network.layers])}
