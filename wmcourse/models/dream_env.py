"""A world model dressed as a gymnasium environment: an agent cannot tell that it is dreaming."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium import spaces
from jaxtyping import Float
from torch import Tensor

from wmcourse.models.arrival import RewardFunction, TerminationFunction, arrive
from wmcourse.models.protocol import Prediction, WorldModel, first_look, map_state
from wmcourse.models.validation import check_observation
from wmcourse.nets.noise import Stream


class DreamEnv(gym.Env[np.ndarray, Any]):
    """An environment whose every step is imagined (Ha & Schmidhuber 2018, section 4).

    `reset` picks one of the real `start_observations` and grounds the model's belief in it; from then on `step` never
    sees reality. The observation is the decoded belief; of a model that predicts no observation, the features of its
    belief, one vector (wrap it in `Probed` for observations). The reward is that of the function `reward`, else of the
    reward head, else 0.

    The dream ends where the function `terminated` says so. Without it, it ends by the continue head (without one,
    never): at temperature 0 as soon as the probability of going on falls below `terminate_below`; at any other
    temperature by a coin flip with that probability, which makes the *expected* length of a dream right. It is
    truncated after `max_episode_steps`.

    The start observations are to be on the model's device. Draws repeat with `reset(seed=...)`; `temperature` may be
    changed between episodes. `env.belief` is the model's state (batch 1), `info["belief"]` the same as arrays without
    batch axis, and `info["continues"]` the probability of going on.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}

    def __init__(
        self,
        model: WorldModel,
        *,
        action_space: spaces.Space,
        start_observations: Float[Tensor, "starts *observation"],
        temperature: float = 1.0,
        max_episode_steps: int = 500,
        terminate_below: float = 0.5,
        reward: RewardFunction | None = None,
        terminated: TerminationFunction | None = None,
        render: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        """Dress `model` up.

        `reward(observation, action)` and `terminated(observation)` stand in for heads, or overrule them; see `arrive`
        for their shapes and units. `render` turns an observation into an RGB picture (H, W, 3) uint8, such as
        `render_cartpole`.

        Raises:
            ValueError: the start observations or the action space do not fit the model, or an option is out of range.
        """
        check_observation(model, start_observations, axes=("starts",))
        if len(start_observations) == 0:
            raise ValueError("start_observations is empty; a dream starts from at least one real observation")
        actions = action_vector_size(action_space)
        if actions != model.action_dim:
            raise ValueError(f"{action_space} makes vectors of {actions} numbers; the model takes {model.action_dim}")
        if not 0 <= temperature < float("inf") or max_episode_steps < 1 or not 0 <= terminate_below <= 1:
            raise ValueError(
                "need temperature >= 0, max_episode_steps >= 1 and terminate_below in 0..1; "
                f"got {temperature}, {max_episode_steps} and {terminate_below}"
            )
        self.model = model
        self.action_space = action_space
        self.reward, self.terminated = reward, terminated
        self.start_observations = start_observations
        self.temperature = temperature
        self.max_episode_steps = max_episode_steps
        self.terminate_below = terminate_below
        self.render_mode = "rgb_array" if render is not None else None
        self._draw = render
        self.belief: Any = None
        self._observation: np.ndarray | None = None
        self._steps = 0
        self._stream = Stream(start_observations.device)
        self._seeded = False
        self.observation_space = spaces.Box(-np.inf, np.inf, self._observed_shape(), np.float32)

    @torch.no_grad()
    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Ground the belief in a real start: `options["start"]` (an index), or one drawn at random."""
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            self._stream.seed(int(self.np_random.integers(2**31)))
            self._seeded = True
        start = (options or {}).get("start", int(self.np_random.integers(len(self.start_observations))))
        if not 0 <= start < len(self.start_observations):
            raise ValueError(f'options["start"] must be 0..{len(self.start_observations) - 1}, got {start}')
        seen = self.start_observations[start : start + 1]
        with self._stream.resumed():
            self.belief = first_look(self.model, seen, self.temperature)
        self._steps = 0
        prediction = self._arrive(None)
        self._observation = _as_numpy(prediction)
        return self._observation, self._info(prediction)

    @torch.no_grad()
    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Imagine one step. Raises `ValueError` for an impossible action, `RuntimeError` before the first `reset`."""
        if self.belief is None:
            raise RuntimeError("call reset() before step(): there is no dream yet")
        if isinstance(self.action_space, spaces.Box):
            action = np.asarray(action, dtype=self.action_space.dtype)
        if not self.action_space.contains(action):
            raise ValueError(f"{action!r} is not an action; this dream takes {self.action_space}")
        flat = spaces.flatten(self.action_space, action)
        vector = torch.as_tensor(flat, dtype=torch.float32, device=self.start_observations.device)[None]
        with self._stream.resumed():
            self.belief = self.model.imagine(self.belief, vector, self.temperature)
        self._steps += 1
        prediction = self._arrive(vector)
        self._observation = _as_numpy(prediction)
        reward = 0.0 if prediction.reward is None else float(prediction.reward)
        truncated = self._steps >= self.max_episode_steps
        return self._observation, reward, self._ends(prediction), truncated, self._info(prediction)

    def render(self) -> np.ndarray | None:
        """The last observation as an RGB picture, or `None` if the env was made without `render`."""
        if self._draw is None or self._observation is None:
            return None
        return self._draw(self._observation)

    def _arrive(self, action: Tensor | None) -> Prediction:
        return arrive(self.model, self.belief, action, reward=self.reward, terminated=self.terminated)

    def _ends(self, prediction: Prediction) -> bool:
        if prediction.continues is None:
            return False
        goes_on = float(prediction.continues)
        if self.terminated is not None:
            return goes_on == 0.0
        return goes_on < (self.terminate_below if self.temperature == 0 else self.np_random.random())

    def _info(self, prediction: Prediction) -> dict[str, Any]:
        continues = 1.0 if prediction.continues is None else float(prediction.continues)
        belief = map_state(lambda field: field[0].cpu().numpy().copy(), self.belief)
        return {"belief": belief, "continues": continues}

    @torch.no_grad()
    def _observed_shape(self) -> tuple[int, ...]:
        with self._stream.resumed():
            seen = arrive(self.model, self.model.initial(1), None).require_observation()
        return tuple(seen.shape[1:])


def action_vector_size(space: spaces.Space) -> int:
    """Length of an action as the model sees it: n for `Discrete(n)` (one-hot), the number of entries for a `Box`.

    Raises:
        ValueError: the space is of another kind.
    """
    if not isinstance(space, spaces.Discrete | spaces.Box):
        raise ValueError(f"a dream needs a Discrete or Box action space; got {space}")
    return int(spaces.flatdim(space))


def _as_numpy(prediction: Prediction) -> np.ndarray:
    return prediction.require_observation()[0].float().cpu().numpy().copy()
