"""What else decides the numbers of a training, beside its source and its seed."""

import platform
from importlib.metadata import version

PACKAGES = ("torch", "numpy", "gymnasium", "pygame-ce")
"""The last one draws the pictures."""


def versions() -> dict[str, str]:
    """Python's version and those of the packages that decide a training's numbers."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
