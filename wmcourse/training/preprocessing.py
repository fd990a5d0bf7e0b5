"""Study: the same autoencoder on differently prepared pictures. How well can the state be read off its code?"""

from pathlib import Path
from typing import Any

import torch

from wmcourse.data.cache import fingerprint
from wmcourse.data.frames import FrameEpisodes
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.envs.cartpole_pixels import RAW, Camera
from wmcourse.evaluation import probes as probes_of_features
from wmcourse.evaluation.probes import linear_probe, mlp_probe, r_squared
from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.training import autoencoder
from wmcourse.training.latent_control import IN_SIGHT, QUANTITIES, in_sight
from wmcourse.training.pixel_episodes import pixel_episodes
from wmcourse.training.pixel_recipe import EVALUATION_SEED, SOURCES
from wmcourse.training.pool import one_per_core, resumable
from wmcourse.zoo.studies import save_study

NAME = "preprocessing"
SEEDS = (30, 31, 32)
PREPARED: dict[str, tuple[Camera, bool, int]] = {
    "raw-pixels": (RAW, False, 8),
    "raw-pixels-wide": (RAW, False, 16),
    "raw": (RAW, True, 8),
    "gray": (Camera(crop=None), True, 8),
    "cropped": (Camera(gray=False), True, 8),
    "cropped-gray": (Camera(), True, 8),
    "cropped-gray-pixels": (Camera(), False, 8),
}
"""The camera; whether the autoencoder works on standardized pictures or on the pixels as they are; its width."""
UPDATES = 400
LEARNED_ON, HELD_OUT = 750, 250
PROTOCOL = (
    f"{UPDATES} updates of each autoencoder on the same {LEARNED_ON} random episodes, prepared in another way; probes "
    f"learn from the same episodes and are marked on {HELD_OUT} of seed {EVALUATION_SEED}, where the cart is within "
    f"{IN_SIGHT} m of the middle, in sight of every camera; 95% bootstrap intervals over episodes"
)


def main(*, directory: Path | None = None) -> dict[str, Any]:
    """Train in each way from every seed; what is finished is kept in the cache."""
    jobs = [(way, seed) for seed in SEEDS for way in PREPARED]
    runs = dict(zip(jobs, one_per_core(run, jobs), strict=True))
    results = {
        "protocol": PROTOCOL,
        **{way: [runs[way, seed] for seed in SEEDS] for way in PREPARED},
    }
    return save_study(NAME, results, command=f"wmcourse study {NAME}", directory=directory)


def run(job: tuple[str, int]) -> dict[str, Any]:
    """One autoencoder: how its pictures are prepared, and its seed."""
    way, seed = job
    mark = fingerprint(PREPARED[way], seed, PROTOCOL, probes_of_features, *SOURCES)
    return resumable(f"{NAME}-{way}-{seed}-{mark}", lambda: _run(way, seed))


def _run(name: str, seed: int) -> dict[str, Any]:
    camera, standardize, width = PREPARED[name]
    data = pixel_episodes(LEARNED_ON, seed=TrainingSeeds(seed).next(), camera=camera)
    coder = AutoencoderConfig(color=not camera.gray, width=width)
    config = autoencoder.Config(seed=seed, updates=UPDATES, standardize=standardize, model=coder)
    trained = autoencoder.train(config, data, progress=False)
    test = pixel_episodes(HELD_OUT, seed=EVALUATION_SEED, camera=camera)
    x, z = encoded(trained.module, data), encoded(trained.module, test)
    episode, seen = torch.repeat_interleave(torch.arange(len(test)), test.lengths + 1), in_sight(test.states)
    kinds = {"linear": linear_probe(x, data.states), "mlp": mlp_probe(x, data.states, seed=seed)}
    scores = {
        kind: {
            quantity: value._asdict()
            for quantity, value in zip(
                QUANTITIES, r_squared(probe, z[seen], test.states[seen], episode[seen]), strict=True
            )
        }
        for kind, probe in kinds.items()
    }
    print(f"{name} {seed}: R^2 of the angle {scores['mlp']['angle']['value']:.3f}", flush=True)
    pictures = test.stacks(torch.arange(0, len(test.frames), 5), 1)
    with torch.no_grad():
        error = (trained.module.decode(trained.module.encode(pictures)) - pictures).square().mean()
    lost = (error / pictures.var(0).mean()).item()
    return {"seed": seed, "wall_s": trained.wall_s, "history": [{"lost_variance": lost}], "probes": scores}


@torch.no_grad()
def encoded(coder: Autoencoder, data: FrameEpisodes) -> torch.Tensor:
    """The latents (rows, Z) of all pictures."""
    return torch.cat([coder.encode(data.stacks(part, 1)) for part in torch.arange(len(data.frames)).split(500)])
