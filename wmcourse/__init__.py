"""World Models, Hands On: the package behind the course.

`wmcourse.load("cartpole-dreamer")` returns a trained model, `wmcourse.list_models()` says what there is. Both are
imported on first use, so that `import wmcourse` alone stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wmcourse.zoo import list_models as list_models
    from wmcourse.zoo import load as load

    __version__: str

__all__ = ["__version__", "list_models", "load"]


def __getattr__(name: str) -> Any:
    if name in ("load", "list_models"):
        return getattr(import_module("wmcourse.zoo"), name)
    if name == "__version__":
        metadata = import_module("importlib.metadata")
        try:
            return metadata.version("wmcourse")
        except metadata.PackageNotFoundError:  # a checkout on the path, not installed
            return "0+uninstalled"
    raise AttributeError(f"module 'wmcourse' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
