"""Ma et al., CVPR 2022."""

import torch
import torch.nn.functional as F

from replay_model import Method


class Hypernetwork:
    """Aggregation weights of one client (Eq. 4): embedding → hidden layers with ReLU → one head per layer, or unit.

    Direct weights are the heads' biases alone.
    """

    def __init__(self, layout, units, embedding, hidden, clients, direct):
        """units: names; layout: Tensors of the flat vector ψ, as the file lists them."""
        self.units, self.hidden, self.direct = units, len(hidden), direct
        widths = [embedding] + hidden
        self.tensors = {tensor.name: tensor for tensor in layout}
        expected = {} if direct else {"embedding": (embedding,)}
        if not direct:
            for number, (inputs, outputs) in enumerate(zip(widths, hidden), start=1):
                expected |= {f"hidden{number}.weight": (outputs, inputs), f"hidden{number}.bias": (outputs,)}
        for unit in self.units:
            if not direct:
                expected[f"head.{unit}.weight"] = (clients, widths[-1])
            expected[f"head.{unit}.bias"] = (clients,)
        found = {tensor.name: tensor.shape for tensor in layout}
        if found != expected:
            raise ValueError(f"/audit/hypernetwork_layout is {found}, expected {expected}")

    def weights(self, psi, client, normaliser):
        """α [unit, source client]; every row sums to one (Eq. 3)."""
        def value(name):
            tensor = self.tensors[name]
            return psi[tensor.offset : tensor.offset + tensor.size].reshape(tensor.shape)

        if not self.direct:
            x = value("embedding")
            for number in range(1, self.hidden + 1):
                x = F.relu(F.linear(x, value(f"hidden{number}.weight"), value(f"hidden{number}.bias")))
        rows = []
        for unit in self.units:
            z = value(f"head.{unit}.bias")
            if not self.direct:
                z = F.linear(x, value(f"head.{unit}.weight"), z)
            if normaliser == "softmax":
                rows.append(z.softmax(0))
            elif (z > 0).any():
                rows.append(F.relu(z) / F.relu(z).sum())
            else:
                rows.append(F.one_hot(torch.tensor(client), len(z)).to(z.dtype))
        return torch.stack(rows)


class Replay(Method):
    """Ma et al., CVPR 2022, Algorithm 1."""

    derived = {"aggregation_weights": "aggregation_weights"}

    def __init__(self, federation):
        super().__init__(federation)
        layout, values = federation.hypernetworks
        hidden = [int(size) for size in federation.own("hidden_sizes").strip("[]").split(",") if size.strip()]
        direct = self.variant("weights", ("hypernetwork", "direct")) == "direct"
        self.hypernetwork = Hypernetwork(layout, [self.unit_name(unit) for unit in self.units()],
                                         int(federation.own("embedding_size")), hidden, federation.clients, direct)
        self.psi = torch.from_numpy(values).to(federation.dtype)
        self.normaliser, self.step_size = federation.own("normaliser"), float(federation.own("step_size"))
        self.scaling = self.variant("gradient_scaling", ("none", "model-norm"))
        self.adds_to_old = self.variant("stored_model", ("trained", "old-plus-update")) == "old-plus-update"
        step = self.variant("hypernetwork_step", ("downhill", "uphill", "frozen"))
        self.step_size *= {"downhill": 1, "uphill": -1, "frozen": 0}[step]

    def variant(self, key, known):
        """A key that is recorded only if it is not the paper's, the first that is known."""
        value = self.federation.settings.get(f"methods.{self.federation.method}.{key}", known[0])
        if value not in known:
            raise ValueError(f"{key} {value} has no replay")
        return value

    @staticmethod
    def memory(settings):
        return {"hypernetwork_after": "psi"}

    def weights_by_unit(self, client, psi=None):
        return self.hypernetwork.weights(self.psi[client] if psi is None else psi, client, self.normaliser)

    def weights(self, client, psi=None):
        """[layer, source client]"""
        return self.by_layer(self.weights_by_unit(client, psi))

    def retained(self, client):
        """The places in units() that the client does not receive."""
        return set()

    def is_retained(self, client):
        """bool [parameter]"""
        units = self.units()
        return sum((self.in_unit(units[place]) for place in self.retained(client)),
                   torch.zeros(self.network.size, dtype=torch.bool)) > 0

    def aggregated(self, client, psi):
        """θ̄ (Eq. 5, 6): every unit summed over all clients' models, with the unit's weights."""
        alpha, result = self.weights_by_unit(client, psi), torch.zeros_like(self.bank[client])
        for row, unit in zip(alpha, self.units()):
            place = self.in_unit(unit)
            result = result.index_put((place.nonzero()[:, 0],), row @ self.bank[:, place])
        return result

    def train(self, client, start, batches):
        """The model that the server stores: the trained one, or the change added to the model stored before."""
        trained, losses = super().train(client, start, batches)
        if self.adds_to_old:
            trained = torch.where(self.network.is_trained, self.bank[client] + (trained - start), trained)
        return trained, losses

    def change(self, client, outcome):
        """Δθ: trained minus received, where parameters are trained."""
        return outcome.trained - (self.bank[client] if self.adds_to_old else outcome.received)

    def received(self, client):
        own = self.is_retained(client)
        if self.federation.local_statistics:
            own = own | ~self.network.is_trained
        return torch.where(own, self.bank[client], self.aggregated(client, self.psi[client]))

    def gives_gradient(self, client):
        """bool [parameter]: where Δθ reaches the hypernetwork."""
        return self.network.is_trained

    def scale(self, change):
        """The factor of the gradient: with model-norm 1 / ‖Δθ‖² over all trained parameters, whether or not
        they give a gradient."""
        if self.scaling == "none":
            return 1
        square = (change[self.network.is_trained] ** 2).sum().item()
        return 1 / square if square else 0

    def absorb(self, outcomes):
        """ψ ← ψ + β (∂θ̄/∂ψ)ᵀ Δθ (Eq. 7 to 11), at the models that the round started with."""
        updated = self.psi.clone()
        for client, outcome in outcomes.items():
            psi = self.psi[client].clone().requires_grad_()
            aggregated = self.aggregated(client, psi)
            change = self.change(client, outcome)
            delta = change * self.gives_gradient(client)
            if aggregated.requires_grad and self.step_size:
                gradient, = torch.autograd.grad(aggregated, psi, delta, materialize_grads=True)
                updated[client] += self.step_size * self.scale(change) * gradient
        super().absorb(outcomes)
        self.psi = updated

    @property
    def aggregation_weights(self):
        """[client, layer, source client]"""
        return torch.stack([self.weights(client) for client in range(self.federation.clients)])
