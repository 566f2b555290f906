"""T. Dinh, Tran, Nguyen, NeurIPS 2020."""

import torch

from replay_methods import fedavg
from replay_methods.scaffold import stepped
from replay_model import Method


class Replay(fedavg.Replay):
    """T. Dinh et al., NeurIPS 2020, Algorithm 1; θ continues from one mini-batch to the next."""

    def __init__(self, federation):
        super().__init__(federation)
        self.versions = {}  # {participant: w_i}

    def number(self, key):
        return float(self.federation.own(key))

    def rate(self, key):
        """A step size of the method, or the run's if the method has none."""
        return self.number(key) or self.federation.learning_rate

    def train(self, client, start, batches):
        strength, decay = self.number("proximal_strength"), float(self.federation.settings["weight_decay"])
        rho, eta = self.rate("personal_step_size"), self.rate("step_size")
        trained, theta, version, losses = self.network.is_trained, start, start, []
        for batch in batches:
            for step in range(int(self.federation.own("inner_steps"))):
                gradient, loss, moved = self.federation.gradient(theta, batch)
                theta.grad = gradient
                self.federation.clip([theta])
                gradient = theta.grad
                descent = gradient + decay * theta + strength * (theta - version)
                # Running statistics are those after the pass.
                theta = torch.where(trained, theta - rho * descent, moved)
                if step == 0:
                    losses.append(loss)
            version = version - eta * strength * (version - theta)
        self.versions[client] = torch.where(trained, version, theta)
        return theta, losses

    def absorb(self, outcomes):
        Method.absorb(self, outcomes)
        counts = torch.tensor([self.federation.train_counts[client] for client in outcomes],
                              dtype=self.global_model.dtype)
        if self.federation.own("averaging") == "equal":
            counts = torch.ones_like(counts)
        average = counts @ torch.stack([self.versions[client] for client in outcomes]) / counts.sum()
        model = stepped(self.network, self.global_model, average, self.number("server_mixing"))
        self.global_model = torch.where(self.kept(), self.global_model, model)
