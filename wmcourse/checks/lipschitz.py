"""The checker of exercise 3.6: how far a rollout can be off, from one step's error and the step's steepest stretch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.checks.check import CheckFailed, checker, describe, expect, expect_close, expect_tensor, expect_unchanged
from wmcourse.checks.jacobian import Bend, Pairs, steepest, wrong_lipschitz

Answer = Callable[..., Any]

_POINT = "a Jacobian for each point: torch.func.vmap(torch.func.jacrev(step))(z, actions), or a loop over the points"
_DIVISION = "(L^h - 1) / (L - 1) is 0 / 0 at L = 1: sum the powers L^0 + ... + L^(h-1)"
_HARD_CODED = "the first example was right: a number or a size is hard-coded"
_ADVICE = {
    "must match the size of tensor": "z and z_next are (N, Z), actions are (N, A)",
    "division by zero": _DIVISION,
    "grad can be implicitly created only for scalar": _POINT,
    "must be a matrix": _POINT,
    "must have at least 2 dimensions": _POINT,
    "must be batches of square matrices": "singular values, not eigenvalues: torch.linalg.matrix_norm(jacobian, ord=2)",
    "elements cannot be converted to Scalar": "one number for all points: take the largest with .max()",
}


@checker("3.6", _ADVICE)
def lipschitz_bound(answer: Answer) -> None:
    """Oracles: Jacobians by hand, their stretch by power iteration, and the bound by its recursion e' = L e + eps."""
    shear = torch.tensor([[-0.5, 1.2, 0.2], [-0.7, -0.6, 0.9], [0.1, 0.2, -0.8]], dtype=torch.float64)
    bend = Bend(shear, torch.tensor([1.3, -0.8, 0.9]).double(), torch.tensor([[2.0], [-1.5], [0.7]]).double())
    _expect_bound(answer, bend, points=6, horizon=6, what="a step that stretches")
    still = torch.zeros(2, dtype=torch.float64)
    push = torch.eye(2, dtype=torch.float64)
    shrink = Bend(torch.tensor([[0.3, 0.4], [0.0, 0.2]], dtype=torch.float64), still, push)
    _expect_bound(answer, shrink, points=1, horizon=40, what="a step that shrinks", hint=_HARD_CODED)
    _expect_bound(answer, Bend(push, still, push), points=3, horizon=8, what="L = 1", hint=_DIVISION)
    near = Bend((1 + 1e-9) * push, still, push)
    _expect_bound(answer, near, points=3, horizon=8, what="L = 1 + 1e-9", hint=_DIVISION)
    _expect_bound(answer, bend, points=2, horizon=1, what="a horizon of 1", hint=_HARD_CODED)


def _expect_bound(answer: Answer, step: Bend, points: int, horizon: int, what: str, hint: str = "") -> None:
    pairs = _pairs(step, points)
    given = Pairs(*(tensor.clone() for tensor in pairs))
    result = answer(step, *given, horizon)
    expect_unchanged(given._asdict(), pairs._asdict())
    got = _three(result, points, horizon, what)
    lipschitz, epsilon = steepest(step, pairs), _largest_error(step, pairs)
    bound, error = [], 0.0
    for _ in range(horizon):
        error = lipschitz * error + epsilon
        bound.append(error)
    rights = {"L": torch.tensor(lipschitz), "epsilon": torch.tensor(epsilon), "the bound": torch.tensor(bound)}
    if hint:
        wrong = {"L": {_HARD_CODED: got["L"]}, "epsilon": {_HARD_CODED: got["epsilon"]}}
        wrong["the bound"] = {hint: got["the bound"]}
    else:
        order = "the order is L, epsilon, bound"
        wrong = {
            "L": {**wrong_lipschitz(step, pairs), f"this is epsilon: {order}": rights["epsilon"]},
            "epsilon": {**_wrong_epsilon(step, pairs), f"this is L: {order}": rights["L"]},
            "the bound": _wrong_bounds(lipschitz, epsilon, horizon),
        }
    for name, right in rights.items():
        expect_close(got[name], right, f"{name}, for {what}", wrong[name])


