"""What a step brings: the prediction in the state arrived at, where functions may stand in for heads."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.models.protocol import Prediction, WorldModel, features_of

RewardFunction = Callable[[Tensor, Tensor], Tensor]
"""`reward(observation, action)`: points (B,) for arriving at `observation` (B, *obs) by `action` (B, A)."""
TerminationFunction = Callable[[Tensor], Tensor]
"""`terminated(observation)`: is `observation` (B, *obs) the end of its episode? (B,), boolean, as `cartpole_fallen`."""


def arrive(
    model: WorldModel,
    state: Any,
    action: Float[Tensor, "batch action"] | None,
    *,
    reward: RewardFunction | None = None,
    terminated: TerminationFunction | None = None,
) -> Prediction:
    """What the model expects in `state` (B, ...), which `action` led to; `None` leads to an episode's first state.

    The observation is the decoded one, in the environment's units; of a model that predicts none, the features (B, F)
    of its belief. The functions are asked about the same. A function wins over the head in whose place it stands;
    without either, reward or continuation is `None`. No reward is earned by starting.

    Raises:
        ValueError: a function does not answer with one number, or one boolean, a row.
    """
    prediction = model.decode(state)
    seen = features_of(state) if prediction.observation is None else prediction.observation
    prediction = prediction._replace(observation=seen)
    if reward is not None:
        earned = None if action is None else _one_a_row("reward(observation, action)", reward(seen, action), len(seen))
        prediction = prediction._replace(reward=earned)
    if terminated is not None:
        ended = _one_a_row("terminated(observation)", terminated(seen), len(seen))
        if ended.dtype != torch.bool:
            raise ValueError(
                f"terminated(observation) must return booleans, as cartpole_fallen does; got {ended.dtype}"
            )
        prediction = prediction._replace(continues=(~ended).float())
    return prediction


def _one_a_row(name: str, answer: Any, rows: int) -> Tensor:
    if not isinstance(answer, Tensor) or answer.shape != (rows,):
        got = f"one of shape {tuple(answer.shape)}" if isinstance(answer, Tensor) else repr(answer)
        raise ValueError(f"{name} must return a tensor of shape ({rows},), a number for each row; got {got}")
    return answer
