"""CartPole as a camera sees it: gymnasium's own picture, cropped to what matters, gray, and small."""

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.wrappers import FrameStackObservation
from jaxtyping import Float, UInt8
from torch import Tensor

from wmcourse.envs.cartpole import shared_renderer

ENV_ID = "PixelCartPole-v0"
"""For `gymnasium.make` and `collect`, once this module is imported."""
STACKED_ENV_ID = "StackedPixelCartPole-v0"
"""The same world, seen through the last two frames, the newer one last."""
SIDE = 64
"""Pixels along each side of a picture."""
TRACK = (160, 320, 150, 450)
"""Rows and columns (top, bottom, left, right) of the 400 x 600 picture that hold the pole and 2.4 m of the track."""


@dataclass(frozen=True)
class Camera:
    """What is kept of the renderer's 400 x 600 picture. Shrinking averages over areas."""

    crop: tuple[int, int, int, int] | None = TRACK
    """(top, bottom, left, right) in pixels; None keeps all of it."""
    gray: bool = True
    """The mean of red, green and blue."""

    @property
    def channels(self) -> int:
        """1 if gray, else 3."""
        return 1 if self.gray else 3

    def __call__(self, states: Float[Tensor, "*batch 4"] | np.ndarray) -> UInt8[Tensor, "*batch channel 64 64"]:
        """Pictures of CartPole states; white is 253 to 255, for the renderer's library rounds down when it shrinks."""
        vectors = np.asarray(states, dtype=np.float64)
        shots = np.stack([self.shot(vector) for vector in vectors.reshape(-1, 4)])
        return torch.from_numpy(shots).view(*vectors.shape[:-1], self.channels, SIDE, SIDE)

    def shot(self, state: np.ndarray) -> UInt8[np.ndarray, "channel 64 64"]:
        """Picture of one state."""
        import pygame

        surface = _draw(state)
        if self.crop is not None:
            top, bottom, left, right = self.crop
            surface = surface.subsurface((left, top, right - left, bottom - top))
        small = pygame.surfarray.array3d(pygame.transform.smoothscale(surface, (SIDE, SIDE))).transpose(2, 1, 0)
        if self.gray:
            small = small.sum(0, dtype=np.uint16, keepdims=True) // 3
        return np.ascontiguousarray(small, dtype=np.uint8)


RAW = Camera(crop=None, gray=False)
"""The whole picture in color, only shrunk: 3 x 64 x 64 = 12,288 numbers."""


def _draw(state: np.ndarray) -> Any:
    """The renderer's surface. Copying all of its pixels, as `render()` does at the end, takes longer than drawing."""
    renderer = shared_renderer()
    renderer.state = (float(np.clip(state[0], -10, 10)), *map(float, state[1:]))  # 16-bit pixel coordinates
    renderer.render_mode = "surface"
    try:
        renderer.render()
    finally:
        renderer.render_mode = "rgb_array"
    return renderer.screen


class PixelCartPole(gym.Env[np.ndarray, Any]):
    """CartPole-v1 through a camera. Observation: (channels, 64, 64) in [0, 1]; `info["state"]` is what is hidden."""

    metadata = {"render_modes": []}

    def __init__(self, camera: Camera | None = None) -> None:
        self.camera = Camera() if camera is None else camera
        self.world = gym.make("CartPole-v1").unwrapped
        self.observation_space = gym.spaces.Box(0.0, 1.0, (self.camera.channels, SIDE, SIDE), np.float32)
        self.action_space = self.world.action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start as CartPole-v1 does."""
        super().reset(seed=seed)
        state, _ = self.world.reset(seed=seed, options=options)
        return self._see(state), {"state": state}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Push left (0) or right (1)."""
        state, reward, terminated, truncated, _ = self.world.step(int(action))
        return self._see(state), float(reward), terminated, truncated, {"state": state}

    def _see(self, state: np.ndarray) -> np.ndarray:
        return self.camera.shot(state).astype(np.float32) / 255.0


def stacked() -> gym.Env[np.ndarray, Any]:
    """`PixelCartPole` with the last two frames as its observation, (2, 64, 64); at the start the same one twice."""
    frames = FrameStackObservation(PixelCartPole(), 2, padding_type="reset")
    space = gym.spaces.Box(0.0, 1.0, (2, SIDE, SIDE), np.float32)
    return gym.wrappers.TransformObservation(frames, lambda stack: stack[:, 0], space)


gym.register(ENV_ID, entry_point="wmcourse.envs.cartpole_pixels:PixelCartPole", max_episode_steps=500)
gym.register(STACKED_ENV_ID, entry_point="wmcourse.envs.cartpole_pixels:stacked", max_episode_steps=500)
