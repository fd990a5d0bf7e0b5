"""Experience: episodes, how they are collected, and the buffer a model is trained from."""

from wmcourse.data.collect import Policy, collect
from wmcourse.data.episode import Episode
from wmcourse.data.replay import Batch, ReplayBuffer

__all__ = ["Batch", "Episode", "Policy", "ReplayBuffer", "collect"]
