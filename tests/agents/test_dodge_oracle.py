"""The oracle of Dodge against trying out everything."""

from itertools import product

import numpy as np

from wmcourse.agents import dodge_oracle
from wmcourse.agents.dodge_oracle import oracle
from wmcourse.envs.dodge import (
    AGENT_RADIUS,
    AGENT_ROW,
    BALL_RADIUS,
    FIRST_PLACE,
    LEFT,
    PLACES,
    RIGHT,
    SLOTS,
    STAY,
    STRIDE,
    Scene,
)

STEPS = 6
SEQUENCES = np.array(list(product(range(3), repeat=STEPS)))


def dense(count):
    """A rain that is about to hit, on agents anywhere: few of them live for long."""
    random = np.random.default_rng(0)
    balls = [random.uniform(low, high, (count, SLOTS)) for low, high in ((0, 64), (20, 56), (2, 5))]
    balls[1][:, 7:] = np.nan
    return Scene(FIRST_PLACE + STRIDE * random.integers(PLACES, size=count), *balls)


def survived(agent, balls, actions):
    """Steps that this sequence of actions survives, ball by ball."""
    for step, action in enumerate(actions, start=1):
        agent = min(max(agent + STRIDE * (action - 1), FIRST_PLACE), FIRST_PLACE + STRIDE * (PLACES - 1))
        for x, y, speed in balls:
            if (x - agent) ** 2 + (y + step * speed - AGENT_ROW) ** 2 < (AGENT_RADIUS + BALL_RADIUS) ** 2:
                return step - 1
    return STEPS


def test_no_sequence_of_actions_survives_longer(monkeypatch):
    """Among the best sequences is one that begins with the oracle's action; not every action would do."""
    monkeypatch.setattr(dodge_oracle, "AHEAD", STEPS)
    scene, matters = dense(100), 0
    for game, action in enumerate(oracle(scene)):
        balls = [ball for ball in zip(*(part[game] for part in scene[1:]), strict=True) if not np.isnan(ball).any()]
        steps = np.array([survived(scene.agent[game], balls, actions) for actions in SEQUENCES])
        best = [steps[SEQUENCES[:, 0] == first].max() for first in range(3)]
        assert best[action] == max(best)
        matters += min(best) < max(best)
    assert matters > 20


def test_without_danger_it_goes_home_and_stays_there():
    nothing = np.full((3, SLOTS), np.nan)
    agent = FIRST_PLACE + STRIDE * np.array([0.0, PLACES // 2, PLACES - 1])
    assert oracle(Scene(agent, nothing, nothing, nothing)).tolist() == [RIGHT, STAY, LEFT]
