"""Fallah et al., NeurIPS 2020."""

import torch

from replay_methods import _uniform
from replay_model import check_batches


class Replay(_uniform.Replay):
    """Fallah et al., NeurIPS 2020, Algorithm 1: descent on f(w − α ∇f(w)).

    The product of the second derivative with a vector is dropped (first-order) or, as in the method, approximated by
    the difference of two gradients at a distance of 2 δ (hessian-free): the same formula with PyTorch's gradients,
    not PyTorch's second derivative.
    """

    @staticmethod
    def check_preparation(settings, samples, batches, validation):
        yield from check_batches(batches, samples, int(settings["batch_size"]), "adapt", 1)

    def step(self, model, batch):
        """model − α ∇f(model; batch), its running statistics as they were."""
        gradient, _, _ = self.federation.gradient(model, batch)
        return model - float(self.federation.own("inner_step_size")) * gradient

    def hessian_product(self, model, batch, vector):
        """An approximation of ∇²f(model; batch) · vector."""
        delta = float(self.federation.own("finite_difference"))
        above, _, _ = self.federation.gradient(model + delta * vector, batch)
        below, _, _ = self.federation.gradient(model - delta * vector, batch)
        return (above - below) / (2 * delta)

    def train(self, client, start, batches):
        own = self.federation.own
        w = torch.nn.Parameter(start.clone())
        optimiser = self.federation.optimiser([w])
        first_order = own("variant") == "first-order"
        losses = []
        # The round's batches in a circle: each step takes three neighbours and belongs to the middle one.
        for inner, outer, third in zip(batches[-1:] + batches[:-1], batches, batches[1:] + batches[:1]):
            model = w.detach().clone()
            w.grad, loss, after = self.federation.gradient(self.step(model, inner), outer)
            losses.append(loss)
            if not first_order:
                product = self.hessian_product(model, third, w.grad)
                w.grad = w.grad - float(own("inner_step_size")) * product
            self.federation.clip([w])
            optimiser.step()
            w.data = torch.where(self.network.is_trained, w.data, after)
        return w.detach(), losses

    def trained(self, client):
        model = self.received(client)
        for batch in self.preparation[client]:
            model = self.step(model, batch)
        return model
