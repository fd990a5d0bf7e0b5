"""Dodge as gymnasium knows it: one game, or a batch of them that step together."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils import batch_space

from wmcourse.envs.dodge import ENV_ID, LIMIT, SIDE, DodgeGames

_PICTURE = gym.spaces.Box(0, 255, (SIDE, SIDE, 3), np.uint8)
_WINDOW = 8  # screen pixels for each of a picture's


class Dodge(gym.Env[np.ndarray, Any]):
    """Observation: a picture (64, 64, 3). Actions: left, stay, right. Reward: 1 for each step survived.

    A ball that hits ends the episode, and that step earns nothing. What is hidden: `info["balls"]`, (balls,
    3): x, y and speed of each; see `Scene`.
    """

    metadata = {"render_modes": ["rgb_array", "human"], "render_fps": 20}

    def __init__(self, render_mode: str | None = None) -> None:
        """Raises `ValueError` for a render mode other than `rgb_array` and `human`."""
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode must be None, rgb_array or human, not {render_mode!r}")
        self.render_mode = render_mode
        self.observation_space, self.action_space = _PICTURE, gym.spaces.Discrete(3)
        self._games: DodgeGames | None = None
        self._screen: Any = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Nothing in the air."""
        super().reset(seed=seed)
        self._games = DodgeGames(1, self.np_random)
        return self._see(), self._info()

    def step(self, action: int | np.integer) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Move. Raises `RuntimeError` before the first `reset`, `ValueError` for an impossible action."""
        if self._games is None:
            raise RuntimeError("call reset() before step()")
        if not self.action_space.contains(action):
            raise ValueError(f"action must be 0 (left), 1 (stay) or 2 (right), not {action!r}")
        hit = bool(self._games.step(np.array([action]))[0])
        return self._see(), float(not hit), hit, False, self._info()

    def render(self) -> np.ndarray | None:
        """The picture again, for `rgb_array`; for `human` a window shows it after each step anyway."""
        if self.render_mode == "rgb_array" and self._games is not None:
            return self._games.pictures()[0]
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._screen is not None:
            import pygame

            pygame.display.quit()
            self._screen = None

    def _see(self) -> np.ndarray:
        assert self._games is not None
        picture = self._games.pictures()[0]
        if self.render_mode == "human":
            self._show(picture)
        return picture

    def _show(self, picture: np.ndarray) -> None:
        import pygame

        if self._screen is None:
            pygame.display.init()
            self._screen = pygame.display.set_mode((_WINDOW * SIDE, _WINDOW * SIDE))
        surface = pygame.surfarray.make_surface(picture.transpose(1, 0, 2))
        self._screen.blit(pygame.transform.scale(surface, self._screen.get_size()), (0, 0))
        pygame.event.pump()
        pygame.display.flip()
        pygame.time.wait(1000 // self.metadata["render_fps"])

    def _info(self) -> dict[str, Any]:
        assert self._games is not None
        flying = np.stack([part[0] for part in self._games.scene], axis=-1)
        return {"balls": flying[~np.isnan(flying[:, 0])]}


class DodgeVector(gym.vector.VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """A batch of games. One that has ended begins anew with the next step, which earns nothing."""

    metadata = {"render_modes": [], "autoreset_mode": gym.vector.AutoresetMode.NEXT_STEP}

    def __init__(self, num_envs: int = 1, max_episode_steps: int = LIMIT, render_mode: str | None = None) -> None:
        """Raises `ValueError` for a batch without games or without steps, or a render mode: there is no window."""
        if num_envs < 1 or max_episode_steps < 1 or render_mode is not None:
            raise ValueError(
                f"need num_envs >= 1, max_episode_steps >= 1 and no render_mode; "
                f"got {num_envs}, {max_episode_steps} and {render_mode!r}"
            )
        self.num_envs, self.limit, self.render_mode = num_envs, max_episode_steps, None
        self.single_observation_space, self.single_action_space = _PICTURE, gym.spaces.Discrete(3)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.games: DodgeGames | None = None
        self._over = np.zeros(num_envs, dtype=bool)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """All games at their start."""
        super().reset(seed=seed)
        self.games = DodgeGames(self.num_envs, self.np_random)
        self._over[:] = False
        return self.games.pictures(), {}

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Move in all games at once. Raises as `Dodge.step` does."""
        if self.games is None:
            raise RuntimeError("call reset() before step()")
        actions = np.asarray(actions)
        if not self.action_space.contains(actions):
            raise ValueError(f"actions must be {self.num_envs} of 0 (left), 1 (stay) and 2 (right), not {actions!r}")
        began = self._over
        terminated = self.games.step(actions) & ~began
        self.games.restart(began)
        truncated = ~began & ~terminated & (self.games.steps >= self.limit)
        self._over = terminated | truncated
        return self.games.pictures(), (~began & ~terminated).astype(float), terminated, truncated, {}


gym.register(
    ENV_ID,
    entry_point="wmcourse.envs.dodge_gym:Dodge",
    vector_entry_point="wmcourse.envs.dodge_gym:DodgeVector",
    max_episode_steps=LIMIT,
)
