"""What is noted while something is trained."""

from collections.abc import Callable

Row = dict[str, int | float]
"""Numbers by name, at one moment of a training."""
OnUpdate = Callable[[int, Row], None]
"""Called now and then during a training, with the update's number and a row of numbers to plot."""
