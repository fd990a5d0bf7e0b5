"""Study: what can be read off a latent, and whether a controller that sees nothing else acts as well."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from wmcourse.agents.experts import Expert, angle_and_velocity, sign_of_angle
from wmcourse.agents.imitation import BeliefPolicy, Controller, ImitationConfig, StatePolicy, imitate
from wmcourse.data.collect import Policy, collect
from wmcourse.data.frames import FrameEpisodes
from wmcourse.data.seeds import TrainingSeeds
from wmcourse.envs import cartpole_pixels
from wmcourse.evaluation.calibration import reliability
from wmcourse.evaluation.probes import linear_probe, mlp_probe, r_squared
from wmcourse.evaluation.statistics import Interval, bootstrap_mean
from wmcourse.models.latent_dynamics import LatentDynamics
from wmcourse.recipes.first_stage import encode, first_stage
from wmcourse.recipes.history import Row
from wmcourse.recipes.latent_dynamics import ONE_STEP, RECURRENT, TWO_FRAMES
from wmcourse.recipes.measure_pixels import EVALUATION_SEED
from wmcourse.recipes.pixel_episodes import pixel_episodes
from wmcourse.recipes.recipe import Recipe
from wmcourse.studies.results import Run

LEARNED_ON, HELD_OUT, PLAYED = 2500, 300, 50
"""Episodes for probes and controllers to learn from, to be marked on, and to act in."""
QUANTITIES = ("position", "velocity", "angle", "angular_velocity")
EXPERTS: dict[str, Callable[[Tensor], Tensor]] = {
    "sign_of_angle": sign_of_angle,
    "angle_and_velocity": angle_and_velocity,
}
MODELS = {"single_frame": ONE_STEP, "two_frames": TWO_FRAMES, "memory": RECURRENT}
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


def latent_control(seed: int) -> Run:
    """One seed: probes, controllers, returns. Names end with what is asked and who looks: `accuracy/EXPERT/VIEW`."""
    models = {view: looker(recipe, seed) for view, recipe in MODELS.items()}
    data = pixel_episodes(LEARNED_ON, seed=TrainingSeeds(seed).next())
    learned, marked = rows(data, models), rows(pixel_episodes(HELD_OUT, seed=EVALUATION_SEED), models)
    run = Run(seed=seed, metrics=probes(learned, marked, seed))
    for expert, rule in EXPERTS.items():
        for view in ("state", *models):
            controller, history = control(learned, marked, view, rule, seed)
            key = f"{expert}/{view}"
            run.curves[f"history/{key}"] = history
            run.metrics[f"return/{key}"] = acted(controller, models.get(view))
            mark(run, key, controller, marked, view, rule)
            run.numbers[f"loss_nats/{key}"] = history[-1]["loss"]
    return run


def experts_returns() -> dict[str, Interval]:
    """What the experts themselves earn, who see the state."""
    return {f"return/{name}": returns(Expert(rule), "CartPole-v1") for name, rule in EXPERTS.items()}


def looker(recipe: Recipe, seed: int) -> LatentDynamics:
    """A model that follows what is seen. Without a memory it only encodes, so its transition is not trained."""
    config = recipe.configured(seed=seed)
    if config.model.transition.memory_dim:
        return recipe.train(config, progress=False).module
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


def probes(learned: Rows, marked: Rows, seed: int) -> dict[str, Interval]:
    """R^2 of each quantity by a probe of each view: `r2_QUANTITY/VIEW/PROBE`, or `.../PROBE_in_sight`."""
    found: dict[str, Interval] = {}
    for view in learned.views:
        if view == "state":
            continue
        x, y = learned.views[view][learned.started], learned.states[learned.started]
        kinds = {"linear": linear_probe(x, y), "mlp": mlp_probe(x, y, seed=seed)}
        for kind, probe in kinds.items():
            for where, suffix in ((marked.started, ""), (marked.started & in_sight(marked.states), "_in_sight")):
                scores = r_squared(probe, marked.views[view][where], marked.states[where], marked.episode[where])
                for quantity, score in zip(QUANTITIES, scores, strict=True):
                    found[f"r2_{quantity}/{view}/{kind}{suffix}"] = score
    return found


def in_sight(states: Float[Tensor, "rows 4"]) -> Bool[Tensor, " rows"]:
    """Does the camera see at least half of the cart?"""
    return states[:, 0].abs() <= IN_SIGHT


def control(
    learned: Rows, marked: Rows, view: str, rule: Callable[[Tensor], Tensor], seed: int
) -> tuple[Controller, list[Row]]:
    """A controller that imitates `rule` from one view, and its learning curve."""
    held_out = (marked.views[view], rule(marked.states))
    made = imitate(learned.views[view], rule(learned.states), held_out, ImitationConfig(seed=seed))
    return made.controller, list(made.history)


@torch.no_grad()
def mark(run: Run, key: str, controller: Controller, marked: Rows, view: str, rule: Callable[[Tensor], Tensor]) -> None:
    """Add a controller's accuracy and calibration to a run."""
    probability = controller(marked.views[view]).softmax(-1)
    right = (probability.argmax(-1) == rule(marked.states).argmax(-1)).float()
    count = int(marked.episode.max()) + 1
    sums = torch.zeros(2, count).index_add_(1, marked.episode, torch.stack([right, torch.ones_like(right)]))
    run.metrics[f"accuracy_by_episode/{key}"] = bootstrap_mean(sums[0] / sums[1])
    run.numbers[f"accuracy/{key}"] = right.mean().item()
    run.numbers[f"accuracy_in_sight/{key}"] = right[in_sight(marked.states)].mean().item()
    run.numbers[f"confidence/{key}"] = probability.amax(-1).mean().item()
    bins = reliability(probability.amax(-1), right.bool())
    run.curves[f"reliability/{key}"] = [each._asdict() for each in bins]


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
