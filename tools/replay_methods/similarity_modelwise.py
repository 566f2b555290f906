"""Ma et al., CVPR 2022, Figure 1, with the similarity of whole models."""

from replay_methods import similarity_layerwise
from replay_networks import STATISTICS


class Replay(similarity_layerwise.Replay):
    """Ma et al., CVPR 2022, Figure 1: equal parts of the client's own and of the most similar clients' models."""

    def units(self):
        return [[tensor for tensor in self.network.tensors if tensor.name not in STATISTICS]]
