"""Study of chapter 14: what can be read off encoders that predicted representations, pixels, or nothing at all."""

from dataclasses import replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.chapters.jepa.video_recipes import EVALUATION_SEED, VIDEO_JEPA, VIDEO_PIXELS
from wmcourse.evaluation.statistics import Interval
from wmcourse.models.video_jepa import VideoConfig, VideoJEPA
from wmcourse.nets.half import round_to_half
from wmcourse.nets.patches import places, tubelets
from wmcourse.recipes.cartpole_clips import Clips
from wmcourse.recipes.recipe import Recipe
from wmcourse.recipes.video_jepa import MOMENT, PROTOCOL, cached_video, measure, probe_clips, read
from wmcourse.studies.results import Run
from wmcourse.studies.study import Study

EPISODES = VIDEO_JEPA.episodes


def trained(seed: int, *, recipe: Recipe) -> Run:
    """Train, keep the weights in the cache, and measure."""
    kept = replace(recipe, train=cached_video)
    return kept.run(recipe.configured(seed=seed), episodes=EPISODES, seed=EVALUATION_SEED, progress=False)


def untrained(seed: int) -> Run:
    """The encoder with which both trainings of this seed begin."""
    torch.manual_seed(seed)
    model = VideoJEPA(VIDEO_PIXELS.config.model)
    known, _ = probe_clips(EPISODES, model.config.frames, EVALUATION_SEED)
    model.fit_pixels(known.frames / 255.0)
    round_to_half(model)
    metrics = measure(model.eval(), episodes=EPISODES, seed=EVALUATION_SEED)
    return Run(seed, metrics=metrics, parameters=sum(each.numel() for each in model.parameters()))


def without_encoder() -> dict[str, Interval]:
    """The same probes of bare tubelets and their places: of whole clips, and of one frame that stands still."""
    config = VIDEO_JEPA.config.model
    both = probe_clips(EPISODES, config.frames, EVALUATION_SEED)
    states = [each.states[:, MOMENT] for each in both]
    found: dict[str, Interval] = {}
    for name, still in (("clip", False), ("one_frame", True)):
        known, new = (bare(each, config, still=still) for each in both)
        metrics = read(known, states[0], new, states[1], seed=EVALUATION_SEED)
        found |= {f"{name}_{metric}": value for metric, value in metrics.items()}
    return found


def bare(clips: Clips, config: VideoConfig, *, still: bool) -> Float[Tensor, "clip token feature"]:
    """Tubelets of clips, or of their middle frame for all time, each beside where it is."""
    frames = clips.frames / 255.0
    if still:
        frames = frames[:, MOMENT, None].expand(-1, config.frames, -1, -1)
    tokens = tubelets(frames, config.tubelet)
    where = places(config.grid, config.width).expand(len(tokens), -1, -1)
    return torch.cat([tokens, where], dim=-1)


VIDEO = Study(
    name="video-jepa",
    module=__name__,
    protocol=f"{EPISODES} clips, seed {EVALUATION_SEED}; {PROTOCOL}",
    variants={
        "embedding": partial(trained, recipe=VIDEO_JEPA),
        "pixels": partial(trained, recipe=VIDEO_PIXELS),
        "untrained": untrained,
    },
    seeds=(80, 81, 82),
    metrics=without_encoder,
)
STUDIES = (VIDEO,)
