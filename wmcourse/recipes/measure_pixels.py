"""The measurements every model of CartPole's pictures is judged by, so that all of them can be compared."""

from typing import Any

from wmcourse.agents.experts import Expert, angle_and_velocity
from wmcourse.data.episode import Episode
from wmcourse.data.frames import FrameEpisodes
from wmcourse.evaluation.held_out import newest_frame
from wmcourse.evaluation.horizon import horizon_table
from wmcourse.evaluation.statistics import Interval
from wmcourse.models.protocol import WorldModel
from wmcourse.recipes.cache import cached, fingerprint
from wmcourse.recipes.pixel_episodes import pixel_episodes, record
from wmcourse.recipes.recipe import Recipe

EVALUATION_SEED = 654_321
"""For manifests: a seed that neither a training nor the tuning of a recipe has looked at."""
EPISODES = 400
PROTOCOL = (
    "random episodes of CartPole-v1, moved along the track by up to 0.8 m, drawn with the evaluation seed, which "
    "training never used (balanced: at most 50 episodes of 100 steps of an expert); open loop at temperature 0 "
    "after following in closed loop; nMSE of the newest frame; 95% bootstrap intervals over episodes"
)
HORIZONS = (1, 5, 10, 25, 50)
BALANCED_EPISODES, BALANCED_STEPS = 50, 100
"""Episodes of the expert that balances the pole, and how many steps of each are looked at."""


def measure_pixels(model: WorldModel, *, episodes: int, seed: int) -> dict[str, Interval]:
    """nMSE of the newest frame at several horizons, and VPT80@0.25: on random episodes, and on those of an expert.

    The expert balances the pole: a policy that no training data were gathered with. A horizon that no episode reaches
    is left out.
    """
    stack = model.observation_shape[0]
    random = pixel_episodes(episodes, seed=seed)
    return {
        **_metrics(model, random.episodes(stack=stack), "random"),
        **_metrics(
            model, balanced_episodes(min(episodes, BALANCED_EPISODES), seed=seed).episodes(stack=stack), "balanced"
        ),
    }


def pixel_recipe(**described: Any) -> Recipe:
    """The recipe of a model of CartPole's pictures, measured as all of them are; the rest as in `Recipe`."""
    return Recipe(
        measure=measure_pixels,
        headline="nmse_h25_random",
        protocol=PROTOCOL,
        evaluation_seed=EVALUATION_SEED,
        episodes=EPISODES,
        **described,
    )


def balanced_episodes(episodes: int, *, seed: int) -> FrameEpisodes:
    """The first steps of an expert's episodes, from the cache if they are there."""
    look = fingerprint(__name__, BALANCED_STEPS)
    return cached(
        f"cartpole-pixels/balanced-{look}-{seed}-{episodes}.npz",
        lambda: record(Expert(angle_and_velocity), episodes, seed, longest=BALANCED_STEPS),
        FrameEpisodes.save,
        FrameEpisodes.load,
    )


def _metrics(model: WorldModel, episodes: list[Episode], kind: str) -> dict[str, Interval]:
    longest = max(len(episode) for episode in episodes)
    table = horizon_table(model, episodes, horizons=[h for h in HORIZONS if h <= longest], view=newest_frame)
    metrics = {f"nmse_h{h}_{kind}": nmse for h, nmse in zip(table.horizons, table.nmse, strict=True)}
    return metrics | {f"vpt80_steps_{kind}": table.vpt}
