"""What a search returns: the plan, what it is worth in imagination, and how it was found."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

Score = Callable[[Float[Tensor, "batch sample horizon action"]], Float[Tensor, "batch sample"]]
"""What plans are worth, higher is better. Each of the batch's problems has candidates of its own; NaN is no value."""


class Iteration(NamedTuple):
    """One round of a search: what was tried, and the distribution that it left behind."""

    candidates: Float[Tensor, "batch sample horizon action"]
    values: Float[Tensor, "batch sample"]
    """-inf for those that had no finite value, and were dropped."""
    mean: Float[Tensor, "batch horizon action"]
    """Of the next candidates; for discrete actions, their probabilities."""
    std: Float[Tensor, "batch horizon action"] | None = None
    """Of the next candidates; `None` for discrete actions, and where nothing is drawn again."""


class Plan(NamedTuple):
    """Actions for the next H steps, in the environment's units; discrete ones are one-hot."""

    actions: Float[Tensor, "batch horizon action"]
    value: Float[Tensor, " batch"]
    """The score of `actions`, which is a promise of the model's, not of the world's."""
    search: list[Iteration]
    """The last one's `mean` is where the next search can begin: `warm` says how."""

    def warm(self, steps: int = 1) -> Float[Tensor, "batch horizon action"]:
        """Where a search begins when `steps` of this plan are done: what is left of its mean, padded with NaN.

        NaN stands for "no idea": a planner puts the middle of its actions there.
        """
        mean = self.search[-1].mean
        if not 0 <= steps <= mean.shape[1]:
            raise ValueError(f"steps must be 0..{mean.shape[1]}, the plan's length; got {steps}")
        unknown = torch.full_like(mean[:, :steps], torch.nan)
        return torch.cat([mean[:, steps:], unknown], dim=1)


@runtime_checkable
class Planner(Protocol):
    """A search for the plan with the highest score."""

    @property
    def horizon(self) -> int:
        """H, the steps of a plan."""
        ...

    def plan(
        self,
        score: Score,
        *,
        batch: int = 1,
        start: Float[Tensor, "batch horizon action"] | None = None,
        generator: Generator | None = None,
    ) -> Plan:
        """Search for `batch` problems at once, all candidates in one call of `score`.

        `start` is where to begin, as an earlier `Plan.warm` gives it. Draws come from `generator`, or torch's own.
        """
        ...


def usable(values: Float[Tensor, "batch sample"]) -> Float[Tensor, "batch sample"]:
    """Values with -inf for all that is not finite, so that such candidates lose.

    Raises:
        ValueError: of some problem not a single candidate has a finite value.
    """
    finite: Bool[Tensor, "batch sample"] = torch.isfinite(values)
    if not finite.any(dim=1).all():
        lost = int((~finite.any(dim=1)).sum())
        raise ValueError(
            f"all {values.shape[1]} candidates have a value of NaN or infinity, in {lost} of {len(values)} problems: "
            "the model diverges along every plan. Look at its rewards for one plan; a shorter horizon may help"
        )
    return values.masked_fill(~finite, -torch.inf)


def scored(score: Score, candidates: Float[Tensor, "batch sample horizon action"]) -> Float[Tensor, "batch sample"]:
    """The usable values of candidates, without their gradient; raises what `usable` and `asked` raise."""
    with torch.no_grad():
        return usable(asked(score, candidates))


def asked(score: Score, candidates: Float[Tensor, "batch sample horizon action"]) -> Float[Tensor, "batch sample"]:
    """What `score` says of the candidates; raises `ValueError` if that is no value for each of them."""
    values = score(candidates)
    if values.shape != candidates.shape[:2]:
        raise ValueError(
            f"score must return one value a plan, {tuple(candidates.shape[:2])}; got {tuple(values.shape)}"
        )
    return values


def top(
    candidates: Float[Tensor, "batch sample horizon action"], values: Float[Tensor, "batch sample"], count: int
) -> Float[Tensor, "batch elite horizon action"]:
    """The `count` best candidates, best first; where fewer have a value, the best one again in place of the rest."""
    value, index = values.topk(count, dim=1)
    index = torch.where(value == -torch.inf, index[:, :1], index)
    return candidates.gather(1, index[..., None, None].expand(-1, -1, *candidates.shape[2:]))


def best(candidates: Float[Tensor, "batch sample horizon action"], values: Float[Tensor, "batch sample"]) -> Tensor:
    """The candidate of highest value, of each problem (B, H, A)."""
    rows = torch.arange(len(values), device=values.device)
    return candidates[rows, values.argmax(dim=1)]


def at_least(**numbers: tuple[int, int]) -> None:
    """Raise a `ValueError` that names the first of `name=(value, least)` that is too small, or no whole number."""
    for name, (value, least) in numbers.items():
        if value != int(value) or value < least:
            raise ValueError(f"{name} must be a whole number, at least {least}; got {value}")


def not_negative(**numbers: float) -> None:
    """Raise a `ValueError` that names the first of `name=value` that is below 0."""
    for name, value in numbers.items():
        if not value >= 0:
            raise ValueError(f"{name} must be at least 0; got {value}")
