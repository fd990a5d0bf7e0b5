"""What a decision costs: operations of looking once, and of imagining many futures."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from wmcourse.models.vae import VAE, VAEConfig
from wmcourse.nets.mlp import mlp
from wmcourse.planning import CEM, Box

CAMERAS = 10
ACTION = 2
"""Steer, and gas or brake."""
CONTROL = Box([-1.0] * ACTION, [1.0] * ACTION)
SEARCHES = {
    "CEM: 512 plans, 12 steps, 3 times": CEM(CONTROL, horizon=12, samples=512, elites=64, iterations=3),
    "as TD-MPC2: 512 plans, 3 steps, 6 times": CEM(CONTROL, horizon=3, samples=512, elites=64, iterations=6),
    "none: ask a policy": None,
    "CEM: 64 plans, 12 steps, 2 times": CEM(CONTROL, horizon=12, samples=64, elites=8, iterations=2),
}


class LatentCar(nn.Module):
    """The least that one can plan with: ten cameras to one code, z' = f(z, a), a reward, and a policy."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.camera = VAE(VAEConfig(width=32))  # as wide as Ha and Schmidhuber's
        self.fuse = nn.Linear(CAMERAS * self.camera.config.latent_dim, latent)
        self.step = mlp(latent + ACTION, 2 * latent, latent, layers=2)
        self.reward = mlp(latent, latent, 1)
        self.policy = mlp(latent, latent, ACTION)

    def look(self, pictures: Tensor) -> Tensor:
        """One code from the pictures of all cameras (10, 3, 64, 64)."""
        return self.fuse(self.camera.encode(pictures).flatten()[None])

    def imagine(self, code: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """The next code, and what it is worth to be there."""
        after = self.step(torch.cat([code, action], dim=-1))
        return after, self.reward(after)


def costs(*, latent: int, search: str, networks: int = 1, pictures: bool = False) -> dict[str, float]:
    """Floating-point operations of one decision: of looking, and of imagining by so many networks (or of a policy)."""
    look, step, draw, policy = operations(latent)
    planner = SEARCHES[search]
    if planner is None:
        return {"look": float(look), "imagine": float(policy)}
    steps = planner.samples * planner.horizon * planner.iterations
    return {"look": float(look), "imagine": float(steps * networks * (step + pictures * draw))}


@cache
def operations(latent: int) -> tuple[int, int, int, int]:
    """Counted by torch: a look of all cameras, an imagined step, all its pictures, a policy's answer."""
    car = LatentCar(latent)
    code, action = torch.zeros(1, latent), torch.zeros(1, ACTION)
    codes = torch.zeros(CAMERAS, car.camera.config.latent_dim)
    return (
        counted(lambda: car.look(torch.zeros(CAMERAS, 3, 64, 64))),
        counted(lambda: car.imagine(code, action)),
        counted(lambda: car.camera.decode(codes)),
        counted(lambda: car.policy(code)),
    )


def counted(work: Callable[[], object]) -> int:
    """Operations of matrix products and convolutions."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())
