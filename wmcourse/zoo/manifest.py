"""The manifest: how a weight file was made, and how good it is."""

import json
import platform
import re
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_type_hints

from wmcourse.evaluation.statistics import Interval
from wmcourse.zoo.errors import CorruptWeights
from wmcourse.zoo.plain import from_plain, to_plain

NAME_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Manifest:
    """Everything needed to make a weight file again, to check it, and to judge it."""

    name: str
    description: str
    command: str
    """The exact command that trained the model."""
    seed: int
    config: dict[str, Any]
    """The recipe's Config as JSON values."""
    versions: dict[str, str]
    """Python and the packages it was trained with."""
    sha256: str
    """Of the weight file; empty for a model that is registered but not trained."""
    wall_s: float
    """Training time in seconds."""
    environment_steps: int
    """Steps taken in the real environment while training."""
    protocol: str
    """How the metrics were measured: episodes, seeds, confidence."""
    headline: str
    """The name of the metric to quote."""
    metrics: dict[str, Interval]
    """Name, with its unit, to value and confidence interval."""

    @property
    def trained(self) -> bool:
        """Whether there are weights."""
        return bool(self.sha256)

    @property
    def headline_metric(self) -> Interval | None:
        """The metric to quote, or None before training."""
        return self.metrics.get(self.headline)

    def to_json(self) -> str:
        """The content of the manifest file.

        Raises:
            ValueError: a metric is NaN or infinite, or the headline was not measured.
        """
        if self.headline not in self.metrics:
            raise ValueError(f"the headline {self.headline!r} is not among the metrics {sorted(self.metrics)}")
        return json.dumps(to_plain(self, self.name), indent=2, allow_nan=False) + "\n"


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file.

    Raises:
        CorruptWeights: the file is not a manifest; the message says where it breaks.
    """
    try:
        data = json.loads(path.read_bytes())
    except ValueError as error:
        raise CorruptWeights(f"{path} is not valid JSON ({error}): restore it, or train the model again") from None
    if not isinstance(data, dict):
        raise CorruptWeights(f"{path} holds a {type(data).__name__}, not a manifest")
    if missing := [field.name for field in fields(Manifest) if field.name not in data]:
        raise CorruptWeights(f"{path} lacks {', '.join(missing)}: restore it, or train the model again")
    hints = get_type_hints(Manifest)
    try:
        values = {field.name: from_plain(hints[field.name], data[field.name], field.name) for field in fields(Manifest)}
        manifest = Manifest(**values)
        manifest.to_json()
    except (ValueError, TypeError) as error:
        raise CorruptWeights(f"{path}: {error}") from None
    return manifest


def versions() -> dict[str, str]:
    """Python's version and those of the packages that decide a training's numbers."""
    return {"python": platform.python_version(), **{name: version(name) for name in ("torch", "numpy", "gymnasium")}}
