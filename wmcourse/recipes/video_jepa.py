"""How a small V-JEPA and its pixel-predicting twin are trained on clips of CartPole, and what can be read off them."""

import time
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.data.seeds import TrainingSeeds
from wmcourse.evaluation.attentive import attentive_probe, explained
from wmcourse.evaluation.collapse import dimension_std, effective_rank
from wmcourse.evaluation.probes import ProbeTraining, mlp_probe
from wmcourse.evaluation.statistics import Interval
from wmcourse.models.video_jepa import VideoConfig, VideoJEPA
from wmcourse.nets.half import round_to_half
from wmcourse.nets.tubes import LONG_RANGE, SHORT_RANGE, Blocks, draw_tubes
from wmcourse.recipes.cache import fingerprint
from wmcourse.recipes.cartpole_clips import Clips, cartpole_clips
from wmcourse.recipes.descent import Descent, Loss, descend
from wmcourse.recipes.history import OnUpdate
from wmcourse.recipes.kept import cached_training
from wmcourse.recipes.recipe import Training

PROTOCOL = (
    "clips of 4 frames, 0.04 s apart, from states and with pushes drawn at random; R2 of the state at the third frame "
    "by probes of the frozen encoder's tokens that have learned from 1,500 other clips: attentive, or a small network "
    "on their mean; 95% bootstrap intervals over clips"
)
WATCHED = 100
"""Clips by whose representations collapse is watched; no update learns from them."""
PROBED = 1500
"""Clips that a probe learns from."""
MOMENT = 2
"""The frame whose state is asked for, the first being 0: in the middle, so that something moves before and after."""
POOLED = ProbeTraining(updates=1000)
QUANTITIES = ("position", "cart_velocity", "angle", "pole_velocity")


@dataclass(frozen=True)
class VideoTraining(Descent):
    """Everything that decides the result."""

    seed: int = 80
    """The smaller ones were for tuning."""
    updates: int = 6000
    batch_size: int = 32
    """Clips of each update, all masked by the same kind of mask, turn by turn."""
    log_every: int = 500
    clip: float = 1.0
    clips: int = 5000
    masks: tuple[Blocks, ...] = (SHORT_RANGE, LONG_RANGE)
    decay: float = 0.99
    """Of the slow copy at the start; it rises linearly to 1 at the end."""
    model: VideoConfig = field(default_factory=VideoConfig)


def train(config: VideoTraining, *, progress: bool = True, on_update: OnUpdate | None = None) -> Training:
    """Minimize the error at hidden tubelets; the last weights are kept, rounded to half precision."""
    started = time.perf_counter()
    seeds = TrainingSeeds(config.seed)
    data = cartpole_clips(config.clips, frames=config.model.frames, seed=seeds.next())
    watched = cartpole_clips(WATCHED, frames=config.model.frames, seed=seeds.validation).frames / 255.0
    generator = Generator().manual_seed(seeds.next())
    torch.manual_seed(config.seed)
    model = VideoJEPA(config.model)
    model.fit_pixels(data.frames[:500] / 255.0)

    def step(update: int) -> Loss:
        model.follow(config.decay + (1 - config.decay) * update / config.updates)
        masks = config.masks[update % len(config.masks)]
        tubes = draw_tubes(config.batch_size, config.model.grid, masks, generator)
        loss = model.errors(data.sample(config.batch_size, generator), tubes).mean()
        noted = {"loss": loss}
        if update % config.log_every == 0 or update == config.updates:
            with torch.no_grad():
                noted |= monitors(model.represent(watched))
        return loss, noted

    history = descend(model, step, config, name=config.model.target, progress=progress, on_update=on_update)
    round_to_half(model)
    frames = config.clips * config.model.frames
    return Training(model.eval(), config.updates, frames, time.perf_counter() - started, history)


def cached_video(config: VideoTraining, *, progress: bool = True) -> Training:
    """`train`, unless the cache holds the result for this `config`."""
    file = f"videos/{fingerprint(__name__, config)}.safetensors"
    return cached_training(file, lambda: train(config, progress=progress), lambda: VideoJEPA(config.model))


def monitors(tokens: Float[Tensor, "clip token latent"]) -> dict[str, Tensor]:
    """Collapse monitors: rank of the clips' mean tokens, and what tokens of the same place differ by between clips."""
    rank = torch.tensor(effective_rank(tokens.mean(dim=1)))
    return {"rank": rank, "std": dimension_std(tokens.flatten(1)).mean()}


def measure(module: VideoJEPA, *, episodes: int, seed: int) -> dict[str, Interval]:
    """R2 of probes of the frozen encoder on fresh clips, and the collapse monitors."""
    known, new = probe_clips(episodes, module.config.frames, seed)
    tokens, tested = (represented(module, each) for each in (known, new))
    found = read(tokens, known.states[:, MOMENT], tested, new.states[:, MOMENT], seed=seed)
    return found | {name: Interval(*3 * (value.item(),)) for name, value in monitors(tested).items()}


def probe_clips(episodes: int, frames: int, seed: int) -> tuple[Clips, Clips]:
    """Clips that a probe learns from, and clips that it is tested on."""
    return cartpole_clips(PROBED, frames=frames, seed=seed + 1), cartpole_clips(episodes, frames=frames, seed=seed)


@torch.no_grad()
def represented(module: VideoJEPA, clips: Clips) -> Float[Tensor, "clip token latent"]:
    """The frozen encoder's tokens of whole clips."""
    return torch.cat([module.represent(part / 255.0) for part in clips.frames.split(100)])


def read(tokens: Tensor, states: Tensor, tested: Tensor, truth: Tensor, *, seed: int) -> dict[str, Interval]:
    """R2 of each quantity by an attentive probe of the tokens, and by a small network on their mean."""
    answers = {
        "attentive": attentive_probe(tokens, states, seed=seed)(tested),
        "pooled": mlp_probe(tokens.mean(dim=1), states, seed=seed, training=POOLED)(tested.mean(dim=1)),
    }
    clip, metrics = torch.arange(len(tested)), {}
    for name, predicted in answers.items():
        for quantity, found in zip(QUANTITIES, explained(predicted, truth, clip), strict=True):
            metrics[f"{name}_{quantity}_r2"] = found
    return metrics
