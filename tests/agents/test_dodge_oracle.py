"""The oracle of Dodge against trying out everything."""

from itertools import product

import numpy as np

from wmcourse.agents import dodge_oracle
from wmcourse.agents.dodge_oracle import oracle
from wmcourse.envs.dodge import AGENT_RADIUS, AGENT_ROW, BALL_RADIUS, RING, SLOTS, STAY, STRIDE, Scene

STEPS = 6
SEQUENCES = np.array(list(product(range(3), repeat=STEPS)))


def dense(count):
    """A rain that is about to hit: few live for long, whatever they do."""
    random = np.random.default_rng(0)
    balls = [random.uniform(low, high, (count, SLOTS)) for low, high in ((-RING / 2, RING / 2), (20, 56), (2, 5))]
    balls[1][:, 7:] = np.nan
    return Scene(*balls)


def survived(balls, actions):
    """Steps that this sequence of actions survives, ball by ball, on a ring."""
    agent = 0.0
    for step, action in enumerate(actions, start=1):
        agent += STRIDE * (action - 1)
        for x, y, speed in balls:
            aside = min(abs(x - agent + turn * RING) for turn in (-1, 0, 1))
            if aside**2 + (y + step * speed - AGENT_ROW) ** 2 < (AGENT_RADIUS + BALL_RADIUS) ** 2:
                return step - 1
    return STEPS


def test_no_sequence_of_actions_survives_longer(monkeypatch):
    """Among the best sequences is one that begins with the oracle's action; not every action would do."""
    monkeypatch.setattr(dodge_oracle, "AHEAD", STEPS)
    scene, matters = dense(100), 0
    for game, action in enumerate(oracle(scene)):
        balls = [ball for ball in zip(*(part[game] for part in scene), strict=True) if not np.isnan(ball).any()]
        steps = np.array([survived(balls, actions) for actions in SEQUENCES])
        best = [steps[SEQUENCES[:, 0] == first].max() for first in range(3)]
        assert best[action] == max(best)
        matters += min(best) < max(best)
    assert matters > 20


def test_without_danger_it_stays():
    nothing = np.full((3, SLOTS), np.nan)
    assert oracle(Scene(nothing, nothing, nothing)).tolist() == [STAY] * 3
