"""What acts: policies over observations, and the actor-critic that learns in a dream."""

from wmcourse.agents.dreamer import Dreamer, DreamerConfig
from wmcourse.agents.random_policy import RandomPolicy

__all__ = ["Dreamer", "DreamerConfig", "RandomPolicy"]
