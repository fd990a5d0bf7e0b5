"""Recipe of a data set: random episodes of CartPole as a camera sees them, made once and kept in the cache."""

import torch
from tqdm.auto import tqdm

from wmcourse.agents.random_policy import RandomPolicy
from wmcourse.data.collect import Policy, collect
from wmcourse.data.episode import Episode
from wmcourse.data.frames import FrameEpisodes
from wmcourse.envs.cartpole_pixels import Camera
from wmcourse.recipes.cache import cached, fingerprint

SHARD = 250
"""Episodes that are made, and can be resumed, at a time."""
SHIFT = 0.8
"""m: each episode is moved along the track by up to this much. The physics is the same everywhere on it, but a model
that has only seen the middle does not know that."""


def pixel_episodes(
    episodes: int, *, seed: int, camera: Camera | None = None, shift: float = SHIFT, progress: bool = False
) -> FrameEpisodes:
    """Episodes of the random policy from the cache, or made and put there; shard i has the seed `seed` + i."""
    camera = Camera() if camera is None else camera
    look = fingerprint(__name__, camera, shift)
    starts = range(0, episodes, SHARD)
    parts = []
    for i, start in enumerate(tqdm(starts, disable=not progress, desc="episodes", unit=f" x {SHARD}")):
        count = min(SHARD, episodes - start)
        parts.append(
            cached(
                f"cartpole-pixels/{look}-{seed + i}-{count}.npz",
                lambda count=count, i=i: record(RandomPolicy(2, seed=seed + i), count, seed + i, camera, shift),  # type: ignore[misc]
                FrameEpisodes.save,
                FrameEpisodes.load,
            )
        )
    return FrameEpisodes.join(parts)


def record(
    policy: Policy,
    episodes: int,
    seed: int,
    camera: Camera | None = None,
    shift: float = SHIFT,
    longest: int | None = None,
) -> FrameEpisodes:
    """Play CartPole-v1 by its states, move each episode along the track, and take pictures of its first steps."""
    played = [cut(each, longest) for each in collect("CartPole-v1", policy, episodes=episodes, seed=seed)]
    offset = (2 * torch.rand(episodes, generator=torch.Generator().manual_seed(seed)) - 1) * shift
    states = torch.cat(
        [each.observations + by * torch.tensor([1.0, 0, 0, 0]) for each, by in zip(played, offset, strict=True)]
    )
    actions = torch.cat([torch.cat([torch.zeros(1, each.actions.shape[1]), each.actions]) for each in played])
    lengths = torch.tensor([len(each) for each in played])
    terminated = torch.tensor([each.terminated for each in played])
    return FrameEpisodes((Camera() if camera is None else camera)(states), states, actions, lengths, terminated)


def cut(episode: Episode, longest: int | None) -> Episode:
    """The first `longest` steps of an episode; None for all of it."""
    if longest is None or len(episode) <= longest:
        return episode
    return Episode(
        episode.observations[: longest + 1], episode.actions[:longest], episode.rewards[:longest], terminated=False
    )
