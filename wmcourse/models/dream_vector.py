"""Many dreams side by side, as one tensor: where a whole population of controllers is tried at once."""

from typing import Any

import gymnasium as gym
import numpy as np
import torch
import torch.nn.functional as F
from gymnasium import spaces
from gymnasium.vector.utils import batch_space
from jaxtyping import Float
from torch import Tensor

from wmcourse.models.protocol import Prediction, WorldModel, features_of, first_look, map_state
from wmcourse.models.validation import check_observation
from wmcourse.nets.noise import Stream


class DreamVectorEnv(gym.vector.VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """`DreamEnv` for a batch, with discrete actions. What is observed are the features of each belief: no pictures.

    Every dream begins at one of the real `start_observations` and ends by a flip of a coin with the model's probability
    of going on (at temperature 0 once that is below one half), or after `max_episode_steps`. A dream that has ended
    stays as it is, earns nothing and costs nothing, until `reset` begins all of them anew.
    """

    metadata = {"render_modes": [], "autoreset_mode": gym.vector.AutoresetMode.DISABLED}

    def __init__(
        self,
        model: WorldModel,
        num_envs: int,
        *,
        start_observations: Float[Tensor, "starts *observation"],
        temperature: float = 1.0,
        max_episode_steps: int = 300,
    ) -> None:
        """Dress `model` up.

        Raises:
            ValueError: the start observations do not fit the model, or an option is out of range.
        """
        check_observation(model, start_observations, axes=("starts",))
        if len(start_observations) == 0 or num_envs < 1:
            raise ValueError(f"need at least one start and one dream; got {len(start_observations)} and {num_envs}")
        if not 0 <= temperature < float("inf") or max_episode_steps < 1:
            raise ValueError(
                f"need temperature >= 0 and max_episode_steps >= 1; got {temperature} and {max_episode_steps}"
            )
        self.model, self.num_envs, self.temperature = model, num_envs, temperature
        self.max_episode_steps = max_episode_steps
        self.start_observations = start_observations
        self.render_mode = None
        self._stream = Stream(start_observations.device)
        self._seeded = False
        self._running: np.ndarray | None = None
        size = features_of(model.initial(1)).shape[1]
        self.single_observation_space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
        self.single_action_space = spaces.Discrete(model.action_dim)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    @torch.no_grad()
    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Ground each belief in a real start, drawn at random."""
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            self._stream.seed(int(self.np_random.integers(2**31)))
            self._seeded = True
        starts = len(self.start_observations)
        with self._stream.resumed():
            beliefs = first_look(self.model, self.start_observations, self.temperature)
        chosen = torch.from_numpy(self.np_random.integers(starts, size=self.num_envs))
        self.beliefs = map_state(lambda field: field[chosen], beliefs)
        self._features = features_of(self.beliefs).cpu().numpy().copy()
        self._running, self._steps = np.arange(self.num_envs), 0
        return self._features, {}

    @torch.no_grad()
    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Imagine one step of all dreams that still run.

        Returns features (N, F), rewards, terminated and truncated (N,), and in the last place the step and the numbers
        of the dreams that still run, to which `beliefs` belong. The array of features is used again by the next step.
        Raises `ValueError` for an impossible action, `RuntimeError` before the first `reset`.
        """
        if self._running is None:
            raise RuntimeError("call reset() before step(): there is no dream yet")
        actions = np.asarray(actions)
        if actions.shape != (self.num_envs,) or not ((actions >= 0) & (actions < self.model.action_dim)).all():
            raise ValueError(f"actions must be {self.num_envs} of 0..{self.model.action_dim - 1}; got {actions!r}")
        rewards = np.zeros(self.num_envs)
        terminated, truncated = np.zeros((2, self.num_envs), dtype=bool)
        rows = self._running
        if len(rows):
            chosen = torch.from_numpy(actions[rows]).to(self.start_observations.device)
            with self._stream.resumed():
                self.beliefs = self.model.imagine(
                    self.beliefs, F.one_hot(chosen, self.model.action_dim).float(), self.temperature
                )
            told = outlook(self.model, self.beliefs)
            self._steps += 1
            self._features[rows] = features_of(self.beliefs).cpu().numpy()
            if told.reward is not None:
                rewards[rows] = told.reward.cpu().numpy()
            ends = self._ends(told, len(rows))
            terminated[rows] = ends
            goes_on = ~ends & (self._steps < self.max_episode_steps)
            truncated[rows] = ~ends & ~goes_on
            if not goes_on.all():
                stays = torch.from_numpy(np.flatnonzero(goes_on))
                self.beliefs = map_state(lambda field: field[stays], self.beliefs)
            self._running = rows[goes_on]
        return self._features, rewards, terminated, truncated, {"running": self._running, "step": self._steps}

    def _ends(self, told: Prediction, count: int) -> np.ndarray:
        if told.continues is None:
            return np.zeros(count, dtype=bool)
        goes_on: np.ndarray = told.continues.cpu().numpy()
        threshold = 0.5 if self.temperature == 0 else self.np_random.random(count)
        return goes_on < threshold


def outlook(model: WorldModel, state: Any) -> Prediction:
    """What the model expects in `state`, without the picture if the model can leave it out (its `outlook`)."""
    return getattr(model, "outlook", model.decode)(state)
