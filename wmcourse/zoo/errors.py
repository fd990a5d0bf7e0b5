"""What can go wrong with a shipped model."""

from wmcourse.errors import CourseError


class UnknownModel(CourseError, LookupError):
    """No recipe of that name is registered."""


class UnknownStudy(CourseError, LookupError):
    """No study of that name is registered or stored."""


class MissingWeights(CourseError, FileNotFoundError):
    """The recipe exists, but nobody has trained it here; or a part that it shares with others is not there."""


class CorruptWeights(CourseError, ValueError):
    """A file is damaged, or does not fit the recipe."""


class CannotSave(CourseError, OSError):
    """The disk refused; what was there before is still there."""


class Diverged(CourseError, ValueError):
    """Training ended in NaN or infinity: there is nothing worth saving."""


class NotMeasured(CourseError, RuntimeError):
    """The training is saved, but its measurement failed."""
