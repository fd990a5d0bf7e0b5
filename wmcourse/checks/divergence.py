"""The checker of exercise 8.2: the KL between two diagonal Gaussians, and its gradient."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from wmcourse.checks.check import checker, expect, expect_close, expect_tensor, expect_unchanged

Answer = Callable[..., Any]
_BATCH_OF_ONE = "a batch of one is still a batch: .squeeze() drops every axis of size 1, leave it out"


_ADVICE = {"Dimension out of range": "the latent is the last axis, however many come before it: .sum(-1)"}


@checker("8.2", _ADVICE)
def gaussian_kl(answer: Answer) -> None:
    """Oracle: torch.distributions.kl_divergence, and its gradient."""
    for shape, hint in (((2, 3, 4), ""), ((5, 2), "the first example was right: a size is hard-coded")):
        before = _gaussians(shape, seed=len(shape))
        given = {name: tensor.clone() for name, tensor in before.items()}
        returned = answer(*given.values())
        expect_unchanged(given, before)
        shapes = {
            "one number for each latent dimension: sum over the last axis": shape,
            "the batch is summed too: sum over the last axis alone, .sum(-1)": (),
            "summed over the first axis: the latent is the last one, .sum(-1)": shape[1:],
            "the summed axis stays behind: no keepdim": (*shape[:-1], 1),
        }
        got = expect_tensor(returned, shape[:-1], f"the KL of Gaussians of shape {shape}", shapes)
        oracle = _oracle(before)
        mistakes = {hint: got} if hint else _wrong_kls(**before)
        if not torch.equal(answer(*(tensor.clone() for tensor in before.values())), got):
            mistakes = {"this changes from call to call: the closed form needs no samples": got}
        expect_close(got, oracle, "KL(q || p)", mistakes)
    single = {name: tensor[:1, :1] for name, tensor in before.items()}
    got = expect_tensor(answer(*single.values()), (1,), "the KL of a batch of one", {_BATCH_OF_ONE: ()})
    expect_close(got, _oracle(single), "KL of a batch of one")
    _expect_no_limits(answer)
    _expect_kl_gradient(answer, _gaussians((2, 3), seed=7))


def _oracle(gaussians: dict[str, Tensor]) -> Tensor:
    """KL(q || p) by torch.distributions, summed over the latent."""
    mean_q, std_q, mean_p, std_p = gaussians.values()
    return kl_divergence(Normal(mean_q, std_q), Normal(mean_p, std_p)).sum(-1)


def _expect_no_limits(answer: Answer) -> None:
    """No floor, no cap and no smallest spread: Gaussians that are equal, close, far apart, and sharp."""
    mean, std = torch.tensor([[0.3, -1.0, 2.0]]), torch.tensor([[0.5, 1.0, 2.0]])
    floor = "a KL has no floor, in all or in each dimension: free nats and clamps are left to exercise 8.3"
    cap = "a KL has no cap, in all or in each dimension: no clamp, however large it is"
    spread = "a standard deviation may be as small as 0.01: no smallest one, and no epsilon"
    cases = {
        "equal Gaussians": (mean, std, mean, std, floor),
        "Gaussians that are close": (mean, std, mean + 0.02, 1.05 * std, floor),
        "Gaussians that are far apart": (mean, std, mean + 40.0, std, cap),
        "sharp Gaussians": (mean, 0.01 * std, mean + 0.01, 0.02 * std, spread),
    }
    for what, (mean_q, std_q, mean_p, std_p, likely) in cases.items():
        gaussians = {"mean_q": mean_q, "std_q": std_q, "mean_p": mean_p, "std_p": std_p}
        got = expect_tensor(answer(*(tensor.clone() for tensor in gaussians.values())), (1,), f"the KL of {what}")
        expect_close(got, _oracle(gaussians), f"KL of {what}", {likely: got})


def _gaussians(shape: tuple[int, ...], seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "mean_q": torch.randn(shape, generator=generator),
        "std_q": 0.05 + torch.rand(shape, generator=generator),
        "mean_p": torch.randn(shape, generator=generator),
        "std_p": 0.5 + 2 * torch.rand(shape, generator=generator),
    }


def _wrong_kls(mean_q: Tensor, std_q: Tensor, mean_p: Tensor, std_p: Tensor) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    log, shift, one = torch.log(std_p / std_q), mean_q - mean_p, torch.ones_like(std_q)
    spread, distance = (std_q / std_p).square(), (shift / std_p).square()

    def total(log: Tensor = log, spread: Tensor = spread, distance: Tensor = distance, one: Tensor = one) -> Tensor:
        return (log + 0.5 * (spread + distance - one)).sum(-1)

    right = total()
    swapped = {"mean_q": mean_p, "std_q": std_p, "mean_p": mean_q, "std_p": std_q}
    return {
        "this is KL(p || q): q comes first, and σ_p is in the denominator": _oracle(swapped),
        "the logarithm is missing: add log(σ_p / σ_q)": total(log=0 * log),
        "the ½ is missing: it halves everything but log(σ_p / σ_q)": total(
            spread=2 * spread, distance=2 * distance, one=2 * one
        ),
        "the ½ is missing: it halves the whole bracket": 2 * right,
        "the ½ halves too much: log(σ_p / σ_q) = ½ log(σ_p² / σ_q²), with one ½, not two": total(log=log / 2),
        "the ½ halves too little: log(σ_p² / σ_q²) is twice log(σ_p / σ_q)": total(log=2 * log),
        "the -1 is missing: between equal Gaussians the KL is 0": total(one=0 * one),
        "the -1 belongs to each dimension: take it before the sum": right + 0.5 * (one.shape[-1] - 1),
        "½ is taken off after the bracket too: -1 is inside it": total(one=2 * one),
        "the logarithm has the wrong sign: log(σ_p / σ_q)": total(log=-log),
        "the distance of the means is missing": total(distance=0 * distance),
        "the ratio of the spreads is missing: σ_q² / σ_p²": total(spread=0 * spread),
        "the distance of the means is divided by σ_p, not by its square": total(distance=shift.square() / std_p),
        "the distance of the means is not squared": total(distance=shift / std_p),
        "the distance of the means is divided by σ_q²: it is σ_p² below": total(distance=(shift / std_q).square()),
        "the spreads are upside down: σ_q² / σ_p²": total(spread=1 / spread),
        "σ is given, not σ²: square the standard deviations": total(
            log=log / 2, spread=std_q / std_p, distance=shift.square() / std_p
        ),
        "the standard deviations are not squared: σ_q² / σ_p²": total(spread=std_q / std_p),
        "σ is given, not log σ": total(
            log=std_p - std_q, spread=(2 * (std_q - std_p)).exp(), distance=shift.square() / (2 * std_p).exp()
        ),
        "this is the mean over the latent: nats add up, .sum(-1)": right / one.shape[-1],
        "p is taken to be the standard Gaussian: it has a mean and a spread of its own": _oracle(
            {"mean_q": mean_q, "std_q": std_q, "mean_p": 0 * mean_p, "std_p": one}
        ),
        "the sign is wrong: a KL is never negative": -right,
        "in bits: use the natural logarithm": total(log=log / torch.log(torch.tensor(2.0))),
    }


def _expect_kl_gradient(answer: Answer, gaussians: dict[str, Tensor]) -> None:
    leaves = {name: tensor.requires_grad_() for name, tensor in gaussians.items()}
    got = answer(*leaves.values())
    cut = "a .detach(), torch.no_grad(), .item() or NumPy cuts the gradient: who is held still is decided elsewhere"
    expect(got.requires_grad, "a KL that has a gradient", "none", cut)
    weight = torch.tensor([1.0, -2.0])
    grads = torch.autograd.grad((weight * got).sum(), list(leaves.values()), allow_unused=True)
    rights = torch.autograd.grad((weight * _oracle(leaves)).sum(), list(leaves.values()))
    for name, gradient, right in zip(leaves, grads, rights, strict=True):
        gradient = torch.zeros_like(right) if gradient is None else gradient
        expect_close(gradient, right, f"gradient of the KL for {name}", {cut: gradient})
