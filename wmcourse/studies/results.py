"""What a study found, typed, and stored with the command that finds it again."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from wmcourse.errors import unknown
from wmcourse.evaluation.statistics import Interval
from wmcourse.recipes.history import Row
from wmcourse.versions import versions
from wmcourse.zoo.atomic import write_atomic
from wmcourse.zoo.errors import CannotSave, CorruptWeights, UnknownStudy
from wmcourse.zoo.manifest import NAME_PATTERN
from wmcourse.zoo.plain import from_plain, to_plain
from wmcourse.zoo.registry import study_names

FOLDER = Path(__file__).parent / "stored"


class Solved(NamedTuple):
    """When the validation mean first reached the level that counts as solved."""

    update: int
    environment_steps: int
    wall_s: float


@dataclass(frozen=True)
class Run:
    """One training from one seed, measured."""

    seed: int
    wall_s: float = 0.0
    metrics: dict[str, Interval] = field(default_factory=dict)
    """Name, with its unit, to value and confidence interval."""
    numbers: dict[str, float] = field(default_factory=dict)
    """What was measured without an interval."""
    history: list[Row] = field(default_factory=list)
    """One row each time the training was looked at."""
    curves: dict[str, list[Row]] = field(default_factory=dict)
    """Further rows of numbers."""
    environment_steps: int | None = None
    kept_update: int | None = None
    solved: Solved | None = None
    parameters: int | None = None

    def __getitem__(self, metric: str) -> Interval:
        """A metric by its name."""
        return self.metrics[metric]


@dataclass(frozen=True)
class Results:
    """What a study found: its runs by variant, in the order of their seeds."""

    name: str
    protocol: str
    """How it was measured: episodes, seeds, confidence."""
    runs: dict[str, list[Run]]
    facts: dict[str, float] = field(default_factory=dict)
    """What was set: a threshold, a scale."""
    metrics: dict[str, Interval] = field(default_factory=dict)
    """What was measured once, for no run in particular."""
    command: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    """Python and the packages it ran with."""

    def intervals(self, variant: str, metric: str) -> list[Interval]:
        """A metric of each training of a variant; trainings for which it could not be measured are left out."""
        return [run.metrics[metric] for run in self.runs[variant] if metric in run.metrics]

    def values(self, variant: str, metric: str) -> list[float]:
        """The same without the intervals, or numbers that never had one."""
        runs = self.runs[variant]
        return [run.numbers[metric] for run in runs if metric in run.numbers] or [
            interval.value for interval in self.intervals(variant, metric)
        ]

    def across(self, variant: str, metric: str) -> Interval:
        """The mean over the trainings, from the lowest of their bounds to the highest."""
        found = self.intervals(variant, metric)
        return Interval(
            statistics.fmean(each.value for each in found),
            min(each.low for each in found),
            max(each.high for each in found),
        )

    def spread(self, variant: str, metric: str) -> Interval:
        """The median of the trainings, with the lowest and the highest of them."""
        found = self.values(variant, metric)
        return Interval(float(statistics.median(found)), min(found), max(found))

    def solved(self, variant: str) -> list[Solved]:
        """When each training that solved its task did so."""
        return [run.solved for run in self.runs[variant] if run.solved is not None]

    def median_to_solve(self, variant: str) -> float:
        """Median environment steps to the first solved validation; a training that reached none counts as infinite."""
        reached = (run.solved.environment_steps if run.solved else math.inf for run in self.runs[variant])
        return float(statistics.median(reached))

    def seeds(self, variant: str) -> list[int]:
        """The training seeds of a variant."""
        return [run.seed for run in self.runs[variant]]

    def side_by_side(self, variant: str, metric: str, *, digits: int = 2, between: str = ", ") -> str:
        """A metric of each training in words, or "not measurable"."""
        return between.join(f"{value:.{digits}f}" for value in self.values(variant, metric)) or "not measurable"

    def save(self, directory: Path | str | None = None) -> None:
        """Store the results.

        Raises:
            ValueError: a number is NaN or infinite, or the name is no slug.
            CannotSave: the disk refused; the old file is intact.
        """
        if not NAME_PATTERN.fullmatch(self.name):
            raise ValueError(f"a study's name is lower-case words joined by '-', got {self.name!r}")
        folder = FOLDER if directory is None else Path(directory)
        text = json.dumps(_without_nothing(to_plain(self, self.name)), indent=2, allow_nan=False) + "\n"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomic(folder / f"{self.name}.json", text.encode())
        except OSError as error:
            raise CannotSave(f"cannot save in {folder}: {error.strerror or error}; an older file is intact") from error


def load_study(name: str, *, directory: Path | str | None = None) -> Results:
    """The stored results of a study.

    Raises:
        UnknownStudy: there is no such study, or it was never run; the message says which.
        CorruptWeights: its file is damaged.
    """
    folder = FOLDER if directory is None else Path(directory)
    path = folder / f"{name}.json"
    stored = {file.stem for file in folder.glob("*.json")}
    if name not in stored:
        if name in study_names():
            raise UnknownStudy(f"{path} does not exist: make it with: wmcourse study {name}")
        raise UnknownStudy(unknown("study", name, stored | set(study_names())))
    try:
        return from_plain(Results, json.loads(path.read_bytes()), name)
    except ValueError as error:
        raise CorruptWeights(f"{path} is not a study ({error}): restore it, or run the study again") from None


def save_run(run: Run, path: Path) -> None:
    """Write one run."""
    path.write_text(json.dumps(to_plain(run), allow_nan=False))


def load_run(path: Path) -> Run:
    """Read what `save_run` wrote."""
    return from_plain(Run, json.loads(path.read_bytes()), path.name)


def now(results: Results, command: str) -> Results:
    """The results, marked with the command and the versions of today."""
    return Results(results.name, results.protocol, results.runs, results.facts, results.metrics, command, versions())


def _without_nothing(value: object) -> object:
    """Without the fields that hold nothing."""
    if isinstance(value, dict):
        return {key: _without_nothing(item) for key, item in value.items() if item not in (None, {}, [])}
    return (
        [_without_nothing(item) for item in value]
        if isinstance(value, Sequence) and not isinstance(value, str)
        else value
    )
