"""Loading and saving trained models: one file each.

`NAME.safetensors` holds the tensors and, as the format's own metadata, the manifest. So one atomic replace is all there
is to saving: whenever a process is killed, and however many save at once, a reader finds one model, whole. `NAME.json`
is the same manifest for human readers, made from the file afterwards and never read. Parts that several models share
lie in `parts/`, written before the models that refer to them.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from wmcourse.zoo.atomic import write_atomic
from wmcourse.zoo.command import making_command
from wmcourse.zoo.errors import CannotSave, CorruptWeights, Diverged, MissingWeights
from wmcourse.zoo.manifest import NAME_PATTERN, Manifest
from wmcourse.zoo.parts import read_part, split_parts, write_part
from wmcourse.zoo.plain import from_plain
from wmcourse.zoo.registry import model_names, recipe
from wmcourse.zoo.tensors import digest, read_tensors, write_tensors

WEIGHTS = Path(__file__).parent / "weights"
"""The models that ship with the package."""


def load(name: str, *, directory: Path | str | None = None) -> Any:
    """A trained model in eval mode, with its manifest as `.manifest`: a shipped one, or one in a folder of your own.

    A field that the model's configuration did not have when it was trained takes its default.

    Raises:
        UnknownModel: no recipe of that name; the message names the nearest ones.
        MissingWeights: it was never trained here, or lacks a part; the message holds the command that makes it.
        CorruptWeights: a file is damaged, or does not fit the recipe; the message says what to do.
    """
    source, path = recipe(name), _existing(name, directory)
    try:
        tensors, text = read_tensors(path)
        manifest = _manifest(name, text)
        for part, sha256 in manifest.parts.items():
            tensors |= read_part(path.parent, part, sha256)
        if (actual := digest(tensors)) != manifest.sha256:
            raise ValueError(f"its tensors should have sha256 {manifest.sha256}, and have {actual}")
        config = from_plain(type(source.config), manifest.config)
        with torch.random.fork_rng(devices=[]):  # building draws weights that are about to be replaced
            module = source.build(config)
        module.load_state_dict(tensors)
    except MissingWeights as error:
        raise MissingWeights(f"{path} needs a part that is not there: {error}; {_remedy(name, directory)}") from None
    except (ValueError, RuntimeError) as error:
        raise _corrupt(name, directory, error) from None
    module.manifest = manifest
    return module.eval()


def load_manifest(name: str, *, directory: Path | str | None = None) -> Manifest:
    """The manifest of a trained model, without its weights; raises as `load` does."""
    recipe(name)
    path = _existing(name, directory)
    try:
        return _manifest(name, read_tensors(path)[1])
    except ValueError as error:
        raise _corrupt(name, directory, error) from None


def save(module: nn.Module, manifest: Manifest, directory: Path | str, *, shares: Sequence[str] = ()) -> Manifest:
    """Write a model into a folder; whatever happens meanwhile, the old model or the new one can be loaded, whole.

    The tensors of the submodules that it `shares` with other models go into files of their own. The manifest that is
    returned is the one that was stored, with the checksums.

    Raises:
        Diverged: a weight is NaN or infinite.
        ValueError: a metric is not finite, the headline was not measured, or the name is no slug.
        CannotSave: the disk refused; the old model is intact.
    """
    name, path = manifest.name, model_path(manifest.name, directory)
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(f"a model's name is lower-case words joined by '-', such as 'cartpole-dreamer'; got {name!r}")
    kept = "the old weights are unchanged" if path.is_file() else "nothing was saved"
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in module.state_dict().items()}
    if broken := [key for key, value in tensors.items() if not torch.isfinite(value).all()]:
        raise Diverged(f"the training diverged: {broken[0]} holds NaN or infinite weights; {kept}")
    own, parts = split_parts(tensors, shares)
    checksums = {part: digest(each) for part, each in parts.items()}
    text = replace(manifest, sha256=digest(tensors), parts=checksums).to_json()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for part, each in parts.items():
            write_part(path.parent, part, each)
        write_tensors(path, own, text)
    except OSError as error:
        raise CannotSave(f"cannot save in {path.parent}: {error.strerror or error}; {kept}") from error
    try:
        write_atomic(path.with_suffix(".json"), read_tensors(path)[1].encode())
    except OSError as error:
        reason = error.strerror or error
        raise CannotSave(f"{path} is saved, but not {path.stem}.json, its manifest for readers: {reason}") from error
    return Manifest.from_json(text)


def list_models(*, directory: Path | str | None = None) -> list[Manifest]:
    """The manifests of all registered models; those not trained yet have no sha256, metrics or versions."""
    return [
        load_manifest(name, directory=directory) if model_path(name, directory).is_file() else recipe(name).manifest()
        for name in model_names()
    ]


def model_path(name: str, directory: Path | str | None) -> Path:
    """Where a model is kept: in a folder, or for None among those that ship."""
    return (WEIGHTS if directory is None else Path(directory)) / f"{name}.safetensors"


def _existing(name: str, directory: Path | str | None) -> Path:
    path = model_path(name, directory)
    if not path.is_file():
        raise MissingWeights(f"{path} does not exist: make it with: {making_command(name, directory)}")
    return path


def _manifest(name: str, text: str) -> Manifest:
    if not text:
        raise ValueError("it holds no manifest, so nobody knows what it is")
    manifest = Manifest.from_json(text)
    if manifest.name != name:
        raise ValueError(f"it is the model {manifest.name!r}")
    return manifest


def _corrupt(name: str, directory: Path | str | None, error: Exception) -> CorruptWeights:
    reason = " ".join(str(error).split())
    return CorruptWeights(f"cannot load {model_path(name, directory)}: {reason}; {_remedy(name, directory)}")


def _remedy(name: str, directory: Path | str | None) -> str:
    return f"restore it, or make it again with: {making_command(name, directory)}"
