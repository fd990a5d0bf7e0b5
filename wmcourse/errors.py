"""Errors whose message is written for the reader of the course, and shown to them without a traceback."""

from collections.abc import Iterable
from difflib import get_close_matches


class CourseError(Exception):
    """Something the reader can put right; its message says what was wrong and what would be right."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One line for a name that does not exist, with the nearest names that do."""
    names = sorted(known)
    near = get_close_matches(name.lower(), names, n=3, cutoff=0.4)
    if near:
        return f"unknown {kind} {name!r}: did you mean {' or '.join(repr(other) for other in near)}?"
    return f"unknown {kind} {name!r}: " + (f"choose from {', '.join(names)}" if names else f"there is no {kind} yet")
