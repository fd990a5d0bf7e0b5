"""A whole training in the cache: the first stage of another one, which may begin where it ended."""

import json
from collections.abc import Callable
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from wmcourse.recipes.cache import cached
from wmcourse.recipes.recipe import Training


def cached_training(name: str, train: Callable[[], Training], build: Callable[[], nn.Module]) -> Training:
    """What file `name` of the cache holds, put into the module that `build` makes; else `train`, and keep it there."""

    def save(trained: Training, path: Path) -> None:
        facts = trained._replace(module=None)._asdict()
        tensors = {key: value.contiguous() for key, value in trained.module.state_dict().items()}
        save_file(tensors, path, {"training": json.dumps(facts)})

    def load(path: Path) -> Training:
        module = build()
        with safe_open(path, "pt") as stored:
            module.load_state_dict({key: stored.get_tensor(key) for key in stored.keys()})  # noqa: SIM118
            return Training(**{**json.loads(stored.metadata()["training"]), "module": module.eval()})

    return cached(name, train, save, load)
