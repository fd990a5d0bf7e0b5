"""How well a policy does in the real environment."""

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.data.collect import Policy, collect


def episode_returns(
    env_id: str, policy: Policy, *, episodes: int, seed: int, greedy: bool = True
) -> Float[Tensor, " episodes"]:
    """Undiscounted sum of real rewards of `episodes` whole episodes (N,), each from its own start.

    Pass the result to `bootstrap_mean` for the mean with its interval. Raises what `collect` raises.
    """
    played = collect(env_id, policy, episodes=episodes, seed=seed, greedy=greedy)
    return torch.stack([episode.rewards.sum() for episode in played])