def _pairs(step: Bend, points: int) -> Pairs:
    generator = torch.Generator().manual_seed(379)
    size, width = len(step.matrix), step.push.shape[1]
    z = torch.randn(points, size, generator=generator).double()
    actions = torch.randn(points, width, generator=generator).double()
    missed = torch.randn(points, size, generator=generator).double()
    return Pairs(z, actions, step(z, actions) + 0.2 * missed)


def _three(result: Any, points: int, horizon: int, what: str) -> dict[str, Tensor]:
    wanted = "a tuple of three: L, epsilon and the bound (H,)"
    expect(result is not None, wanted, "None", "the function has no return statement")
    if not isinstance(result, tuple | list) or len(result) != 3:
        several = isinstance(result, tuple | list)
        got = f"a {type(result).__name__} of {len(result)}" if several else describe(result)
        raise CheckFailed(wanted, got, "end with `return lipschitz, epsilon, bound`")
    largest = "one number for all points: take the largest with .max()"
    shapes = {largest: (points,), "a tensor of no axes, not of one": (1,)}
    shapes = {text: shape for text, shape in shapes.items() if points > 1 or shape == (1,)}
    found = {}
    for name, value in zip(("L", "epsilon"), result, strict=False):
        value = torch.tensor(value, dtype=torch.float64) if isinstance(value, float) else value
        found[name] = expect_tensor(value, (), name, shapes)
    steps = {
        "step 0 has no error, and is left out: h = 1 ... H": (horizon + 1,),
        "a step is missing: h = 1 ... H": (horizon - 1,),
        "this is the last step alone: one bound for each h = 1 ... H": (),
        "one epsilon for all points, the largest": (points, horizon),
    }
    bound = result[2]
    lost = isinstance(bound, Tensor) and tuple(bound.shape) == (horizon,) and not bool(bound.isfinite().all())
    expect(not lost, f"the bound, for {what}: finite numbers", describe(bound), _DIVISION)
    found["the bound"] = expect_tensor(bound, (horizon,), "the bound", steps)
    return found


def _largest_error(step: Bend, pairs: Pairs) -> float:
    missed = (step(pairs.z, pairs.actions) - pairs.z_next).tolist()
    return max(sum(part**2 for part in row) ** 0.5 for row in missed)


def _wrong_epsilon(step: Bend, pairs: Pairs) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    z, actions, after = pairs
    missed = step(z, actions) - after
    norms = missed.norm(dim=-1)
    most, name = "epsilon is the largest over all points", "epsilon is a Euclidean norm over Z"
    return {
        f"this is the mean over the points: {most}": norms.mean(),
        f"this is the sum over the points: {most}": norms.sum(),
        f"this is the median over the points: {most}": norms.median(),
        f"this is the first point alone: {most}": norms[0],
        f"this is the last point alone: {most}": norms[-1],
        f"this is the smallest over the points: {most}": norms.min(),
        f"this is one norm of all points together: {most}": missed.norm(),
        f"this is the spectral norm of all errors together: {most}": torch.linalg.matrix_norm(missed, ord=2),
        f"the root of the mean squared error over points and dimensions: {most}": missed.square().mean().sqrt(),
        f"the mean squared error: {most}, a norm": missed.square().mean(),
        f"the norm is squared: {name}": norms.square().max(),
        f"the mean over Z before the root: {name}": missed.square().mean(-1).sqrt().max(),
        f"the mean of the squares over Z: {name}": missed.square().mean(-1).max(),
        f"the largest error in a single dimension: {name}": missed.abs().max(),
        f"the sum of the absolute errors: {name}": missed.abs().sum(-1).max(),
        f"the mean of the absolute errors over Z: {name}": missed.abs().mean(-1).max(),
        f"the norm is taken across the points: {name}": missed.norm(dim=0).max(),
        "this is how far the world moves: compare z_next with step(z, actions)": (after - z).norm(dim=-1).max(),
        "this is how far the model moves: compare it with z_next": (step(z, actions) - z).norm(dim=-1).max(),
        "the actions have no effect: step(z, actions)": (step(z, 0 * actions) - after).norm(dim=-1).max(),
        f"this is a quantile, 95 %, over the points: {most}": torch.quantile(norms, 0.95),
        f"this is a quantile, 90 %, over the points: {most}": torch.quantile(norms, 0.9),
        "step gives the next latent itself, not a change: compare it with z_next": (
            (step(z, actions) - (after - z)).norm(dim=-1).max()
        ),
        "divided by the norm of z: take the error itself": (norms / z.norm(dim=-1)).max(),
        "divided by the norm of z_next: take the error itself": (norms / after.norm(dim=-1)).max(),
    }


