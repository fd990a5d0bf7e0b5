"""The manifest: how a model was made, and how good it is."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from wmcourse.evaluation.statistics import Interval
from wmcourse.zoo.plain import from_plain, to_plain

NAME_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything needed to make a model again, to check it, and to judge it."""

    name: str
    description: str
    command: str
    """The exact command that trained the model."""
    seed: int
    config: dict[str, Any]
    """The recipe's Config as JSON values."""
    versions: dict[str, str] = field(default_factory=dict)
    """Python and the packages it was trained with."""
    sha256: str = ""
    """Of all its tensors, those of its parts among them; empty for a model that is registered but not trained."""
    parts: dict[str, str] = field(default_factory=dict)
    """Submodules that it shares with other models, each to the sha256 of its tensors."""
    wall_s: float = 0.0
    """Training time in seconds."""
    environment_steps: int = 0
    """Steps taken in the real environment while training."""
    protocol: str
    """How the metrics are measured: episodes, seeds, confidence."""
    headline: str
    """The name of the metric to quote."""
    metrics: dict[str, Interval] = field(default_factory=dict)
    """Name, with its unit, to value and confidence interval; empty until it is measured."""

    @property
    def trained(self) -> bool:
        """Whether there are weights."""
        return bool(self.sha256)

    @property
    def headline_metric(self) -> Interval | None:
        """The metric to quote, or None before it is measured."""
        return self.metrics.get(self.headline)

    def to_json(self) -> str:
        """The manifest as it is stored.

        Raises:
            ValueError: a metric is NaN or infinite, or there are metrics but not the headline.
        """
        if self.metrics and self.headline not in self.metrics:
            raise ValueError(f"the headline {self.headline!r} is not among the metrics {sorted(self.metrics)}")
        return json.dumps(to_plain(self, self.name), indent=2, allow_nan=False) + "\n"

    @staticmethod
    def from_json(text: str) -> "Manifest":
        """What `to_json` made.

        Raises:
            ValueError: the text is no manifest; the message says where it breaks.
        """
        try:
            data = json.loads(text)
        except ValueError as error:
            raise ValueError(f"its manifest is not JSON ({error})") from None
        manifest = from_plain(Manifest, data, "manifest")
        manifest.to_json()
        return manifest
