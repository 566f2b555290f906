"""Collins et al., ICML 2021."""

from replay_methods import _uniform
from replay_model import check_passes


class Replay(_uniform.Replay):
    """Collins et al., ICML 2021, Algorithm 1: the head stays local and is trained first, then the body."""

    @staticmethod
    def check_training(settings, samples, batches):
        layers = 7 if settings["model.batch_normalisation"] == "true" else 5
        epochs, body = int(settings["local_epochs"]), int(settings["methods.fedrep.body_epochs"])
        if not body:
            # The authors' five of ten or more, half of fewer, and at least one pass for each part.
            body = 5 if epochs >= 10 else epochs // 2 or 1
        passes = [("head", epochs - body or 1), ("body", body)]
        if int(settings["methods.fedrep.head_layers"]) == layers:
            passes = [("head", epochs)]
        yield from check_passes(batches, samples, int(settings["batch_size"]), passes)

    def head(self):
        """Names of the layers that stay local."""
        return set(self.network.layers[-int(self.federation.own("head_layers")) :])

    def kept(self):
        return super().kept() | self.network.in_layers(self.head())

    def train(self, client, start, batches):
        model, losses = start, []
        for phase, layers in [("head", self.head()), ("body", set(self.network.layers) - self.head())]:
            if chosen := [batch for batch in batches if batch.phase == phase]:
                model, found = self.federation.sgd(model, chosen, only_layers=layers)
                losses += found
        return model, losses