def _wrong_bounds(lipschitz: float, epsilon: float, horizon: int) -> dict[str, Tensor]:
    """What the usual mistakes lead to."""
    powers = torch.tensor([lipschitz**k for k in range(horizon + 2)], dtype=torch.float64)
    sums = epsilon * torch.cat([torch.zeros(1).double(), powers.cumsum(0)])  # h = 0 ... H + 2
    terms = "h terms, epsilon * (L^0 + ... + L^(h-1))"
    count = torch.arange(1, horizon + 1).double()
    alternating = torch.tensor([(-lipschitz) ** k for k in range(horizon)], dtype=torch.float64)
    return {
        f"the bound comes a step late, it begins with 0: {terms}": sums[:horizon],
        f"the bound comes a step early, one power too many: {terms}": sums[2 : horizon + 2],
        f"epsilon is missing: {terms}": sums[1 : horizon + 1] / epsilon,
        f"epsilon counts twice: {terms}": sums[1 : horizon + 1] * epsilon,
        f"the powers begin with L^1: {terms}": lipschitz * sums[1 : horizon + 1],
        f"only the first error grows: a new one comes with every step, {terms}": epsilon * powers[:horizon],
        f"only the first error grows, and a step early: {terms}": epsilon * powers[1 : horizon + 1],
        f"each error stays as it is: they grow with L, {terms}": epsilon * count,
        f"as if each error had grown for h steps: {terms}": epsilon * count * powers[1 : horizon + 1],
        f"as if each error had grown for h - 1 steps: {terms}": epsilon * count * powers[:horizon],
        f"epsilon is added once, not in every step: {terms}": epsilon + powers[1 : horizon + 1],
        f"this is the bound where the sum has ended, epsilon / (1 - L): {terms}": torch.full(
            (horizon,), epsilon / (1 - lipschitz) if lipschitz != 1 else 0.0, dtype=torch.float64
        ),
        f"L^h - 1 is not divided by L - 1: {terms}": epsilon * (powers[1 : horizon + 1] - 1),
        f"L^h is divided by L - 1, the 1 is missing: {terms}": epsilon
        * powers[1 : horizon + 1]
        / (lipschitz - 1 if lipschitz != 1 else 1),
        f"as if each step stretched errors by 1 + L: {terms}": epsilon * (1 + lipschitz) ** (count - 1),
        f"L^h is not exp(L h): {terms}": epsilon * torch.exp(lipschitz * count),
        f"1 - (1 - epsilon)^h is a chance of failure, no distance: {terms}": 1 - (1 - epsilon) ** count,
        f"the bound has the wrong sign: {terms}": -sums[1 : horizon + 1],
        f"the signs alternate: {terms}": epsilon * alternating.cumsum(0),
        "the bounds of all steps so far are summed": sums[1 : horizon + 1].cumsum(0),
        "the last bound stands at every step": sums[horizon].expand(horizon),
        "the order of the horizons is reversed": sums[1 : horizon + 1].flip(0),
    }
