"""Study: what can be read off a latent, and whether a controller that sees nothing else acts as well."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from wmcourse.agents import imitation
from wmcourse.agents.experts import Expert, angle_and_velocity, sign_of_angle
from wmcourse.agents.imitation import BeliefPolicy, Controller, ImitationConfig, StatePolicy, imitate
from wmcourse.data.cache import fingerprint
from wmcourse.data.collect import Policy, collect
from wmcourse.data.frames import FrameEpisodes
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.envs import cartpole_pixels
from wmcourse.evaluation import probes as probes_of_features
from wmcourse.evaluation.calibration import reliability
from wmcourse.evaluation.probes import linear_probe, mlp_probe, r_squared
from wmcourse.evaluation.statistics import Interval, bootstrap_mean
from wmcourse.models.latent_dynamics import LatentDynamics
from wmcourse.training import latent_dynamics
from wmcourse.training.first_stage import encode, first_stage
from wmcourse.training.pixel_episodes import pixel_episodes
from wmcourse.training.pixel_recipe import EVALUATION_SEED, SOURCES
from wmcourse.training.pool import one_per_core, resumable
from wmcourse.training.remedies import REMEDIES
from wmcourse.zoo.studies import save_study

NAME = "latent-control"
SEEDS = (30, 31, 32)
LEARNED_ON, HELD_OUT, PLAYED = 2500, 300, 50
"""Episodes for probes and controllers to learn from, to be marked on, and to act in."""
QUANTITIES = ("position", "velocity", "angle", "angular_velocity")
EXPERTS: dict[str, Callable[[Tensor], Tensor]] = {
    "sign_of_angle": sign_of_angle,
    "angle_and_velocity": angle_and_velocity,
}
MODELS = {
    "single_frame": "latent-dynamics",
    "two_frames": "latent-dynamics-two-frames",
    "memory": "latent-dynamics-recurrent",
}
"""View to the model whose belief it is."""
IN_SIGHT = 1.2
"""m: of a cart further from the middle, less than half is in the camera's picture."""
PROTOCOL = (
    f"probes and controllers learn from {LEARNED_ON} random episodes and are marked on {HELD_OUT} of seed "
    f"{EVALUATION_SEED}, probes without each episode's first frame, once everywhere and once where the cart is within "
    f"{IN_SIGHT} m of the middle, in the camera's sight; returns of {PLAYED} episodes of that seed; 95% bootstrap "
    "intervals over episodes"
)


class Rows(NamedTuple):
    """What can be seen at each step of some episodes, and what is true there."""

    views: dict[str, Float[Tensor, "rows feature"]]
    states: Float[Tensor, "rows 4"]
    episode: Int[Tensor, " rows"]
    started: Bool[Tensor, " rows"]
    """False in an episode's first row."""


def main(*, directory: Path | None = None) -> dict[str, Any]:
    """Measure for every seed; what is finished is kept in the cache."""
    results = {
        "protocol": PROTOCOL,
        "runs": one_per_core(run, SEEDS),
        "experts": {name: returns(Expert(rule), "CartPole-v1")._asdict() for name, rule in EXPERTS.items()},
    }
    return save_study(NAME, results, command=f"wmcourse study {NAME}", directory=directory)


def run(seed: int) -> dict[str, Any]:
    """One seed: probes, controllers, returns."""
    mark = fingerprint(seed, PROTOCOL, ImitationConfig(), imitation, probes_of_features, *SOURCES)
    return resumable(f"{NAME}-{seed}-{mark}", lambda: _run(seed))


def _run(seed: int) -> dict[str, Any]:
    models = {view: looker(name, seed) for view, name in MODELS.items()}
    data = pixel_episodes(LEARNED_ON, seed=TrainingSeeds(seed).next())
    learned, marked = rows(data, models), rows(pixel_episodes(HELD_OUT, seed=EVALUATION_SEED), models)
    made: dict[str, Any] = {"seed": seed, "probes": probes(learned, marked, seed), "controllers": {}, "history": []}
    for expert, rule in EXPERTS.items():
        made["controllers"][expert] = {}
        for view in ("state", *models):
            controller, scores = control(learned, marked, view, rule, seed)
            scores["return"] = acted(controller, models.get(view))._asdict()
            made["controllers"][expert][view] = scores
            made["history"] += scores["history"]
            print(
                f"{seed} {expert} {view}: {scores['accuracy']:.4f}, return {scores['return']['value']:.0f}", flush=True
            )
    return made


