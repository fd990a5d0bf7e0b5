"""What every checker is made of: independent oracles compare, and a failure names the likely mistake."""

import functools
import sysconfig
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


class CheckFailed(AssertionError):
    """An exercise's answer is not right yet; the message says what was expected, what came, and why perhaps."""

    def __init__(self, expected: str, got: str, mistake: str = "") -> None:
        lines = [f"expected: {expected}", f"got:      {got}", *([f"likely:   {mistake}"] if mistake else [])]
        super().__init__("\n".join(lines))

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the message alone, for the frames of a checker teach nothing."""
        return [f"Not right yet.\n{self}"]


def checker(
    number: str, advice: Mapping[str, str] | None = None
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Make a function that examines an answer into the checker of exercise `number`.

    The checker prints one line when the answer is right. A stub's `NotImplementedError("Exercise ...")` passes through;
    any other error of the answer becomes a `CheckFailed` that names the line it came from. `advice` maps a part of such
    an error's message to the likely mistake. The random state and the gradient mode are left as they were.
    """

    def decorate(examine: Callable[[Any], None]) -> Callable[[Any], None]:
        @functools.wraps(examine)
        def check(answer: Any) -> None:
            if not callable(answer):
                mistake = "hand over the function itself, without calling it"
                raise CheckFailed(f"the function {examine.__name__}", describe(answer), mistake)
            try:
                with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(True):
                    examine(answer)
            except CheckFailed as failure:
                raise failure.with_traceback(None) from None
            except Exception as error:
                if isinstance(error, NotImplementedError) and str(error).startswith("Exercise"):
                    raise
                raise _raised(error, examine.__name__, advice or {}) from error
            print(solved(number, examine.__name__))

        return check

    return decorate


def solved(number: str, name: str) -> str:
    """The line a checker prints when the answer is right; `wmcourse check` looks for it."""
    return f"Exercise {number} is right: {name}"


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
    """A tensor's numbers, rounded to four decimals, as nested lists."""
    return str(_rounded(tensor.detach().cpu().tolist()))


def expect_tensor(
    value: Any, shape: tuple[int, ...], what: str, mistakes: Mapping[str, tuple[int, ...]] | None = None
) -> Tensor:
    """The value, if it is a finite tensor of that shape; `mistakes` maps explanations to the shapes they lead to."""
    wanted = f"{what}: a tensor of shape {shape}"
    if value is None:
        raise CheckFailed(wanted, "None", "the function has no return statement")
    if not isinstance(value, Tensor):
        raise CheckFailed(wanted, describe(value), "return one torch.Tensor, computed with torch alone")
    if tuple(value.shape) != shape:
        likely = next((text for text, wrong in (mistakes or {}).items() if tuple(value.shape) == wrong), "")
        raise CheckFailed(wanted, describe(value), likely or "check which axis is which, and what is stacked or summed")
    if value.is_floating_point() and not torch.isfinite(value).all():
        raise CheckFailed(f"{wanted}, every number finite", describe(value), "a division by 0, or the log of 0")
    return value


def expect_close(
    actual: Tensor,
    expected: Tensor,
    what: str,
    mistakes: Mapping[str, Tensor] | None = None,
    *,
    tolerance: float = 1e-4,
) -> None:
    """Fail unless the tensors agree; `mistakes` maps explanations to the numbers they lead to.

    Of more than 16 numbers, the message shows only the first row that differs.
    """
    if _close(actual, expected, tolerance):
        return
    likely = next((text for text, wrong in (mistakes or {}).items() if _close(actual, wrong, tolerance)), "")
    if actual.shape == expected.shape and expected.numel() > 16 and expected.dim() > 1:
        differs = ~torch.isclose(actual.detach().double(), expected.detach().double(), rtol=tolerance, atol=tolerance)
        place = tuple(differs.any(-1).nonzero()[0].tolist())
        what, first = f"{what}, row {list(place)}", "  (the first row that differs)"
        raise CheckFailed(f"{what} = {numbers(expected[place])}", f"{numbers(actual[place])}{first}", likely)
    raise CheckFailed(f"{what} = {numbers(expected)}", numbers(actual), likely)


def expect_unchanged(given: Mapping[str, Tensor], before: Mapping[str, Tensor]) -> None:
    """Fail if an argument no longer holds what it held before the answer was called."""
    for name, tensor in before.items():
        same = torch.equal(given[name], tensor) and given[name].requires_grad == tensor.requires_grad
        mistake = "build new tensors, do not write into these nor change their requires_grad"
        expect(same, f"`{name}` as it was given", f"a changed `{name}`", mistake)


def expect(condition: bool, expected: str, got: str, mistake: str = "") -> None:
    """Fail with these words unless the condition holds."""
    if not condition:
        raise CheckFailed(expected, got, mistake)


def _close(actual: Tensor, expected: Tensor, tolerance: float) -> bool:
    if actual.shape != expected.shape:
        return False
    return torch.allclose(actual.detach().double(), expected.detach().double(), rtol=tolerance, atol=tolerance)


def _raised(error: Exception, name: str, advice: Mapping[str, str]) -> CheckFailed:
    ours, standard = str(Path(__file__).parents[1]), sysconfig.get_paths()["stdlib"]
    trace = traceback.extract_tb(error.__traceback__)
    frames = [
        frame
        for frame in trace
        if frame.line and "site-packages" not in frame.filename and not frame.filename.startswith((ours, standard))
    ]
    place = f", at `{frames[-1].line}`" if frames else ""
    text = str(error).strip().splitlines()
    got = f"{type(error).__name__}: {text[0] if text else 'no message'}{place}"
    likely = next((mistake for part, mistake in advice.items() if part in str(error)), "") or _advice(error)
    arguments = "positional argument" in str(error) or "keyword argument" in str(error)
    if isinstance(error, TypeError) and arguments and trace[-1].filename.startswith(str(Path(__file__).parent)):
        likely = "keep the arguments of the stub: their names and their order"  # the call itself failed, not the answer
    return CheckFailed(f"{name} to return without an error", got, likely)


def _advice(error: Exception) -> str:
    text = str(error)
    if "leaf Variable that requires grad" in text:
        return "build a new tensor: one that requires a gradient cannot be written into"
    if "doesn't require grad" in text or "does not require grad" in text:
        return "the graph was cut, by .detach(), .data, torch.no_grad() or a detour through NumPy"
    if "can't be converted to numpy" in text.lower() or "Can't call numpy()" in text:
        return "stay in torch: a detour through NumPy cuts the gradient"
    if "with a bool tensor is not supported" in text:
        return "turn the flags into numbers first: .float()"
    if "Boolean value of Tensor" in text:
        return "`if`, `and`, `or` and `not` take one flag, not a tensor of them: use |, &, ~ or torch.where"
    return ""


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value
