"""Two rooms and a JEPA of them, at the sizes of the recipe `rooms-jepa`: the world, an update, a decision."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from wmcourse.data.walks import Walks, film, take_walks
from wmcourse.envs.two_rooms import draw_rooms, draw_tasks
from wmcourse.envs.two_rooms_gym import TwoRoomsVector
from wmcourse.evaluation.two_rooms import AT_ONCE, PLANNERS
from wmcourse.models.embedding_objective import EmbeddingObjective
from wmcourse.models.jepa import JEPA
from wmcourse.models.protocol import first_look
from wmcourse.models.towards_goal import TowardsGoal
from wmcourse.nets.optimize import clipped_step
from wmcourse.planning import Imagination, Plan, RecedingHorizon
from wmcourse.recipes.jepa import JEPATraining

DOTS, STEPS = 256, 20
CONFIG = JEPATraining()


@pytest.mark.parametrize("background", ["plain", "moving"])
def test_two_rooms(ratio, background):
    """Steps of a batch of dots, each with two pictures: what is seen, and the goal."""
    env = TwoRoomsVector(DOTS, background=background)
    actions = np.random.default_rng(0).uniform(-4, 4, (STEPS, DOTS, 2))
    pictures = np.stack([env.reset(seed=0)[0]] * 2)

    def play() -> None:
        for action in actions:
            env.step(action)

    ratio.to("copying as many pictures", lambda: [pictures.copy() for _ in range(STEPS)], play)
    if ratio.benchmark.stats is not None:  # --benchmark-disable
        ratio.benchmark.extra_info["reference"] += (
            f"; {DOTS * STEPS / ratio.benchmark.stats.stats.min:,.0f} steps a second"
        )


def walked(dice: Generator) -> tuple[Walks, Tensor]:
    """What an update learns from."""
    walks = take_walks(CONFIG.batch_size, CONFIG.steps, dice)
    return walks, film(walks.positions, CONFIG.background, dice)


def learner() -> Callable[[], None]:
    """One pass of the recipe's loop: walks, their film, terms, gradient, step."""
    dice, objective = Generator().manual_seed(0), EmbeddingObjective(CONFIG.objective)
    adam = torch.optim.Adam(objective.parameters(), lr=CONFIG.lr)

    def update() -> None:
        objective.follow()
        walks, pictures = walked(dice)
        clipped_step(adam, objective.loss(objective.terms(pictures, walks.actions)), objective, clip=CONFIG.clip)

    return update


def test_jepa_update(ratio):
    ratio.to_matrix_products(learner())


def test_jepa_walks(ratio):
    """What of it goes by before anything is learned."""
    dice = Generator().manual_seed(0)
    ratio.to("one update, of which it is a part", learner(), lambda: walked(dice))


def deciding(model: JEPA, name: str, batch: int) -> Callable[[], Plan]:
    """Look, and plan for the next steps: what `travel` does every fourth step."""
    tasks = draw_tasks(batch, Generator().manual_seed(0))
    imagination = Imagination(TowardsGoal(model, draw_rooms(tasks.goal)))
    policy, seen = RecedingHorizon(imagination, PLANNERS[name]), draw_rooms(tasks.start)

    def decide() -> Plan:
        with torch.no_grad():
            return policy.search(first_look(imagination.model, seen, 0.0))

    return decide


def predicting(model: JEPA, plan: Plan) -> Callable[[], None]:
    """The predictor's rollouts along the same candidates, and nothing else."""
    rounds = [each.candidates for each in plan.search] + [plan.actions[:, None]]
    steps = [plans.flatten(0, 1).transpose(0, 1).contiguous() for plans in rounds]

    def predict() -> None:
        for actions in steps:
            embedding = torch.zeros(actions.shape[1], model.config.embedding_dim)
            for action in actions:
                embedding = model.predict(embedding, action)

    return torch.no_grad()(predict)


@pytest.mark.parametrize("batch", [1, AT_ONCE])
@pytest.mark.parametrize("name", PLANNERS)
def test_decision(ratio, name, batch):
    torch.manual_seed(0)
    model = JEPA(CONFIG.objective.model).eval()
    decide = deciding(model, name, batch)
    ratio.to("the predictor's rollouts alone", predicting(model, decide()), decide)
