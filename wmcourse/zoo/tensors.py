"""Named tensors: a safetensors file of them, with a text as its metadata, and their checksum."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from wmcourse.zoo.atomic import write_atomic

Tensors = Mapping[str, Tensor]


def digest(tensors: Tensors) -> str:
    """The sha256 of names, types, shapes and values: the same wherever they are kept, and with whatever text."""
    checksum = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        checksum.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        checksum.update(value.flatten().view(torch.uint8).numpy().data)
    return checksum.hexdigest()


def write_tensors(path: Path, tensors: Tensors, text: str = "") -> None:
    """Replace the file in one step; raises `OSError` if the disk refuses."""
    write_atomic(path, save(dict(tensors), {"manifest": text} if text else None))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], str]:
    """The tensors, and the text that was written with them.

    The file is opened once, so both are of one moment (`safetensors.safe_open` opens it twice).

    Raises:
        ValueError: it is no safetensors file.
    """
    data = path.read_bytes()
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file ({' '.join(str(error).split())})") from None
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return tensors, header.get("__metadata__", {}).get("manifest", "")
