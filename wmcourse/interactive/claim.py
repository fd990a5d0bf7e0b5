"""Numbers in prose come from code."""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np
from IPython.display import Markdown


def claim(template: str, **values: Any) -> Markdown:
    """Fill measured values into a sentence: `claim("After {h} steps the error is **{e:.2f} rad**", h=50, e=error)`.

    Raises ValueError for a value that is missing, unused, NaN or infinite, or not a single number or text.
    """
    fields = list(string.Formatter().parse(template))
    named = [name for _, name, _, _ in fields if name is not None]
    if any(not name.isidentifier() for name in named):
        raise ValueError(f"name each value in the sentence, as in {{error:.2f}}; it has {named}")
    missing, unused = sorted(set(named) - set(values)), sorted(set(values) - set(named))
    if missing:
        raise ValueError(f"the sentence uses {', '.join(missing)}, but no such value was given")
    if unused:
        raise ValueError(f"{', '.join(unused)} was given, but the sentence does not use it")
    if not named:
        raise ValueError("a sentence without a measured value is prose: write it as prose")
    return Markdown(template.format(**{name: _single(name, value) for name, value in values.items()}))


def _single(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return value
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray | np.generic):
        if value.size != 1:
            raise ValueError(f"{name} holds {value.size} numbers of shape {value.shape}; a sentence takes one")
        value = value.item()
    if not isinstance(value, int | float):
        raise ValueError(f"{name} is a {type(value).__name__}; a sentence takes one number or a text")
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}: nothing was measured, so nothing can be claimed")
    return value