def looker(name: str, seed: int) -> LatentDynamics:
    """A model that follows what is seen. Without a memory it only encodes, so its transition is not trained."""
    config = REMEDIES[name].Config(seed=seed)
    if config.model.transition.memory_dim:
        return latent_dynamics.train(config, progress=False).module
    model = LatentDynamics(config.model)
    coder, _ = first_stage(config, config.model.autoencoder, progress=False)
    model.autoencoder.load_state_dict(coder.module.state_dict())
    return model.eval()


@torch.no_grad()
def rows(data: FrameEpisodes, models: dict[str, LatentDynamics]) -> Rows:
    """Every step of `data` as each view shows it: the state itself, or all that a model knows when it has looked."""
    views = {"state": data.states}
    for view, model in models.items():
        latents, actions, lengths = encode(model.autoencoder, data)
        nothing = actions.new_zeros(len(actions), 1, actions.shape[-1])
        features = model.transition.follow(latents, torch.cat([actions, nothing], dim=1)).features
        views[view] = features[torch.arange(features.shape[1]) <= lengths[:, None]]
    views["two_frames_without_push"] = views["two_frames"][:, : models["two_frames"].transition.latent_dim]
    where = torch.arange(len(data.frames))
    episode = torch.repeat_interleave(torch.arange(len(data)), data.lengths + 1)
    return Rows(views, data.states, episode, ~torch.isin(where, data.firsts))


def probes(learned: Rows, marked: Rows, seed: int) -> dict[str, Any]:
    """R^2 of each quantity, by view and kind of probe."""
    found: dict[str, Any] = {}
    for view in learned.views:
        if view == "state":
            continue
        x, y = learned.views[view][learned.started], learned.states[learned.started]
        kinds = {"linear": linear_probe(x, y), "mlp": mlp_probe(x, y, seed=seed)}
        found[view] = {}
        for kind, probe in kinds.items():
            for where, suffix in ((marked.started, ""), (marked.started & in_sight(marked.states), "_in_sight")):
                scores = r_squared(probe, marked.views[view][where], marked.states[where], marked.episode[where])
                named = zip(QUANTITIES, scores, strict=True)
                found[view][kind + suffix] = {name: score._asdict() for name, score in named}
    return found


def in_sight(states: Float[Tensor, "rows 4"]) -> Bool[Tensor, " rows"]:
    """Does the camera see at least half of the cart?"""
    return states[:, 0].abs() <= IN_SIGHT


def control(
    learned: Rows, marked: Rows, view: str, rule: Callable[[Tensor], Tensor], seed: int
) -> tuple[Controller, dict[str, Any]]:
    """A controller that imitates `rule` from one view, its learning curve, accuracy and calibration."""
    x, y = marked.views[view], rule(marked.states)
    made = imitate(learned.views[view], rule(learned.states), (x, y), ImitationConfig(seed=seed))
    with torch.no_grad():
        probability = made.controller(x).softmax(-1)
    right = (probability.argmax(-1) == y.argmax(-1)).float()
    count = int(marked.episode.max()) + 1
    sums = torch.zeros(2, count).index_add_(1, marked.episode, torch.stack([right, torch.ones_like(right)]))
    bins = reliability(probability.amax(-1), right.bool())
    return made.controller, {
        "accuracy": right.mean().item(),
        "accuracy_in_sight": right[in_sight(marked.states)].mean().item(),
        "accuracy_by_episode": bootstrap_mean(sums[0] / sums[1])._asdict(),
        "loss_nats": made.history[-1]["loss"],
        "confidence": probability.amax(-1).mean().item(),
        "reliability": [each._asdict() for each in bins],
        "history": made.history,
    }


def acted(controller: Controller, model: LatentDynamics | None) -> Interval:
    """Mean return of a controller that is shown what it was trained on: the model's belief, or the state itself."""
    if model is None:
        return returns(StatePolicy(controller), "CartPole-v1")
    frames = model.observation_shape[0]
    return returns(
        BeliefPolicy(model, controller), cartpole_pixels.ENV_ID if frames == 1 else cartpole_pixels.STACKED_ENV_ID
    )


def returns(policy: Policy, env_id: str) -> Interval:
    """Mean return with its interval; at most 500."""
    played = collect(env_id, policy, episodes=PLAYED, seed=EVALUATION_SEED)
    return bootstrap_mean(torch.stack([episode.rewards.sum() for episode in played]))
