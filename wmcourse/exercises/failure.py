"""What a learner reads when an answer is not right yet."""

import re
import sysconfig
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor


class CheckFailed(AssertionError):
    """An exercise's answer is not right yet: what was expected, what came, on which case, and why perhaps."""

    def __init__(self, expected: str, got: str, likely: str = "", case: str = "") -> None:
        lines = {"expected: ": expected, "got:      ": got, "case:     ": case, "likely:   ": likely}
        super().__init__("\n".join(label + text for label, text in lines.items() if text))

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the message alone, for the frames of a checker teach nothing."""
        return [f"Not right yet.\n{self}"]


def describe(value: Any) -> str:
    """A value in a few words: its type, and a tensor's shape and numbers if they are few."""
    if isinstance(value, Tensor):
        kind = f"tensor of shape {tuple(value.shape)} and {str(value.dtype).removeprefix('torch.')}"
        return f"{kind}: {numbers(value)}" if 0 < value.numel() <= 16 else kind
    if value is None:
        return "None"
    text = repr(value).replace("\n", " ")
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def numbers(tensor: Tensor) -> str:
    """A tensor's numbers, to five digits, as nested lists."""
    return str(_rounded(tensor.detach().cpu().tolist())).replace("'", "")


def in_short(case: Mapping[str, Any]) -> str:
    """The arguments of a call: tensors by their shapes, numbers by their values."""
    return ", ".join(f"{name} {short}" for name, value in case.items() if (short := _short(value)))


def raised(error: Exception) -> str:
    """An error of the answer, with the line of the answer that it came from."""
    ours, standard = str(Path(__file__).parents[1]), sysconfig.get_paths()["stdlib"]
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.line and "site-packages" not in frame.filename and not frame.filename.startswith((ours, standard))
    ]
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else 'no message'}" + (
        f", at `{frames[-1].line}`" if frames else ""
    )


def advice_on(error: Exception, advice: Mapping[str, str]) -> str:
    """The likely mistake behind an error: the exercise's own words first, then what holds for all of them."""
    text = str(error)
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    ours = last.startswith(str(Path(__file__).parents[1]))
    if isinstance(error, TypeError) and ours and re.search(r"\(\) (takes|missing|got) .*argument", text):
        return "keep the arguments of the stub: their names and their order"  # the call itself failed, not the answer
    return next((likely for part, likely in (*advice.items(), *COMMON.items()) if part in text), "")


COMMON = {
    "leaf Variable that requires grad": "build a new tensor: one that requires a gradient cannot be written into",
    "modified by an inplace operation": "build new tensors: the graph still needs what was written into",
    "can't be converted to numpy": "stay in torch: a detour through NumPy cuts the gradient",
    "Can't call numpy()": "stay in torch: a detour through NumPy cuts the gradient",
    "with a bool tensor is not supported": "turn the flags into numbers first: .float()",
    "Boolean value of Tensor": "`if`, `and`, `or` and `not` take one flag, not a tensor of them: |, &, ~, torch.where",
}
"""A part of an error's message to the likely mistake."""


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return f"{value:.5g}" if isinstance(value, float) else value


def _short(value: Any) -> str:
    if isinstance(value, Tensor):
        return str(tuple(value.shape))
    if value is None or isinstance(value, bool | int | float | str):
        return f"= {value!r}"
    if isinstance(value, list | tuple) and all(isinstance(item, int | float | tuple) for item in value):
        return f"= {value!r}" if len(repr(value)) <= 60 else f"of length {len(value)}"
    return ""
