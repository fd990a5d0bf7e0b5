"""A world model dressed as a gymnasium environment: an agent cannot tell that it is dreaming."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium import spaces
from jaxtyping import Float
from torch import Tensor

from wmcourse.models.protocol import Prediction, WorldModel, map_state
from wmcourse.models.validation import check_observation


class DreamEnv(gym.Env[np.ndarray, Any]):
    """An environment whose every step is imagined (Ha & Schmidhuber 2018, section 4).

    `reset` picks one of the real `start_observations` and grounds the model's belief in it; from then on `step` never
    sees reality. The observation is the decoded belief, the reward the reward head's (0 without one).

    The dream ends by the continue head (without one, never): at temperature 0 as soon as the probability of going on
    falls below `terminate_below`; at any other temperature by a coin flip with that probability, which makes the
    *expected* length of a dream right. It is truncated after `max_episode_steps`.

    Draws repeat with `reset(seed=...)`; `temperature` may be changed between episodes. `env.belief` is the model's
    state (batch 1), `info["belief"]` the same as arrays without batch axis, and `info["continues"]` the probability of
    going on.
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
        render: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        """`render` turns an observation into an RGB picture (H, W, 3) uint8, such as `render_cartpole`.

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
        self.observation_space = spaces.Box(-np.inf, np.inf, tuple(model.observation_shape), np.float32)
        self.start_observations = start_observations
        self.temperature = temperature
        self.max_episode_steps = max_episode_steps
        self.terminate_below = terminate_below
        self.render_mode = "rgb_array" if render is not None else None
        self._draw = render
        self.belief: Any = None
        self._observation: np.ndarray | None = None
        self._steps = 0
        self._rng_state = torch.get_rng_state()
        self._seeded = False

    @torch.no_grad()
    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Ground the belief in a real start: `options["start"]` (an index), or one drawn at random."""
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            self._rng_state = _seeded_state(int(self.np_random.integers(2**31)))
            self._seeded = True
        start = (options or {}).get("start", int(self.np_random.integers(len(self.start_observations))))
        if not 0 <= start < len(self.start_observations):
            raise ValueError(f'options["start"] must be 0..{len(self.start_observations) - 1}, got {start}')
        seen = self.start_observations[start : start + 1]
        nothing = seen.new_zeros(1, self.model.action_dim)
        self.belief = self._drawn(lambda: self.model.observe(self.model.initial(1), nothing, seen, self.temperature))
        self._steps = 0
        prediction = self.model.decode(self.belief)
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
        vector = torch.as_tensor(spaces.flatten(self.action_space, action), dtype=torch.float32)[None]
        self.belief = self._drawn(lambda: self.model.imagine(self.belief, vector, self.temperature))
        self._steps += 1
        prediction = self.model.decode(self.belief)
        self._observation = _as_numpy(prediction)
        reward = 0.0 if prediction.reward is None else float(prediction.reward)
        truncated = self._steps >= self.max_episode_steps
        return self._observation, reward, self._ends(prediction), truncated, self._info(prediction)

    def render(self) -> np.ndarray | None:
        """The last observation as an RGB picture, or `None` if the env was made without `render`."""
        if self._draw is None or self._observation is None:
            return None
        return self._draw(self._observation)

    def _ends(self, prediction: Prediction) -> bool:
        if prediction.continues is None:
            return False
        goes_on = float(prediction.continues)
        return goes_on < (self.terminate_below if self.temperature == 0 else self.np_random.random())

    def _info(self, prediction: Prediction) -> dict[str, Any]:
        continues = 1.0 if prediction.continues is None else float(prediction.continues)
        belief = map_state(lambda field: field[0].cpu().numpy().copy(), self.belief)
        return {"belief": belief, "continues": continues}

    def _drawn(self, question: Callable[[], Any]) -> Any:
        """Ask the model with this env's own random stream, and leave torch's global one as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._rng_state)
            answer = question()
            self._rng_state = torch.get_rng_state()
        return answer


def action_vector_size(space: spaces.Space) -> int:
    """Length of an action as the model sees it: n for `Discrete(n)` (one-hot), the number of entries for a `Box`.

    Raises:
        ValueError: the space is of another kind.
    """
    if not isinstance(space, spaces.Discrete | spaces.Box):
        raise ValueError(f"a dream needs a Discrete or Box action space; got {space}")
    return int(spaces.flatdim(space))


def _as_numpy(prediction: Prediction) -> np.ndarray:
    return prediction.observation[0].float().cpu().numpy().copy()


def _seeded_state(seed: int) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.get_rng_state()
