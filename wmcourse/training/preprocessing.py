"""Study: the same autoencoder with four cameras. How well can the state be read off its code?"""

from pathlib import Path
from typing import Any

import torch

from wmcourse.data.cache import fingerprint
from wmcourse.data.frames import FrameEpisodes
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.envs import cartpole_pixels
from wmcourse.envs.cartpole_pixels import RAW, Camera
from wmcourse.evaluation.probes import linear_probe, mlp_probe, r_squared
from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.training import autoencoder
from wmcourse.training.latent_control import QUANTITIES
from wmcourse.training.pixel_episodes import pixel_episodes
from wmcourse.training.pixel_recipe import EVALUATION_SEED
from wmcourse.training.pool import one_per_core, resumable
from wmcourse.zoo.studies import save_study

NAME = "preprocessing"
SEEDS = (30, 31, 32)
CAMERAS = {"raw": RAW, "gray": Camera(crop=None), "cropped": Camera(gray=False), "cropped_gray": Camera()}
UPDATES = 400
LEARNED_ON, HELD_OUT = 1000, 300
PROTOCOL = (
    f"{UPDATES} updates of each autoencoder on the same {LEARNED_ON} random episodes, seen by another camera; probes "
    f"learn from the same episodes and are marked on {HELD_OUT} of seed {EVALUATION_SEED}; 95% bootstrap intervals "
    "over episodes"
)


def main(*, directory: Path | None = None) -> dict[str, Any]:
    """Train with each camera from every seed; what is finished is kept in the cache."""
    jobs = [(camera, seed) for seed in SEEDS for camera in CAMERAS]
    runs = dict(zip(jobs, one_per_core(run, jobs), strict=True))
    results = {
        "protocol": PROTOCOL,
        **{camera: [runs[camera, seed] for seed in SEEDS] for camera in CAMERAS},
    }
    return save_study(NAME, results, command=f"wmcourse study {NAME}", directory=directory)


def run(job: tuple[str, int]) -> dict[str, Any]:
    """One autoencoder: its camera and its seed."""
    camera, seed = job
    mark = fingerprint(camera, seed, PROTOCOL, cartpole_pixels, autoencoder)
    return resumable(f"{NAME}-{camera}-{seed}-{mark}", lambda: _run(camera, seed))


def _run(name: str, seed: int) -> dict[str, Any]:
    camera = CAMERAS[name]
    data = pixel_episodes(LEARNED_ON, seed=TrainingSeeds(seed).next(), camera=camera)
    config = autoencoder.Config(seed=seed, updates=UPDATES, model=AutoencoderConfig(color=not camera.gray))
    trained = autoencoder.train(config, data, progress=False)
    test = pixel_episodes(HELD_OUT, seed=EVALUATION_SEED, camera=camera)
    x, z = encoded(trained.module, data), encoded(trained.module, test)
    episode = torch.repeat_interleave(torch.arange(len(test)), test.lengths + 1)
    kinds = {"linear": linear_probe(x, data.states), "mlp": mlp_probe(x, data.states, seed=seed)}
    scores = {
        kind: {
            quantity: value._asdict()
            for quantity, value in zip(QUANTITIES, r_squared(probe, z, test.states, episode), strict=True)
        }
        for kind, probe in kinds.items()
    }
    print(f"{name} {seed}: R^2 of the angle {scores['mlp']['angle']['value']:.3f}", flush=True)
    pictures = test.stacks(torch.arange(0, len(test.frames), 5), 1)
    with torch.no_grad():
        error = trained.module.loss(pictures).item()
    return {"seed": seed, "wall_s": trained.wall_s, "history": [{"held_out_loss": error}], "probes": scores}


@torch.no_grad()
def encoded(coder: Autoencoder, data: FrameEpisodes) -> torch.Tensor:
    """The latents (rows, Z) of all pictures."""
    return torch.cat([coder.encode(data.stacks(part, 1)) for part in torch.arange(len(data.frames)).split(500)])
