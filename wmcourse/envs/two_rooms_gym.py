"""Two rooms as gymnasium knows them: one dot, or a batch of dots that move together."""

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector.utils import batch_space
from torch import Generator, Tensor

from wmcourse.envs.two_rooms import (
    BACKGROUNDS,
    ENV_ID,
    LIMIT,
    MAX_STEP,
    SIDE,
    Background,
    draw_noise,
    draw_rooms,
    draw_tasks,
    is_free,
    move,
    reached,
)

_PICTURE = gym.spaces.Box(0, 255, (SIDE, SIDE, 3), np.uint8)
_STEP = gym.spaces.Box(-MAX_STEP, MAX_STEP, (2,), np.float32)


class TwoRoomsVector(gym.vector.VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """A batch of dots. One that has arrived, or run out of time, begins anew with the next step, which earns nothing.

    Observations: pictures (B, 64, 64, 3). Actions: displacements (B, 2) in pixels, at most 4 along each axis. Reward: 1
    for arriving, which ends the episode, else 0. `info["goal"]` holds the pictures of the goals, taken in the same
    rooms: with the episode's noise if that stays, else with noise of their own. What is hidden: `info["position"]` and
    `info["goal_position"]`, (B, 2) in pixels.
    """

    metadata = {"render_modes": [], "autoreset_mode": gym.vector.AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        num_envs: int = 1,
        max_episode_steps: int = LIMIT,
        background: Background = "plain",
        render_mode: str | None = None,
    ) -> None:
        """Raises `ValueError` for a batch without dots or steps, an unknown background, or a render mode."""
        if num_envs < 1 or max_episode_steps < 1 or render_mode is not None or background not in BACKGROUNDS:
            raise ValueError(
                f"need num_envs >= 1, max_episode_steps >= 1, a background among {', '.join(BACKGROUNDS)} and no "
                f"render_mode; got {num_envs}, {max_episode_steps}, {background!r} and {render_mode!r}"
            )
        self.num_envs, self.limit, self.render_mode = num_envs, max_episode_steps, None
        self.background = background
        self.single_observation_space, self.single_action_space = _PICTURE, _STEP
        self.observation_space = batch_space(_PICTURE, num_envs)
        self.action_space = batch_space(_STEP, num_envs)
        self.position: Tensor | None = None
        self._over = torch.zeros(num_envs, dtype=torch.bool)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """New tasks, start and goal in different rooms; or those of `options`, "start" and "goal", (B, 2) each.

        Raises:
            ValueError: a start or a goal is of another shape, or inside a wall.
        """
        super().reset(seed=seed)
        self._dice = Generator().manual_seed(int(self.np_random.integers(2**62)))
        self.position, self.goal = draw_tasks(self.num_envs, self._dice)
        for name, place in (options or {}).items():
            if name in ("start", "goal"):
                self._put(name, torch.as_tensor(place, dtype=torch.float32))
        self.steps = torch.zeros(self.num_envs, dtype=torch.int64)
        self._over = torch.zeros(self.num_envs, dtype=torch.bool)
        self._noise = draw_noise(self.num_envs, self._dice)
        self._goal_noise = self._noise if self.background == "still" else draw_noise(self.num_envs, self._dice)
        return self._see(), self._info()

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move all dots at once. Raises `RuntimeError` before the first `reset`, `ValueError` for other actions."""
        if self.position is None:
            raise RuntimeError("call reset() before step()")
        actions = np.asarray(actions)
        if actions.shape != (self.num_envs, 2) or not np.isfinite(actions).all():
            raise ValueError(f"actions must be finite numbers ({self.num_envs}, 2), not {actions!r}")
        began = self._over
        moved = move(self.position, torch.from_numpy(actions.astype(np.float32)))
        fresh = draw_tasks(self.num_envs, self._dice)
        self.position = torch.where(began[:, None], fresh.start, moved)
        self.goal = torch.where(began[:, None], fresh.goal, self.goal)
        self.steps = torch.where(began, 0, self.steps + 1)
        noise = draw_noise(self.num_envs, self._dice)
        self._noise = noise if self.background == "moving" else torch.where(_each(began), noise, self._noise)
        of_goals = self._noise if self.background == "still" else draw_noise(self.num_envs, self._dice)
        self._goal_noise = torch.where(_each(began), of_goals, self._goal_noise)
        arrived = reached(self.position, self.goal) & ~began
        late = (self.steps >= self.limit) & ~arrived & ~began
        self._over = arrived | late
        return self._see(), arrived.double().numpy(), arrived.numpy(), late.numpy(), self._info()

    def _put(self, name: str, place: Tensor) -> None:
        assert self.position is not None
        if place.shape != self.position.shape or not is_free(place).all():
            raise ValueError(
                f"{name} must be places on the floor, ({self.num_envs}, 2) in pixels; got {place.tolist()}"
            )
        if name == "start":
            self.position = place.clone()
        else:
            self.goal = place.clone()

    def _see(self) -> np.ndarray:
        assert self.position is not None
        return self._photograph(self.position, self._noise)

    def _photograph(self, position: Tensor, noise: Tensor) -> np.ndarray:
        pictures = draw_rooms(position, None if self.background == "plain" else noise)
        return (255 * pictures).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()

    def _info(self) -> dict[str, Any]:
        assert self.position is not None
        return {
            "goal": self._photograph(self.goal, self._goal_noise),
            "position": self.position.numpy().copy(),
            "goal_position": self.goal.numpy().copy(),
        }


class TwoRooms(gym.Env[np.ndarray, np.ndarray]):
    """One dot: `TwoRoomsVector` with a batch of one, without its axis. Gymnasium's time limit cuts episodes off."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, background: Background = "plain", render_mode: str | None = None) -> None:
        """Raises `ValueError` for an unknown background, or a render mode other than `rgb_array`."""
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode must be None or rgb_array, not {render_mode!r}")
        self.render_mode = render_mode
        self.observation_space, self.action_space = _PICTURE, _STEP
        self._rooms = TwoRoomsVector(1, max_episode_steps=2**31, background=background)
        self._seen: np.ndarray | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """A new task; or that of `options`, "start" and "goal", (2,) each. Raises as `TwoRoomsVector.reset` does."""
        super().reset(seed=seed)
        places = {name: torch.as_tensor(place, dtype=torch.float32)[None] for name, place in (options or {}).items()}
        seen, info = self._rooms.reset(seed=int(self.np_random.integers(2**31)), options=places)
        self._seen = seen[0]
        return seen[0], {name: each[0] for name, each in info.items()}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Move. Raises as `TwoRoomsVector.step` does."""
        seen, reward, arrived, _, info = self._rooms.step(np.asarray(action)[None])
        self._seen = seen[0]
        return seen[0], float(reward[0]), bool(arrived[0]), False, {name: each[0] for name, each in info.items()}

    def render(self) -> np.ndarray | None:
        """The picture again, for `rgb_array`."""
        return self._seen if self.render_mode == "rgb_array" else None


def _each(rows: Tensor) -> Tensor:
    return rows.view(-1, 1, 1, 1)


gym.register(
    ENV_ID,
    entry_point="wmcourse.envs.two_rooms_gym:TwoRooms",
    vector_entry_point="wmcourse.envs.two_rooms_gym:TwoRoomsVector",
    max_episode_steps=LIMIT,
)
