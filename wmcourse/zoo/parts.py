"""Parts that several models share, such as one autoencoder: each is kept once, in a file named after its content.

`parts/autoencoder-0123456789ab.safetensors` never changes. A part that is trained again has another sha256, so another
file, and the models that were made with the old one keep it.
"""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from wmcourse.zoo.errors import MissingWeights
from wmcourse.zoo.tensors import Tensors, digest, read_tensors, write_tensors


def split_parts(tensors: Tensors, shares: Sequence[str]) -> tuple[dict[str, Tensor], dict[str, dict[str, Tensor]]]:
    """A model's own tensors, and those of each submodule that it shares, named as in the submodule.

    Raises:
        ValueError: the model has no such submodule.
    """
    own, parts = dict(tensors), {}
    for part in shares:
        parts[part] = {name.removeprefix(f"{part}."): own.pop(name) for name in tensors if name.startswith(f"{part}.")}
        if not parts[part]:
            raise ValueError(f"there is no part {part!r} with tensors in {sorted({n.split('.')[0] for n in tensors})}")
    return own, parts


def part_path(folder: Path, part: str, sha256: str) -> Path:
    """Where the models of `folder` keep a part."""
    return folder / "parts" / f"{part}-{sha256[:12]}.safetensors"


def write_part(folder: Path, part: str, tensors: Tensors) -> None:
    """Keep a part for the models of `folder`; raises `OSError` if the disk refuses."""
    path = part_path(folder, part, digest(tensors))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tensors(path, tensors)


def read_part(folder: Path, part: str, sha256: str) -> dict[str, Tensor]:
    """A part's tensors, named as in the model.

    Raises:
        MissingWeights: the file is not there.
        ValueError: it is damaged.
    """
    path = part_path(folder, part, sha256)
    if not path.is_file():
        raise MissingWeights(f"{path} does not exist")
    tensors, _ = read_tensors(path)
    if (actual := digest(tensors)) != sha256:
        raise ValueError(f"{path} is damaged: its tensors should have sha256 {sha256}, and have {actual}")
    return {f"{part}.{name}": value for name, value in tensors.items()}
