"""Li et al., MLSys 2020."""

from replay_methods import fedavg


class Replay(fedavg.Replay):
    """Li et al., MLSys 2020: clients minimise the loss plus (μ / 2) ‖θ − received‖²."""

    def train(self, client, start, batches):
        strength = float(self.federation.own("proximal_strength"))
        anchor = {key: value.detach().clone() for key, value in self.network.split(start).items()}

        def pull(values):
            for key, value in values.items():
                if value.requires_grad:
                    value.grad += strength * (value.detach() - anchor[key])

        return self.federation.sgd(start, batches, before_step=pull)
