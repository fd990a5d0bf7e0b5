"""Loading and saving trained models: `NAME.safetensors` and its manifest `NAME.json`, always as a pair.

Two files cannot be replaced in one step, so saving goes in three, each of them atomic: write the new weights as
`NAME.safetensors.next`, replace the manifest, rename the new weights into place. The manifest holds the sha256 of its
weights; a reader takes whichever of the two weight files has it. So before the second step the old pair is loaded,
after it the new one, wherever the process is killed.
"""

import hashlib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes
from torch import nn

from wmcourse.evaluation.statistics import Interval
from wmcourse.zoo.atomic import write_atomic
from wmcourse.zoo.errors import CannotSave, CorruptWeights, Diverged, MissingWeights
from wmcourse.zoo.manifest import NAME_PATTERN, Manifest, read_manifest, versions
from wmcourse.zoo.plain import from_plain, to_plain
from wmcourse.zoo.registry import model_names, recipe

WEIGHTS = Path(__file__).parent / "weights"


def load(name: str, *, directory: Path | str | None = None) -> Any:
    """A trained model in eval mode, with its manifest as `.manifest`.

    Raises:
        UnknownModel: no recipe of that name; the message names the nearest ones.
        MissingWeights: it was never trained here; the message holds the command that does it.
        CorruptWeights: weights and manifest are damaged or do not belong together.
    """
    source = recipe(name)
    manifest_path, weights_path, staged_path = _paths(name, directory)
    manifest = load_manifest(name, directory=directory)
    candidates = [path for path in (weights_path, staged_path) if path.is_file()]
    if not candidates:
        raise MissingWeights(_missing(name, weights_path, directory))
    for path in reversed(candidates):  # a staged file counts only if the manifest asks for it
        data = path.read_bytes()
        actual = hashlib.sha256(data).hexdigest()
        if actual == manifest.sha256:
            break
    else:
        raise CorruptWeights(
            f"{weights_path} is damaged or belongs to another manifest: expected sha256 {manifest.sha256}, "
            f"got {actual}; restore both files, or run: {_command(name, directory)}"
        )
    try:
        config = from_plain(type(source.config), manifest.config)
        with torch.random.fork_rng(devices=[]):  # building draws weights that are about to be replaced
            module = source.build(config)
        module.load_state_dict(tensors_from_bytes(data))
    except (ValueError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise CorruptWeights(f"{manifest_path} does not fit the recipe of {name}: {reason}") from None
    module.manifest = manifest
    return module.eval()


def load_manifest(name: str, *, directory: Path | str | None = None) -> Manifest:
    """The manifest of a trained model, without its weights; raises as `load` does."""
    recipe(name)
    path, _, _ = _paths(name, directory)
    if not path.is_file():
        raise MissingWeights(_missing(name, path, directory))
    manifest = read_manifest(path)
    if manifest.name != name:
        raise CorruptWeights(f"{path} is the manifest of {manifest.name!r}, not of {name!r}")
    return manifest


def save(
    name: str,
    module: nn.Module,
    *,
    config: Any,
    seed: int,
    command: str,
    wall_s: float,
    environment_steps: int,
    metrics: Mapping[str, Interval],
    protocol: str,
    headline: str,
    description: str,
    directory: Path | str | None = None,
) -> Manifest:
    """Write weights and manifest; at any moment, even if the process is killed, one complete pair can be loaded.

    Raises:
        Diverged: a weight or a metric is NaN or infinite.
        ValueError: the headline was not measured, or the name is no slug.
        CannotSave: the disk refused; the old files are intact.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(f"a model's name is lower-case words joined by '-', such as 'cartpole-dreamer'; got {name!r}")
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in module.state_dict().items()}
    if broken := [key for key, value in tensors.items() if not torch.isfinite(value).all()]:
        raise Diverged(f"the training diverged: {broken[0]} holds NaN or infinite weights; {_kept(name, directory)}")
    if unmeasured := [key for key, metric in metrics.items() if not all(math.isfinite(bound) for bound in metric)]:
        raise Diverged(f"the metric {unmeasured[0]!r} is {metrics[unmeasured[0]]}; {_kept(name, directory)}")
    data = tensors_to_bytes(tensors)
    manifest = Manifest(
        name=name,
        description=description,
        command=command,
        seed=seed,
        config=to_plain(config, "config"),
        versions=versions(),
        sha256=hashlib.sha256(data).hexdigest(),
        wall_s=round(float(wall_s), 1),
        environment_steps=int(environment_steps),
        protocol=protocol,
        headline=headline,
        metrics={key: Interval(*(float(bound) for bound in metric)) for key, metric in metrics.items()},
    )
    _write_pair(*_paths(name, directory), data, manifest.to_json().encode())
    return manifest


def list_models(*, directory: Path | str | None = None) -> list[Manifest]:
    """The manifests of all registered models; those not trained yet have no sha256, metrics or versions."""
    manifests = []
    for name in model_names():
        if _paths(name, directory)[0].is_file():
            manifests.append(load_manifest(name, directory=directory))
            continue
        source = recipe(name)
        config = source.config
        manifests.append(
            Manifest(
                name=name,
                description=source.description,
                command=_command(name, directory),
                seed=getattr(config, "seed", 0),
                config=to_plain(config, "config"),
                versions={},
                sha256="",
                wall_s=0.0,
                environment_steps=0,
                protocol=source.protocol,
                headline=source.headline,
                metrics={},
            )
        )
    return manifests


def _write_pair(manifest_path: Path, weights_path: Path, staged_path: Path, weights: bytes, manifest: bytes) -> None:
    old_manifest = None
    try:
        weights_path.parent.mkdir(parents=True, exist_ok=True)
        old_manifest = manifest_path.read_bytes() if manifest_path.is_file() else None
        write_atomic(staged_path, weights)
        write_atomic(manifest_path, manifest)
        try:
            os.replace(staged_path, weights_path)
        except OSError:
            _restore(manifest_path, old_manifest)
            raise
    except OSError as error:
        kept = _kept(manifest_path.stem, manifest_path.parent)
        raise CannotSave(f"cannot save in {weights_path.parent}: {error.strerror or error}; {kept}") from error
    finally:
        # Unless the manifest asks for the staged weights, they are left over from a failure.
        if staged_path.is_file() and not (manifest_path.is_file() and manifest_path.read_bytes() == manifest):
            staged_path.unlink()


def _restore(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink()
    else:
        write_atomic(path, content)


def _paths(name: str, directory: Path | str | None) -> tuple[Path, Path, Path]:
    """Manifest, weights, and weights about to be put into place."""
    folder = WEIGHTS if directory is None else Path(directory)
    return folder / f"{name}.json", folder / f"{name}.safetensors", folder / f"{name}.safetensors.next"


def _command(name: str, directory: Path | str | None) -> str:
    return f"wmcourse train {name}" + ("" if directory is None else f" --output-dir {directory}")


def _kept(name: str, directory: Path | str | None) -> str:
    return "the old weights are unchanged" if _paths(name, directory)[0].is_file() else "nothing was saved"


def _missing(name: str, path: Path, directory: Path | str | None) -> str:
    return f"{path} does not exist: make it with: {_command(name, directory)}"
