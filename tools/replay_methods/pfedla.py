"""Ma et al., CVPR 2022."""

import torch
import torch.nn.functional as F

from replay_model import Method


class Hypernetwork:
    """Aggregation weights of one client (Eq. 4): embedding → hidden layers with ReLU → one head per layer, or unit."""

    def __init__(self, layout, units, embedding, hidden, clients):
        """units: [[layer]]; layout: Tensors of the flat vector ψ, as the file lists them."""
        self.units, self.hidden = ["+".join(layers) for layers in units], len(hidden)
        widths = [embedding] + hidden
        self.tensors = {tensor.name: tensor for tensor in layout}
        expected = {"embedding": (embedding,)}
        for number, (inputs, outputs) in enumerate(zip(widths, hidden), start=1):
            expected |= {f"hidden{number}.weight": (outputs, inputs), f"hidden{number}.bias": (outputs,)}
        for unit in self.units:
            expected |= {f"head.{unit}.weight": (clients, widths[-1]), f"head.{unit}.bias": (clients,)}
        found = {tensor.name: tensor.shape for tensor in layout}
        if found != expected:
            raise ValueError(f"/audit/hypernetwork_layout is {found}, expected {expected}")

    def weights(self, psi, client, normaliser):
        """α [unit, source client]; every row sums to one (Eq. 3)."""
        def value(name):
            tensor = self.tensors[name]
            return psi[tensor.offset : tensor.offset + tensor.size].reshape(tensor.shape)

        x = value("embedding")
        for number in range(1, self.hidden + 1):
            x = F.relu(F.linear(x, value(f"hidden{number}.weight"), value(f"hidden{number}.bias")))
        rows = []
        for unit in self.units:
            z = F.linear(x, value(f"head.{unit}.weight"), value(f"head.{unit}.bias"))
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
        self.hypernetwork = Hypernetwork(layout, self.units(), int(federation.own("embedding_size")),
                                         hidden, federation.clients)
        self.psi = torch.from_numpy(values).to(federation.dtype)
        self.normaliser, self.step_size = federation.own("normaliser"), float(federation.own("step_size"))
        # Recorded only if it is not the paper's.
        self.scaling = federation.settings.get(f"methods.{federation.method}.gradient_scaling", "none")
        if self.scaling not in ("none", "model-norm"):
            raise ValueError(f"gradient_scaling {self.scaling} has no replay")

    @staticmethod
    def memory(settings):
        return {"hypernetwork_after": "psi"}

    def weights_by_unit(self, client, psi=None):
        return self.hypernetwork.weights(self.psi[client] if psi is None else psi, client, self.normaliser)

    def weights(self, client, psi=None):
        """[layer, source client]; layers of a unit have equal rows."""
        unit_of = {layer: number for number, layers in enumerate(self.units()) for layer in layers}
        return self.weights_by_unit(client, psi)[[unit_of[layer] for layer in self.network.layers]]

    def retained(self, client):
        """Names of the layers that the client does not receive."""
        return set()

    def aggregated(self, client, psi):
        """θ̄ (Eq. 5, 6): every layer summed over all clients' models, with the layer's weights."""
        alpha = dict(zip(self.network.layers, self.weights(client, psi)))
        return torch.cat([alpha[t.layer] @ self.bank[:, t.offset : t.offset + t.size]
                          for t in self.network.tensors])

    def received(self, client):
        own = self.network.in_layers(self.retained(client))
        if self.federation.local_statistics:
            own = own | ~self.network.is_trained
        return torch.where(own, self.bank[client], self.aggregated(client, self.psi[client]))

    def gives_gradient(self, client):
        """bool [parameter]: where Δθ reaches the hypernetwork."""
        return self.network.is_trained

    def scale(self, outcome):
        """The factor of the gradient: with model-norm 1 / ‖Δθ‖² over all trained parameters, whether or not
        they give a gradient."""
        if self.scaling == "none":
            return 1
        square = ((outcome.trained - outcome.received)[self.network.is_trained] ** 2).sum().item()
        return 1 / square if square else 0

    def absorb(self, outcomes):
        """ψ ← ψ + β (∂θ̄/∂ψ)ᵀ Δθ (Eq. 7 to 11), at the models that the round started with."""
        updated = self.psi.clone()
        for client, outcome in outcomes.items():
            psi = self.psi[client].clone().requires_grad_()
            aggregated = self.aggregated(client, psi)
            delta = (outcome.trained - outcome.received) * self.gives_gradient(client)
            if aggregated.requires_grad:
                gradient, = torch.autograd.grad(aggregated, psi, delta, materialize_grads=True)
                updated[client] += self.step_size * self.scale(outcome) * gradient
        super().absorb(outcomes)
        self.psi = updated

    @property
    def aggregation_weights(self):
        """[client, layer, source client]"""
        return torch.stack([self.weights(client) for client in range(self.federation.clients)])
