"""The engine of all exercises: an oracle, cases, and mistakes as data."""

from wmcourse.exercises.difference import Near
from wmcourse.exercises.draw import Draw
from wmcourse.exercises.exercise import Exercise
from wmcourse.exercises.failure import CheckFailed
from wmcourse.exercises.gradient import with_gradient
from wmcourse.exercises.sampling import frequencies, obedience, one_hot_rows

__all__ = [
    "CheckFailed",
    "Draw",
    "Exercise",
    "Near",
    "frequencies",
    "obedience",
    "one_hot_rows",
    "with_gradient",
]
