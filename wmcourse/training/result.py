"""What a training returns."""

from typing import Any, NamedTuple


class Solved(NamedTuple):
    """When the validation mean first reached the level that counts as solved."""

    update: int
    environment_steps: int
    wall_s: float


class Training(NamedTuple):
    """What a training made, and what it took."""

    module: Any
    """The agent or model that was kept, in eval mode."""
    kept_update: int
    """The update after which it was kept."""
    environment_steps: int
    wall_s: float
    solved: Solved | None
    history: list[dict[str, float]]
    """One row per validation."""
