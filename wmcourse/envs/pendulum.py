"""Pendulum-v1 from the outside: its physics and its reward in closed form."""

import torch
from jaxtyping import Float
from torch import Tensor

ENV_ID = "Pendulum-v1"
STEPS = 200
"""Steps of every episode: nothing ends it."""
GRAVITY = 10.0  # m/s^2
MASS, LENGTH = 1.0, 1.0  # kg, m
TIME_STEP = 0.05  # s
MAX_SPEED = 8.0  # rad/s
MAX_TORQUE = 2.0  # N m


def pendulum_dynamics(
    observation: Float[Tensor, "*batch 3"], torque: Float[Tensor, "*batch 1"]
) -> Float[Tensor, "*batch 3"]:
    """One step of 0.05 s: the true model of Pendulum-v1, observation to observation.

    `observation` = [cos, sin of the angle from upright, angular velocity (rad/s, at most 8)]; `torque` in N m, clipped
    to ±2. Differentiable in both arguments.
    """
    cos, sin, speed = observation.unbind(-1)
    push = torque[..., 0].clamp(-MAX_TORQUE, MAX_TORQUE)
    acceleration = 1.5 * GRAVITY / LENGTH * sin + 3.0 / (MASS * LENGTH**2) * push
    speed = (speed + TIME_STEP * acceleration).clamp(-MAX_SPEED, MAX_SPEED)
    angle = torch.atan2(sin, cos) + TIME_STEP * speed
    return torch.stack([angle.cos(), angle.sin(), speed], dim=-1)


def pendulum_reward(
    observation: Float[Tensor, "*batch 3"], torque: Float[Tensor, "*batch 1"]
) -> Float[Tensor, "*batch"]:
    """What Pendulum-v1 pays for pushing with `torque` in `observation`: 0 upright and at rest, else negative.

    Minus (angle² + 0.1 speed² + 0.001 torque²), the angle in radians from upright.
    """
    cos, sin, speed = observation.unbind(-1)
    push = torque[..., 0].clamp(-MAX_TORQUE, MAX_TORQUE)
    return -(torch.atan2(sin, cos).square() + 0.1 * speed.square() + 0.001 * push.square())
