"""Exercise 9.4: a target that moves slowly."""

from collections.abc import Callable

from torch import Tensor, nn

from wmcourse.chapters.dreamer.exercises.critics import critics, every, look
from wmcourse.exercises import Exercise

WALK = "walk over zip(slow.parameters(), critic.parameters())"


def average(
    slow: nn.Module, critic: nn.Module, mix: float, only: Callable[[str, Tensor], bool] = lambda name, old: True
) -> None:
    """The weighted average, of all parameters or of some."""
    every(slow, critic, lambda old, new: (1 - mix) * old + mix * new, only)


update_slow = Exercise(
    "9.4",
    average,
    critics,
    view=look,
    changes=("slow",),
    learns=(),
    advice={
        "leaf Variable that requires grad": "change parameters in place under `with torch.no_grad():`",
        "not iterable": f"a module is no list of tensors: {WALK}",
    }
    | {
        f"has no attribute '{name}_'": f"only a parameter is a tensor: {WALK}"
        for name in ("lerp", "mul", "add", "copy")
    },
)


@update_slow.mistake("the mix is the wrong way round: slow keeps (1 - mix) of itself and takes mix of the critic")
def _wrong_way_round(slow: nn.Module, critic: nn.Module, mix: float) -> None:
    average(slow, critic, 1 - mix)


@update_slow.mistake("slow became the critic: a slow target moves by the share mix only")
def _copy(slow: nn.Module, critic: nn.Module, mix: float) -> None:
    average(slow, critic, 1.0)


@update_slow.mistake(
    "nothing has moved: write into the parameters (lerp_, copy_), which `p = ...` and `p.lerp(...)` do not"
)
def _still(slow: nn.Module, critic: nn.Module, mix: float) -> None:
    average(slow, critic, 0.0)


@update_slow.mistake("slow is not reduced: its own share is (1 - mix), or the sum grows")
def _sum(slow: nn.Module, critic: nn.Module, mix: float) -> None:
    every(slow, critic, lambda old, new: old + mix * new)


@update_slow.mistake("slow fades away: add mix times the critic")
def _fading(slow: nn.Module, critic: nn.Module, mix: float) -> None:
    every(slow, critic, lambda old, new: (1 - mix) * old)


@update_slow.mistake("slow moves away from the critic: the difference has the wrong sign")
def _away(slow: nn.Module, critic: nn.Module, mix: float) -> None:
    average(slow, critic, -mix)


@update_slow.mistake("slow is reduced first, and the difference is taken after that: take it from the old slow")
def _reduced_first(slow: nn.Module, critic: nn.Module, mix: float) -> None:
    every(slow, critic, lambda old, new: (1 - mix) ** 2 * old + mix * new)


@update_slow.mistake("parameters of less than two axes, such as biases, are left behind: loop over all of them")
def _without_biases(slow: nn.Module, critic: nn.Module, mix: float) -> None:
    average(slow, critic, mix, lambda name, old: old.dim() > 1)


@update_slow.mistake("only the first parameter moves: loop over all parameters()")
def _first(slow: nn.Module, critic: nn.Module, mix: float) -> None:
    average(slow, critic, mix, lambda name, old: name == next(slow.named_parameters())[0])


@update_slow.mistake("frozen parameters are left behind: slow follows with all, whether or not they require a gradient")
def _only_trained(slow: nn.Module, critic: nn.Module, mix: float) -> None:
    average(slow, critic, mix, lambda name, old: old.requires_grad)


@update_slow.mistake("only linear layers move: loop over all parameters(), of whatever layer")
def _linear(slow: nn.Module, critic: nn.Module, mix: float) -> None:
    layers = {name for name, layer in slow.named_modules() if isinstance(layer, nn.Linear)}
    average(slow, critic, mix, lambda name, old: name.rpartition(".")[0] in layers)
