"""Study: the same autoencoder on differently prepared pictures. How well can the state be read off its code?"""

import torch

from wmcourse.chapters.latent_dynamics.latent_control import IN_SIGHT, QUANTITIES, in_sight
from wmcourse.data.frames import FrameEpisodes
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.envs.cartpole_pixels import RAW, Camera
from wmcourse.evaluation.probes import linear_probe, mlp_probe, r_squared
from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.recipes import autoencoder
from wmcourse.recipes.measure_pixels import EVALUATION_SEED
from wmcourse.recipes.pixel_episodes import pixel_episodes
from wmcourse.studies.results import Run

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


def prepared(way: str, seed: int) -> Run:
    """One autoencoder of pictures that are prepared in one way; its metrics are `r2_QUANTITY/PROBE`."""
    camera, standardize, width = PREPARED[way]
    data = pixel_episodes(LEARNED_ON, seed=TrainingSeeds(seed).next(), camera=camera)
    coder = AutoencoderConfig(color=not camera.gray, width=width)
    config = autoencoder.Config(seed=seed, updates=UPDATES, standardize=standardize, model=coder)
    trained = autoencoder.train(config, data, progress=False)
    test = pixel_episodes(HELD_OUT, seed=EVALUATION_SEED, camera=camera)
    x, z = encoded(trained.module, data), encoded(trained.module, test)
    episode, seen = torch.repeat_interleave(torch.arange(len(test)), test.lengths + 1), in_sight(test.states)
    kinds = {"linear": linear_probe(x, data.states), "mlp": mlp_probe(x, data.states, seed=seed)}
    metrics = {
        f"r2_{quantity}/{kind}": value
        for kind, probe in kinds.items()
        for quantity, value in zip(QUANTITIES, r_squared(probe, z[seen], test.states[seen], episode[seen]), strict=True)
    }
    pictures = test.stacks(torch.arange(0, len(test.frames), 5), 1)
    with torch.no_grad():
        error = (trained.module.decode(trained.module.encode(pictures)) - pictures).square().mean()
    lost = (error / pictures.var(0).mean()).item()
    return Run(seed=seed, wall_s=trained.wall_s, metrics=metrics, numbers={"lost_variance": lost})


@torch.no_grad()
def encoded(coder: Autoencoder, data: FrameEpisodes) -> torch.Tensor:
    """The latents (rows, Z) of all pictures."""
    return torch.cat([coder.encode(data.stacks(part, 1)) for part in torch.arange(len(data.frames)).split(500)])
