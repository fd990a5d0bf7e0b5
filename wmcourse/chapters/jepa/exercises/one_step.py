"""Exercise 14.1: one step of a point that moves."""

from collections.abc import Iterator

from torch import Tensor

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case


def moving_points(draw: Draw) -> Iterator[Case]:
    """A few, one, and many points; small and large; a clock that stands still."""
    for batch, size, step_s in ((3, 2, 0.5), (1, 4, 0.1), (5, 1, 1e-3), (4, 3, 0.0)):
        scale = 10.0 ** draw.integer(-2, 3)
        yield {
            "place": draw.normal(batch, size, scale=scale),
            "speed": draw.normal(batch, size, scale=scale),
            "step_s": step_s,
        }


def moved(place: Tensor, speed: Tensor, step_s: float) -> Tensor:
    """The same by another way, so that an answer is not compared with itself."""
    return (place.double() + speed.double() * step_s).to(place.dtype)


one_step = Exercise("14.1", moved, moving_points)


@one_step.mistake("the length of the step is missing: multiply the speed by `step_s`")
def _whole_seconds(place: Tensor, speed: Tensor, step_s: float) -> Tensor:
    return moved(place, speed, 1.0)
