"""Exercise 6.1: a population acts."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from wmcourse.exercises import Draw, Exercise
from wmcourse.exercises.draw import Case


def populations(draw: Draw) -> Iterator[Case]:
    """Small ones, then one member, one rollout, one action; biases alone; tiny weights; all 867 parameters."""
    for (members, rollouts, latent, hidden, actions), weight, feature in (
        ((4, 5, 2, 3, 6), 1.0, 1.0),
        ((3, 6, 4, 1, 2), 10.0, 1.0),
        ((1, 4, 3, 5, 3), 1.0, 1.0),
        ((5, 1, 1, 2, 4), 1.0, 30.0),
        ((1, 1, 1, 1, 3), 1.0, 1.0),
        ((2, 4, 3, 1, 1), 1.0, 1.0),
        ((6, 2, 2, 4, 5), 1.0, 0.0),
        ((3, 5, 4, 6, 4), 1e-6, 1e-2),
        ((4, 2, 32, 256, 3), 0.1, 1.0),
    ):
        yield {
            "population": draw.normal(members, actions * (latent + hidden + 1), scale=weight),
            "latent": draw.normal(members, rollouts, latent, scale=feature),
            "hidden": draw.uniform(members, rollouts, hidden, low=-1.0) * feature,
            "action_dim": actions,
        }


def by_loops(population: Tensor, latent: Tensor, hidden: Tensor, action_dim: int) -> Tensor:
    """Member by member, rollout by rollout, action by action, number by number."""
    chosen = torch.zeros(latent.shape[:2], dtype=torch.int64)
    for m, vector in enumerate(population.tolist()):
        for r in range(latent.shape[1]):
            seen = [*latent[m, r].tolist(), *hidden[m, r].tolist(), 1.0]
            preferences = [
                sum(vector[a * len(seen) + j] * number for j, number in enumerate(seen)) for a in range(action_dim)
            ]
            chosen[m, r] = preferences.index(max(preferences))
    return chosen


BATCHED = "a product for each member is (M, R, F) @ (M, F, A), with F = Z + H and A = action_dim"
ERRORS = ("must match the size of tensor", "Expected size for first two dimensions", "shapes cannot be multiplied")
linear_policy = Exercise("6.1", by_loops, populations, learns=(), unseen=False, advice=dict.fromkeys(ERRORS, BATCHED))


def of_tables(wrong: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """`wrong` makes the answer of the tables (M, A, F + 1), z and h."""

    def act(population: Tensor, latent: Tensor, hidden: Tensor, action_dim: int) -> Tensor:
        return wrong(population.unflatten(-1, (action_dim, -1)), latent, hidden)

    return act


def scores(table: Tensor, *seen: Tensor) -> Tensor:
    """Preferences (M, R, A), the last column of a table being what is always there."""
    features = torch.cat([*seen, torch.ones_like(seen[0][..., :1])], -1)
    return torch.einsum("maf,mrf->mra", table, features)


def transposed(table: Tensor) -> Tensor:
    """The same numbers, row by row into a table with a column for each action."""
    return table.reshape(len(table), table.shape[2], table.shape[1]).mT


def biases_last(table: Tensor) -> Tensor:
    """The same numbers, all weights first and then all biases."""
    actions = table.shape[1]
    weights, bias = table.flatten(1)[:, :-actions], table.flatten(1)[:, -actions:]
    return torch.cat([weights.unflatten(-1, (actions, -1)), bias[..., None]], -1)


ACTING: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "the bias is missing": lambda W, z, h: scores(W[..., :-1], z, h[..., :-1], h[..., -1:]).argmax(-1),
    "the order is [z, h]": lambda W, z, h: scores(W, h, z).argmax(-1),
    "the bias is the last number of a row, not the first": lambda W, z, h: scores(W.roll(-1, -1), z, h).argmax(-1),
    "a row of the table belongs to an action: (A, F + 1), not (F + 1, A)": (
        lambda W, z, h: scores(transposed(W), z, h).argmax(-1)
    ),
    "each row ends with its bias: they do not stand together at the end": (
        lambda W, z, h: scores(biases_last(W), z, h).argmax(-1)
    ),
    "every member acts with the weights of the first": lambda W, z, h: scores(W[:1].expand_as(W), z, h).argmax(-1),
    "the largest preference wins, not the smallest": lambda W, z, h: scores(W, z, h).argmin(-1),
    "these are the preferences: which action has the largest? .argmax(-1)": lambda W, z, h: scores(W, z, h),
    "tanh makes large numbers alike: compare the numbers themselves": (
        lambda W, z, h: scores(W, z, h).tanh().argmax(-1)
    ),
    "this is how large the preference is, not which action it belongs to": lambda W, z, h: scores(W, z, h).amax(-1),
}
for words, wrong in ACTING.items():
    linear_policy.mistake(words)(of_tables(wrong))
