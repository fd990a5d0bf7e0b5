"""Many trainings at once: one per core, with one thread each, for two threads on one core wait for each other."""

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import torch

from wmcourse.data.cache import cached

Job = TypeVar("Job")
Made = TypeVar("Made")


def one_per_core(function: Callable[[Job], Made], jobs: Sequence[Job]) -> list[Made]:
    """`function` of each job, in the order of the jobs; it has to be a module's own."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        return list(pool.map(function, jobs))


def resumable(name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """One run of a study, from the cache if it was finished before: a broken study loses only what is undone."""
    return cached(f"runs/{name}.json", make, _save, lambda path: json.loads(path.read_text()))


def _save(made: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(made, allow_nan=False))
