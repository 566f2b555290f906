"""Shamsian et al., ICML 2021."""

import torch
import torch.nn.functional as F

from replay_model import STATISTICS, Method, check_batches


class Replay(Method):
    """Shamsian et al., ICML 2021, Algorithm 1, on models that the hypernetwork made before the round.

    The hypernetwork takes one step per participant (sequential), each from where the previous step ended, or one step
    for all of them together (sum, mean).
    """

    def __init__(self, federation):
        super().__init__(federation)
        own, clients, (layout, values) = federation.own, federation.clients, federation.hypernetworks
        width, self.depth = int(own("hidden_size")), int(own("hidden_layers"))
        embedding = int(own("embedding_size")) or int(1 + clients / 4)
        self.produced = [tensor for tensor in self.network.tensors if tensor.name not in STATISTICS]
        expected = {"embedding": (clients, embedding)}
        for number in range(self.depth + 1):
            inputs = width if number else embedding
            expected |= {f"hidden{number}.weight": (width, inputs), f"hidden{number}.bias": (width,)}
        for tensor in self.produced:
            name = f"head.{tensor.layer}.{tensor.name}"
            expected |= {f"{name}.weight": (tensor.size, width), f"{name}.bias": (tensor.size,)}
        if (found := {tensor.name: tensor.shape for tensor in layout}) != expected:
            raise ValueError(f"/audit/hypernetwork_layout is {found}, expected {expected}")
        flat = torch.from_numpy(values).to(federation.dtype)
        self.phi = {t.name: flat[t.offset : t.offset + t.size].reshape(t.shape).clone().requires_grad_()
                    for t in layout}
        self.optimiser = torch.optim.SGD(self.phi.values(), float(own("step_size")),
                                         momentum=float(own("momentum")),
                                         weight_decay=float(own("weight_decay")))

    @staticmethod
    def memory(settings):
        return {"hypernetwork_after": "hypernetwork"}

    @property
    def hypernetwork(self):
        """[hypernetwork parameter]"""
        return torch.cat([value.detach().flatten() for value in self.phi.values()])

    @hypernetwork.setter
    def hypernetwork(self, values):
        # In place: the optimiser's momentum belongs to these tensors.
        with torch.no_grad():
            for value, part in zip(self.phi.values(), values.split([v.numel() for v in self.phi.values()])):
                value.copy_(part.reshape(value.shape))

    @staticmethod
    def check_training(settings, samples, batches):
        steps = int(settings["methods.pfedhn.inner_steps"]) or 5 * int(settings["local_epochs"])
        yield from check_batches(batches, samples, int(settings["batch_size"]), "train", steps)

    def dense(self, name, x):
        return F.linear(x, self.phi[f"{name}.weight"], self.phi[f"{name}.bias"])

    def model(self, client):
        """[tensor of the client model, flat], for every trained tensor."""
        x = self.dense("hidden0", self.phi["embedding"][client])
        for number in range(1, self.depth + 1):
            x = self.dense(f"hidden{number}", F.relu(x))
        return [self.dense(f"head.{tensor.layer}.{tensor.name}", x) for tensor in self.produced]

    def received(self, client):
        model = self.bank[client].clone()
        with torch.no_grad():
            for tensor, values in zip(self.produced, self.model(client)):
                model[tensor.offset : tensor.offset + tensor.size] = values
        return model

    def train(self, client, start, batches):
        if self.federation.own("client_optimiser") == "run":
            return super().train(client, start, batches)
        names = {"learning_rate": "lr", "momentum": "momentum", "weight_decay": "weight_decay"}
        return self.federation.sgd(start, batches, optimiser={
            name: float(self.federation.own(f"client_{key}")) for key, name in names.items()})

    def descend(self, outcomes):
        """One step on the sum of ⟨produced model, received − trained⟩."""
        self.optimiser.zero_grad()
        for client, outcome in outcomes.items():
            # For the client, downhill is from the received to the trained model.
            uphill = outcome.received - outcome.trained
            if self.federation.own("reduction") == "mean":
                uphill = uphill / len(outcomes)
            torch.autograd.backward(self.model(client), [uphill[t.offset : t.offset + t.size]
                                                         for t in self.produced])
        # A client outside the step has a gradient of 0, not None: decay and momentum move it.
        if clipping := float(self.federation.own("gradient_clipping")):
            torch.nn.utils.clip_grad_norm_(self.phi.values(), clipping)
        self.optimiser.step()

    def absorb(self, outcomes):
        together = self.federation.own("reduction") != "sequential"
        for group in [outcomes] if together else [{client: outcomes[client]} for client in sorted(outcomes)]:
            self.descend(group)
        super().absorb(outcomes)
