"""Recipe: Dreamer on the Galton board, whose world model has to dream both ways a ball can go."""

from dataclasses import dataclass, field
from typing import Literal

from wmcourse.agents.dreamer import DreamerConfig
from wmcourse.chapters.rssm.galton_board import measure_galton
from wmcourse.envs.galton import ENV_ID, RIGHT_ODDS, SIDE, STEPS
from wmcourse.models.rssm import RSSMConfig
from wmcourse.recipes import dreamer

EVALUATION_SEED = 876_543
PROTOCOL = (
    "greedy policy on GaltonBoard-v0 (return) and at most 200 episodes of random tilts (all else), drawn with the "
    "evaluation seed, which training never used; NLL, CRPS and landings from 100 dreams at temperature 1, drift and "
    "reward error at temperature 0; 95% bootstrap intervals over episodes"
)


@dataclass(frozen=True)
class Config(dreamer.Config):
    """A window has the length of an episode."""

    updates: int = 2000
    batch_size: int = 32
    length: int = STEPS + 1
    starts: int = 256
    seed_episodes: int = 1000
    model_lr: float = 3e-3
    collect_every: int = 5
    newest: int = 2000
    validate_every: int = 200
    validation_episodes: int = 200
    solved: float = 1.8
    keep: Literal["best", "last"] = "last"
    actor_lr: float = 1e-3
    agent: DreamerConfig = field(
        default_factory=lambda: DreamerConfig(
            world=RSSMConfig(
                observation_shape=(SIDE * SIDE,),
                action_dim=len(RIGHT_ODDS),
                latent="categorical",
                deter_dim=64,
                groups=6,
                classes=6,
                hidden_dim=64,
                observation_std=0.4,
                reward_scale=60.0,
                continue_scale=1.0,
                kl_scale=3.0,
                free_nats=0.0,
                blindness=0.0,
            ),
            hidden_dim=64,
            horizon=10,
            gradient="reinforce",
            normalize_returns=False,
            entropy_scale=0.01,
            slow_mix=0.05,
            explore=0.2,
        )
    )


GALTON = dreamer.Task(ENV_ID)

GALTON_DREAMER = dreamer.dreamer_recipe(
    GALTON,
    measure_galton,
    name="galton-dreamer",
    description="Dreamer on the Galton board's pictures: categorical RSSM, actor and critic trained in imagination",
    config=Config(),
    headline="peg_nll_nats",
    protocol=PROTOCOL,
    evaluation_seed=EVALUATION_SEED,
)
