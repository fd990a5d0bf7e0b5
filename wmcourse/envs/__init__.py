"""Worlds to be modeled, and models dressed as worlds."""

from typing import Any

from wmcourse.envs.cartpole import cartpole_dynamics, cartpole_fallen, render_cartpole
from wmcourse.envs.linear_gaussian import LinearGaussian, cart_on_a_spring

__all__ = [
    "DreamEnv",
    "LinearGaussian",
    "cart_on_a_spring",
    "cartpole_dynamics",
    "cartpole_fallen",
    "render_cartpole",
]


def __getattr__(name: str) -> Any:
    """Import `DreamEnv` when it is asked for: it alone here knows the models' interface, one floor up."""
    if name == "DreamEnv":
        from wmcourse.envs.dream_env import DreamEnv

        return DreamEnv
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
