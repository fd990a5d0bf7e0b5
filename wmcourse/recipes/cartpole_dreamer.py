"""Recipe: Dreamer on CartPole-v1, from nothing to 500 points (after Hafner et al. 2020, 2023; sizes our own)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from wmcourse.agents.dreamer import DreamerConfig
from wmcourse.data.episode import Episode
from wmcourse.evaluation.cartpole import ENV_ID, measure_cartpole
from wmcourse.models.rssm import RSSMConfig
from wmcourse.recipes import dreamer

TRACK = 2.4
"""The cart leaves the track this many meters from its middle, and the episode ends."""
EVALUATION_SEED = 987_654
PROTOCOL = (
    "greedy policy on CartPole-v1, whole episodes, starts drawn with the evaluation seed, which training never used; "
    "model errors at temperature 0 on the same episodes (policy) and on random-policy episodes (random); "
    "95% bootstrap intervals over episodes"
)


@dataclass(frozen=True)
class Config(dreamer.Config):
    """The base's defaults were found on this task; `solved` is the environment's own threshold."""

    agent: DreamerConfig = field(
        default_factory=lambda: DreamerConfig(
            world=RSSMConfig(
                deter_dim=128,
                stoch_dim=16,
                hidden_dim=96,
                observation_std=0.05,
                reward_scale=40.0,
                continue_scale=20.0,
                kl_scale=0.2,
                free_nats=0.1,
                blindness=0.5,
            ),
            hidden_dim=96,
            gradient="reinforce",
            normalize_returns=True,
            entropy_scale=0.01,
            slow_mix=0.05,
            explore=0.1,
        )
    )


def off_track(episodes: Sequence[Episode]) -> dict[str, float]:
    """The share of episodes that ended because the cart left the track."""
    return {"off_track": sum(abs(ep.observations[-1, 0].item()) > TRACK for ep in episodes) / len(episodes)}


CARTPOLE = dreamer.Task(ENV_ID, units=(1.0, 1.0, 0.1, 1.0), watch=off_track)  # m, m/s, rad, rad/s

CARTPOLE_DREAMER = dreamer.dreamer_recipe(
    CARTPOLE,
    measure_cartpole,
    name="cartpole-dreamer",
    description="Dreamer on CartPole-v1 states: Gaussian RSSM, actor and critic trained in imagination",
    config=Config(),
    headline="return_mean",
    protocol=PROTOCOL,
    evaluation_seed=EVALUATION_SEED,
)
