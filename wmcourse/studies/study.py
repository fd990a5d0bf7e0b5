"""A study: many trainings, of some variants from some seeds, one on each core; what is finished is kept."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from joblib import Parallel, delayed

from wmcourse.evaluation.statistics import Interval
from wmcourse.recipes.cache import cached, fingerprint
from wmcourse.studies.results import Results, Run, load_run, now, save_run

Train = Callable[[int], Run]
"""From a training seed to a training, measured."""


@dataclass(frozen=True)
class Study:
    """What is compared, from which seeds, and how it is measured."""

    name: str
    module: str
    """Where it is defined, `__name__`: a stored run counts as long as no source that this rests on has changed."""
    protocol: str
    variants: Mapping[str, Train]
    seeds: Sequence[int]
    fewer: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Variants that have seeds of their own, fewer or more."""
    before: Callable[[int], object] | None = None
    """What all trainings from one seed share, made before any of them."""
    facts: Mapping[str, float] = field(default_factory=dict)
    metrics: Callable[[], dict[str, Interval]] = dict
    """What is measured once, for no training in particular."""

    def run(self, *, directory: Path | None = None, workers: int | None = None) -> Results:
        """Train every variant from every seed, one thread each, measure it, and store the results.

        A study that was interrupted goes on where it stopped: finished runs are in the cache.
        """
        jobs = [(variant, seed) for variant in self.variants for seed in self.fewer.get(variant, self.seeds)]
        with Parallel(n_jobs=workers or os.cpu_count()) as pool:
            if self.before is not None:
                pool(delayed(_alone)(self.before, seed) for seed in self.seeds)
            done = pool(delayed(self.one)(variant, seed) for variant, seed in jobs)
        runs: dict[str, list[Run]] = {variant: [] for variant in self.variants}
        for (variant, _), run in zip(jobs, done, strict=True):
            runs[variant].append(run)
        results = Results(self.name, self.protocol, runs, {**self.facts, "threads": 1.0}, self.metrics())
        results = now(results, f"wmcourse study {self.name}")
        results.save(directory)
        return results

    def one(self, variant: str, seed: int) -> Run:
        """One training, from the cache if it is there."""
        mark = fingerprint(self.module, self.protocol, variant, seed)
        file = f"studies/{self.name}/{variant}-{seed}-{mark}.json"
        run = cached(file, lambda: _alone(self.variants[variant], seed), save_run, load_run)
        print(f"{self.name}: {variant}, seed {seed}, is done", flush=True)
        return run


def _alone(function: Callable[[int], Any], seed: int) -> Any:
    """One thread for each process: two on one core wait for each other."""
    torch.set_num_threads(1)
    return function(seed)
