"""Worlds to be modeled."""

from wmcourse.envs.cartpole import cartpole_dynamics, cartpole_fallen, render_cartpole
from wmcourse.envs.linear_gaussian import LinearGaussian, cart_on_a_spring

__all__ = [
    "LinearGaussian",
    "cart_on_a_spring",
    "cartpole_dynamics",
    "cartpole_fallen",
    "render_cartpole",
]
