"""The critic: how many points a belief is still worth."""

from jaxtyping import Float
from torch import Tensor, nn

from wmcourse.nets.mlp import mlp


class Critic(nn.Module):
    """Value of a belief in points, from a network that answers in units of `scale` points.

    With `scale` = 1 / (1 - discount), the value of one point per step forever, the network's answers are of order 1.
    Otherwise its output has to grow to 100 before it can tell states apart, in steps of the learning rate.
    """

    def __init__(self, feature_dim: int, hidden_dim: int, *, scale: float, layers: int = 2) -> None:
        super().__init__()
        self.net = mlp(feature_dim, hidden_dim, 1, layers=layers, out_scale=0.1)
        self.scale = scale

    def forward(self, features: Float[Tensor, "*batch feature"]) -> Float[Tensor, "*batch"]:
        """Expected discounted return from here on."""
        return self.scale * self.net(features).squeeze(-1)
