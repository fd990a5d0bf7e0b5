"""Recipe: latent dynamics of CartPole's pictures, in two stages: an autoencoder, then a step in its code."""

import time
from dataclasses import dataclass, field, replace

import torch
from torch import Generator

from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.models.latent_dynamics import Ensemble, LatentDynamics, LatentDynamicsConfig
from wmcourse.models.transition import TransitionConfig
from wmcourse.recipes.descent import Loss, descend
from wmcourse.recipes.first_stage import Encoded, FirstStage, first_stage
from wmcourse.recipes.history import OnUpdate
from wmcourse.recipes.measure_pixels import pixel_recipe
from wmcourse.recipes.recipe import Recipe, Training


@dataclass(frozen=True)
class Config(FirstStage):
    """Everything that decides the result."""

    updates: int = 1500
    batch_size: int = 32
    """Episodes."""
    length: int = 40
    """Steps that are used of an episode, at most."""
    clip: float = 10.0
    model: LatentDynamicsConfig = field(default_factory=LatentDynamicsConfig)


@dataclass(frozen=True)
class EnsembleConfig(Config):
    """The same, several times."""

    members: int = 5


def train(config: Config, *, progress: bool = True, on_update: OnUpdate | None = None) -> Training:
    """Gather episodes, train the autoencoder, then the transition on encoded episodes; all but the last is cached."""
    coder, data = first_stage(config, config.model.autoencoder, progress=progress)
    trained = train_transition(config, data, progress=progress, on_update=on_update)
    model = LatentDynamics(config.model)
    model.autoencoder.load_state_dict(coder.module.state_dict())
    model.transition.load_state_dict(trained.module.state_dict())
    return trained._replace(module=model.eval(), wall_s=coder.wall_s + trained.wall_s)


def train_ensemble(config: EnsembleConfig, *, progress: bool = True, on_update: OnUpdate | None = None) -> Training:
    """One autoencoder, and several transitions that differ in their first weights and in the order of their data."""
    coder, data = first_stage(config, config.model.autoencoder, progress=progress)
    trained = [
        train_transition(replace(config, seed=config.seed + i), data, progress=progress, on_update=on_update)
        for i in range(config.members)
    ]
    model = Ensemble(config.model, config.members)
    model.autoencoder.load_state_dict(coder.module.state_dict())
    for member, each in zip(model.members, trained, strict=True):
        member.load_state_dict(each.module.state_dict())
    wall_s = coder.wall_s + sum(each.wall_s for each in trained)
    return trained[0]._replace(
        module=model.eval(), wall_s=wall_s, history=[row for each in trained for row in each.history]
    )


def train_transition(
    config: Config,
    data: Encoded,
    *,
    progress: bool = True,
    on_update: OnUpdate | None = None,
) -> Training:
    """The second stage: minimize the prediction error of encoded episodes; the last weights are kept."""
    started = time.perf_counter()
    torch.manual_seed(config.seed)
    model, generator = config.model.new_transition(), Generator().manual_seed(config.seed)
    lengths = data.lengths.clamp(max=config.length)

    def step(update: int) -> Loss:
        chosen = torch.randint(len(lengths), (config.batch_size,), generator=generator)
        steps = int(lengths[chosen].max())
        latents, actions = data.latents[chosen, : steps + 1], data.actions[chosen, :steps]
        loss = model.loss(latents, actions, lengths[chosen], generator)
        return loss, {"loss": loss}

    history = descend(model, step, config, name="dynamics", progress=progress, on_update=on_update)
    real = torch.arange(data.actions.shape[1]) < data.lengths[:, None]
    some = slice(0, 500)
    model.fit_residual(data.latents[some], data.actions[some], real[some])
    return Training(model.eval(), config.updates, int(data.lengths.sum()), time.perf_counter() - started, history)


def latent_dynamics(name: str, words: str, model: LatentDynamicsConfig) -> Recipe:
    """The recipe of latent dynamics with a certain `model`, described by `words`."""
    return pixel_recipe(
        name=name,
        description=f"Latent dynamics of CartPole's pictures: {words}",
        config=Config(model=model),
        build=lambda config: LatentDynamics(config.model),
        train=train,
        shares=("autoencoder",),
    )


ONE_STEP = latent_dynamics("latent-dynamics", "one-step MLP in the code of single frames", LatentDynamicsConfig())
TWO_FRAMES = latent_dynamics(
    "latent-dynamics-two-frames",
    "temporal latent: two frames",
    LatentDynamicsConfig(autoencoder=AutoencoderConfig(frames=2)),
)
RECURRENT = latent_dynamics(
    "latent-dynamics-recurrent",
    "recurrent latent: a GRU",
    LatentDynamicsConfig(transition=TransitionConfig(memory_dim=128)),
)
