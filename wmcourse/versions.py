"""What else decides the numbers of a training, beside its source and its seed."""

import platform
from importlib.metadata import version


def versions() -> dict[str, str]:
    """Python's version and those of the packages that decide a training's numbers."""
    return {"python": platform.python_version(), **{name: version(name) for name in ("torch", "numpy", "gymnasium")}}
