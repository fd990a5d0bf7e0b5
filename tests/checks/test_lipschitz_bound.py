"""Exercise 3.6: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import numpy as np
import pytest
import torch

from wmcourse.checks import compounding_error as check
from wmcourse.checks.check import CheckFailed


def jacobians(step, z, actions, argument=0):
    return torch.func.vmap(torch.func.jacrev(step, argnums=argument))(z, actions)


def spectral(matrix):
    return torch.linalg.matrix_norm(matrix, ord=2)


def added_up(lipschitz, epsilon, horizon):
    bound, error = [], torch.zeros(()).double()
    for _ in range(horizon):
        error = lipschitz * error + epsilon
        bound.append(error)
    return torch.stack(bound)


def right_epsilon(step, z, actions, z_next):
    return (step(z, actions) - z_next).norm(dim=-1).max()


def right(step, z, actions, z_next, horizon):
    lipschitz, epsilon = spectral(jacobians(step, z, actions)).max(), right_epsilon(step, z, actions, z_next)
    return lipschitz, epsilon, added_up(lipschitz, epsilon, horizon)


def with_lipschitz(wrong):
    """L is `wrong(jacobians)`, and the bound follows from it."""

    def answer(step, z, actions, z_next, horizon):
        lipschitz, epsilon = wrong(jacobians(step, z, actions)), right_epsilon(step, z, actions, z_next)
        return lipschitz, epsilon, added_up(lipschitz, epsilon, horizon)

    return answer


def of(wrong):
    """L is `wrong(step, z, actions, z_next)`."""

    def answer(step, z, actions, z_next, horizon):
        lipschitz, epsilon = wrong(step, z, actions, z_next), right_epsilon(step, z, actions, z_next)
        return lipschitz, epsilon, added_up(lipschitz, epsilon, horizon)

    return answer


def with_epsilon(wrong):
    """epsilon is `wrong(errors)`, and the bound follows from it."""

    def answer(step, z, actions, z_next, horizon):
        lipschitz, epsilon = spectral(jacobians(step, z, actions)).max(), wrong(step(z, actions) - z_next)
        return lipschitz, epsilon, added_up(lipschitz, epsilon, horizon)

    return answer


def with_bound(wrong):
    """All right but the bound, `wrong(L, epsilon, horizon)`."""

    def answer(step, z, actions, z_next, horizon):
        lipschitz, epsilon, _ = right(step, z, actions, z_next, horizon)
        return lipschitz, epsilon, wrong(lipschitz, epsilon, horizon)

    return answer


def steps(first, count):
    return torch.arange(first, first + count)


def compared_pairs(step, z, actions, z_next):
    after = step(z, actions)
    if len(z) == 1:
        return spectral(jacobians(step, z, actions)).max()
    here, there = torch.triu_indices(len(z), len(z), 1)
    return ((after[here] - after[there]).norm(dim=-1) / (z[here] - z[there]).norm(dim=-1)).max()


def whole_batch(step, z, actions, z_next):
    return spectral(torch.autograd.functional.jacobian(lambda z: step(z, actions), z)).max()


def summed_outputs(step, z, actions, z_next):
    z = z.clone().requires_grad_()
    return torch.autograd.grad(step(z, actions).sum(), z)[0].norm(dim=-1).max()


def grad_of_a_vector(step, z, actions, z_next):
    z = z.clone().requires_grad_()
    return torch.autograd.grad(step(z, actions), z)[0].norm(dim=-1).max()


def epsilon_of(wrong):
    def answer(step, z, actions, z_next, horizon):
        lipschitz, epsilon = spectral(jacobians(step, z, actions)).max(), wrong(step, z, actions, z_next)
        return lipschitz, epsilon, added_up(lipschitz, epsilon, horizon)

    return answer


def changes_z(step, z, actions, z_next, horizon):
    z.requires_grad_()
    return right(step, z, actions, z_next, horizon)


def swaps_arguments(step, z, actions, z_next, horizon):
    return right(lambda z, a: step(a, z), z, actions, z_next, horizon)


def python_numbers(lipschitz, epsilon, horizon):
    lipschitz, epsilon = lipschitz.item(), epsilon.item()
    return torch.tensor([epsilon * (lipschitz**h - 1) / (lipschitz - 1) for h in range(1, horizon + 1)])


def closed(lipschitz, epsilon, horizon, first=1, shift=0):
    return epsilon * (lipschitz ** (steps(first, horizon) + shift) - 1) / (lipschitz - 1)


WRONG = {
    "mean singular value": (with_lipschitz(lambda j: torch.linalg.svdvals(j).mean(-1).max()), "mean of the singular"),
    "Frobenius over root Z": (
        with_lipschitz(lambda j: (j.square().sum((1, 2)) / j.shape[-1]).sqrt().max()),
        "root of the mean square of the singular",
    ),
    "row norm": (with_lipschitz(lambda j: j.norm(dim=-1).max()), "the largest norm of a row"),
    "column norm": (with_lipschitz(lambda j: j.norm(dim=-2).max()), "the largest norm of a column"),
    "wrong axes": (
        with_lipschitz(lambda j: torch.linalg.matrix_norm(j, ord=2, dim=(0, 1)).max()),
        "across points and outputs",
    ),
    "quantile": (with_lipschitz(lambda j: torch.quantile(spectral(j), 0.95)), "this is a quantile, 95 %"),
    "at z_next": (
        of(lambda step, z, a, after: spectral(jacobians(step, after, a)).max()),
        "the Jacobians at z_next",
    ),
    "relative": (
        epsilon_of(lambda step, z, a, after: ((step(z, a) - after).norm(dim=-1) / z.norm(dim=-1)).max()),
        "divided by the norm of z:",
    ),
    "change": (
        epsilon_of(lambda step, z, a, after: (step(z, a) - (after - z)).norm(dim=-1).max()),
        "the next latent itself, not a change",
    ),
    "1 + L": (with_bound(lambda L, e, H: e * (1 + L) ** steps(0, H)), r"by 1 \+ L"),
    "exp": (with_bound(lambda L, e, H: e * torch.exp(L * steps(1, H))), r"L\^h is not exp"),
    "chance": (with_bound(lambda L, e, H: 1 - (1 - e) ** steps(1, H)), "a chance of failure"),
    "Frobenius": (with_lipschitz(lambda j: torch.linalg.matrix_norm(j).max()), "this is the Frobenius norm:"),
    "norm": (with_lipschitz(lambda j: j.norm(dim=(1, 2)).max()), "this is the Frobenius norm:"),
    "spectral radius": (with_lipschitz(lambda j: torch.linalg.eigvals(j).abs().max()), "the spectral radius"),
    "real eigenvalue": (with_lipschitz(lambda j: torch.linalg.eigvals(j).real.max()), "real part of an eigenvalue"),
    "symmetric eigenvalue": (with_lipschitz(lambda j: torch.linalg.eigvalsh(j).max()), "of the symmetric part"),
    "smallest": (with_lipschitz(lambda j: torch.linalg.svdvals(j)[:, -1].max()), "the smallest singular value"),
    "nuclear": (with_lipschitz(lambda j: torch.linalg.matrix_norm(j, ord="nuc").max()), "sum of the singular values"),
    "squared": (
        with_lipschitz(lambda j: (j.mT @ j).flatten(1).shape and spectral(j.mT @ j).max()),
        "the square of the",
    ),
    "largest entry": (with_lipschitz(lambda j: j.abs().max()), "the largest entry"),
    "rows": (with_lipschitz(lambda j: j.abs().sum(-1).max()), "the largest sum of a row"),
    "columns": (with_lipschitz(lambda j: j.abs().sum(-2).max()), "the largest sum of a column"),
    "determinant": (with_lipschitz(lambda j: torch.linalg.det(j).abs().max()), "the determinant"),
    "mean": (with_lipschitz(lambda j: spectral(j).mean()), "this is the mean over the points: L"),
    "mean Frobenius": (with_lipschitz(lambda j: torch.linalg.matrix_norm(j).mean()), "and the Frobenius norm"),
    "first": (with_lipschitz(lambda j: spectral(j)[0]), "the first point alone"),
    "last": (with_lipschitz(lambda j: spectral(j)[-1]), "the last point alone"),
    "median": (with_lipschitz(lambda j: spectral(j).median()), "the median over the points"),
    "min": (with_lipschitz(lambda j: spectral(j).min()), "the smallest over the points"),
    "mean Jacobian": (with_lipschitz(lambda j: spectral(j.mean(0))), "the norm of the mean Jacobian"),
    "one below the other": (with_lipschitz(lambda j: spectral(j.flatten(0, 1))), "one below the other"),
    "minus identity": (with_lipschitz(lambda j: spectral(j - torch.eye(j.shape[-1])).max()), "of the change"),
    "each": (with_lipschitz(spectral), "take the largest with .max"),
    "vector": (with_lipschitz(lambda j: torch.linalg.vector_norm(j)), "one Frobenius norm of all Jacobians"),
    "with respect to the action": (
        of(lambda step, z, a, after: spectral(jacobians(step, z, a, 1)).max()),
        "with respect to the action",
    ),
    "with respect to both": (
        of(lambda step, z, a, after: spectral(torch.cat(jacobians(step, z, a, (0, 1)), -1)).max()),
        "with respect to z and the action together",
    ),
    "pairs": (of(compared_pairs), "this compares pairs of points"),
    "whole batch": (of(whole_batch), "L, for a step that stretches"),
    "summed outputs": (of(summed_outputs), "the gradient of the sum of the outputs"),
    "grad of a vector": (of(grad_of_a_vector), "a Jacobian for each point"),
    "growth of z": (
        of(lambda step, z, a, after: (step(z, a).norm(dim=-1) / z.norm(dim=-1)).max()),
        "compared with that",
    ),
    "epsilon mean": (with_epsilon(lambda e: e.norm(dim=-1).mean()), "this is the mean over the points: epsilon"),
    "epsilon sum": (with_epsilon(lambda e: e.norm(dim=-1).sum()), "the sum over the points"),
    "epsilon Frobenius": (with_epsilon(lambda e: e.norm()), "one norm of all points together"),
    "epsilon squared": (with_epsilon(lambda e: e.square().sum(-1).max()), "the norm is squared"),
    "RMSE": (with_epsilon(lambda e: e.square().mean().sqrt()), "the root of the mean squared error"),
    "MSE": (with_epsilon(lambda e: e.square().mean()), "the mean squared error"),
    "RMS over Z": (with_epsilon(lambda e: e.square().mean(-1).sqrt().max()), "the mean over Z before the root"),
    "largest dimension": (with_epsilon(lambda e: e.abs().max()), "a single dimension"),
    "sum of absolutes": (with_epsilon(lambda e: e.abs().sum(-1).max()), "sum of the absolute errors"),
    "across points": (with_epsilon(lambda e: e.norm(dim=0).max()), "the norm is taken across the points"),
    "epsilon first": (with_epsilon(lambda e: e[0].norm()), "the first point alone"),
    "epsilon each": (with_epsilon(lambda e: e.norm(dim=-1)[:, None]), "epsilon: a tensor of shape"),
    "world moves": (epsilon_of(lambda step, z, a, after: (after - z).norm(dim=-1).max()), "how far the world moves"),
    "model moves": (
        epsilon_of(lambda step, z, a, after: (step(z, a) - z).norm(dim=-1).max()),
        "how far the model moves",
    ),
    "no action": (
        epsilon_of(lambda step, z, a, after: (step(z, 0 * a) - after).norm(dim=-1).max()),
        "the actions have no effect",
    ),
    "division": (with_bound(closed), "for L = 1(.|\n)*0 / 0 at L = 1"),
    "division of floats": (with_bound(python_numbers), "0 / 0 at L = 1"),
    "guarded to zero": (with_bound(lambda L, e, H: closed(L, e, H).nan_to_num()), "0 / 0 at L = 1"),
    "division by a crumb": (
        with_bound(lambda L, e, H: e * (L ** steps(1, H) - 1) / (L - 1 + 1e-6)),
        "0 / 0 at L = 1",
    ),
    "L^(h + 1)": (with_bound(lambda L, e, H: closed(L, e, H, shift=1)), "a step early, one power too many"),
    "L^(h - 1)": (with_bound(lambda L, e, H: closed(L, e, H, shift=-1)), "a step late, it begins with 0"),
    "from 0": (with_bound(lambda L, e, H: closed(L, e, H, first=0)), "a step late, it begins with 0"),
    "from 0 to H": (
        with_bound(lambda L, e, H: torch.cat([torch.zeros(1).double(), added_up(L, e, H)])),
        "step 0 has no error, and is left out",
    ),
    "to H - 1": (with_bound(lambda L, e, H: added_up(L, e, H)[:-1]), "a step is missing"),
    "last step": (with_bound(lambda L, e, H: added_up(L, e, H)[-1]), "the last step alone"),
    "no epsilon": (with_bound(lambda L, e, H: added_up(L, e, H) / e), "epsilon is missing"),
    "from L^1": (with_bound(lambda L, e, H: L * added_up(L, e, H)), "the powers begin with L\\^1"),
    "first error alone": (with_bound(lambda L, e, H: e * L ** steps(0, H)), "only the first error grows:"),
    "first error alone, early": (with_bound(lambda L, e, H: e * L ** steps(1, H)), "and a step early"),
    "linear": (with_bound(lambda L, e, H: e * steps(1, H)), "each error stays as it is"),
    "h L^h": (with_bound(lambda L, e, H: e * steps(1, H) * L ** steps(1, H)), "as if each error had grown for h steps"),
    "epsilon + L^h": (with_bound(lambda L, e, H: e + L ** steps(1, H)), "epsilon is added once"),
    "limit": (with_bound(lambda L, e, H: (e / (1 - L)).expand(H)), "where the sum has ended"),
    "not divided": (with_bound(lambda L, e, H: e * (L ** steps(1, H) - 1)), "not divided by L - 1"),
    "without 1": (with_bound(lambda L, e, H: e * L ** steps(1, H) / (L - 1)), "the 1 is missing"),
    "sign": (with_bound(lambda L, e, H: -added_up(L, e, H)), "the wrong sign"),
    "bounds summed": (with_bound(lambda L, e, H: added_up(L, e, H).cumsum(0)), "of all steps so far are summed"),
    "two": (lambda *a: right(*a)[:2], "end with `return lipschitz, epsilon, bound`"),
    "bound alone": (lambda *a: right(*a)[2], "end with `return lipschitz, epsilon, bound`"),
    "swapped": (lambda *a: (right(*a)[1], right(*a)[0], right(*a)[2]), "the order is L, epsilon, bound"),
    "changes z": (changes_z, "a changed `z`"),
    "arguments": (swaps_arguments, "the latent comes first"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_mistake_is_named(name: str) -> None:
    wrong, message = WRONG[name]
    with pytest.raises(CheckFailed, match=message):
        check.lipschitz_bound(wrong)


def by_autograd(step, z, actions, z_next, horizon):
    rows = []
    leaf = z.clone().requires_grad_()
    for d in range(z.shape[1]):
        (row,) = torch.autograd.grad(step(leaf, actions)[:, d].sum(), leaf)
        rows.append(row)
    matrices = torch.stack(rows, 1).detach()
    lipschitz = torch.linalg.svd(matrices).S.max()
    epsilon = (step(z, actions) - z_next).pow(2).sum(1).sqrt().max()
    return (
        lipschitz,
        epsilon,
        epsilon * torch.stack([(lipschitz ** torch.arange(h)).sum() for h in range(1, horizon + 1)]),
    )


def point_by_point(step, z, actions, z_next, horizon):
    stretches, errors = [], []
    for point, action, real in zip(z, actions, z_next, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda x, action=action: step(x, action), point)
        stretches.append(float(np.linalg.norm(jacobian.numpy(), 2)))
        errors.append(float(torch.dist(step(point, action), real)))
    lipschitz, epsilon, bound = max(stretches), max(errors), []
    for _ in range(horizon):
        bound.append((lipschitz * bound[-1] if bound else 0.0) + epsilon)
    return lipschitz, epsilon, torch.tensor(bound)


def by_the_closed_form(step, z, actions, z_next, horizon):
    """Divides, but not where nothing is left to divide by."""
    lipschitz, epsilon, _ = right(step, z, actions, z_next, 1)
    h = torch.arange(1, horizon + 1)
    if abs(lipschitz - 1) < 1e-6:
        return lipschitz, epsilon, epsilon * h
    return [lipschitz, epsilon, epsilon * (lipschitz**h - 1) / (lipschitz - 1)]


def by_expm1(step, z, actions, z_next, horizon):
    lipschitz, epsilon, _ = right(step, z, actions, z_next, 1)
    h = torch.arange(1, horizon + 1)
    if lipschitz == 1:
        return lipschitz, epsilon, epsilon * h.double()
    if lipschitz == 0:
        return lipschitz, epsilon, epsilon.expand(horizon)
    return lipschitz, epsilon, epsilon * torch.expm1(h * torch.log(lipschitz)) / (lipschitz - 1)


def of_the_whole_batch(step, z, actions, z_next, horizon):
    """The Jacobian of all points at once has theirs along its diagonal, and so the largest of their norms."""
    whole = torch.func.jacfwd(lambda z: step(z, actions))(z).flatten(2).flatten(0, 1)
    lipschitz = spectral(whole)
    epsilon = torch.linalg.norm(step(z, actions) - z_next, axis=1).amax()
    return lipschitz, epsilon, epsilon * torch.cumsum(torch.pow(lipschitz, torch.arange(horizon)), 0)


def by_differences(step, z, actions, z_next, horizon):
    """Central differences, then NumPy's norm."""
    moves = 1e-6 * torch.eye(z.shape[1]).double()
    columns = [(step(z + move, actions) - step(z - move, actions)) / 2e-6 for move in moves]
    lipschitz = np.linalg.norm(torch.stack(columns, -1).numpy(), 2, axis=(1, 2)).max()
    epsilon = np.linalg.norm((step(z, actions) - z_next).numpy(), axis=1).max()
    return (
        lipschitz,
        epsilon,
        torch.tensor([epsilon * np.polyval(np.ones(h), lipschitz) for h in range(1, horizon + 1)]),
    )


def transposed(step, z, actions, z_next, horizon):
    """A matrix stretches as its transpose does; and the root of the largest eigenvalue of J J^T is the same norm."""
    matrices = torch.func.vmap(torch.func.jacrev(step))(z, actions).transpose(1, 2)
    lipschitz = torch.linalg.eigvalsh(matrices @ matrices.mT).clamp_min(0).sqrt().max()
    return lipschitz, *right(step, z, actions, z_next, horizon)[1:]


@pytest.mark.parametrize(
    "answer",
    [right, by_autograd, point_by_point, by_the_closed_form, by_expm1, of_the_whole_batch, by_differences, transposed],
)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.lipschitz_bound(answer)
