"""Recipe: the CartPole Dreamer with a categorical latent, all else as it was (Hafner et al. 2021)."""

from dataclasses import replace

from wmcourse.agents.dreamer import DreamerConfig
from wmcourse.training.cartpole_dreamer import CARTPOLE_DREAMER


def categorical(agent: DreamerConfig) -> DreamerConfig:
    """Eight one-hot groups of eight classes in the place of the Gaussian."""
    return replace(agent, world=replace(agent.world, latent="categorical", groups=8, classes=8))


CARTPOLE_CATEGORICAL = CARTPOLE_DREAMER.variant(
    "cartpole-dreamer-categorical",
    "Dreamer on CartPole-v1 states: categorical RSSM, actor and critic trained in imagination",
    categorical,
)
