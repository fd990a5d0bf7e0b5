"""CartPole-v1 from the outside: its physics in closed form, and a picture of any of its states."""

import os
from collections.abc import Sequence
from functools import cache
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

GRAVITY = 9.8  # m/s^2
CART_MASS, POLE_MASS = 1.0, 0.1  # kg
HALF_POLE = 0.5  # m
FORCE = 10.0  # N
TIME_STEP = 0.02  # s
MAX_POSITION = 2.4  # m
MAX_ANGLE = 12 * 2 * torch.pi / 360  # rad


def cartpole_dynamics(state: Float[Tensor, "*batch 4"], action: Float[Tensor, "*batch 2"]) -> Float[Tensor, "*batch 4"]:
    """One Euler step of 0.02 s: the true model of CartPole-v1 (Barto, Sutton & Anderson 1983; Florian 2007).

    `state` = [x (m), x_dot (m/s), theta (rad), theta_dot (rad/s)]; `action` is one-hot, [push left, push right]. The
    physics has no walls and no floor: it goes on after the pole has fallen. Differentiable in both arguments.
    """
    x, x_dot, theta, theta_dot = state.unbind(-1)
    force = FORCE * (action[..., 1] - action[..., 0])
    mass, cos, sin = CART_MASS + POLE_MASS, theta.cos(), theta.sin()
    push = (force + POLE_MASS * HALF_POLE * theta_dot.square() * sin) / mass
    theta_acc = (GRAVITY * sin - cos * push) / (HALF_POLE * (4.0 / 3.0 - POLE_MASS * cos.square() / mass))
    x_acc = push - POLE_MASS * HALF_POLE * theta_acc * cos / mass
    return state + TIME_STEP * torch.stack([x_dot, x_acc, theta_dot, theta_acc], dim=-1)


def cartpole_fallen(state: Float[Tensor, "*batch 4"]) -> Bool[Tensor, "*batch"]:
    """Is the state terminal: the cart beyond 2.4 m from the middle, or the pole beyond 12 degrees from upright?"""
    return (state[..., 0].abs() > MAX_POSITION) | (state[..., 2].abs() > MAX_ANGLE)


def render_cartpole(
    state: Float[Tensor, " 4"] | np.ndarray | Sequence[float],
    *,
    crop: tuple[int, int, int, int] | None = None,
    size: tuple[int, int] | None = None,
) -> UInt8[np.ndarray, "height width 3"]:
    """Picture (400, 600, 3) of any CartPole state, real or imagined, by gymnasium's own renderer; no screen needed.

    `crop` = (top, bottom, left, right) in pixels cuts it, then `size` = (height, width) resizes it by averaging.

    Raises:
        ValueError: the state is not 4 finite numbers, or crop or size is impossible.
    """
    vector = np.asarray(state.detach().cpu() if isinstance(state, Tensor) else state, dtype=np.float64)
    if vector.shape != (4,) or not np.isfinite(vector).all():
        raise ValueError(f"a CartPole state is 4 finite numbers [x, x_dot, theta, theta_dot]; got {vector!r}")
    renderer = shared_renderer()
    # The renderer draws with 16-bit pixel coordinates; a cart far outside the picture stays outside it.
    renderer.state = np.array([np.clip(vector[0], -10, 10), vector[1], vector[2], vector[3]])
    frame = renderer.render()
    if crop is not None:
        top, bottom, left, right = crop
        if not (0 <= top < bottom <= frame.shape[0] and 0 <= left < right <= frame.shape[1]):
            raise ValueError(f"crop must be (top, bottom, left, right) within a {frame.shape[:2]} picture; got {crop}")
        frame = frame[top:bottom, left:right]
    return frame if size is None else _resize(frame, size)


@cache
def shared_renderer() -> Any:
    """Gymnasium's CartPole, to draw pictures with: set its `state`, then call `render()`; no screen needed."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    env = gym.make("CartPole-v1", render_mode="rgb_array").unwrapped
    env.reset(seed=0)
    return env


def _resize(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if min(size) < 1:
        raise ValueError(f"size must be (height, width), both at least 1; got {size}")
    image = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1)[None].float()
    small = torch.nn.functional.interpolate(image, size, mode="area")
    return small[0].round().to(torch.uint8).permute(1, 2, 0).numpy()
