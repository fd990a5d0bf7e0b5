"""How far apart two places are: straight through the wall, around it, and as an embedding sees it."""

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.envs.two_rooms import WALL_X, Tasks, draw_rooms, draw_tasks, is_free
from wmcourse.models.protocol import WorldModel, features_of, first_look

STOPS = 41
"""Heights at which a way may enter and leave the doorway."""
_LINE = torch.arange(0.0, 64.0, 0.5)


def around(start: Float[Tensor, "batch 2"], goal: Float[Tensor, "batch 2"]) -> Float[Tensor, " batch"]:
    """Length in pixels of the shortest way between two rooms: straight to the doorway, through it, and straight on."""
    sides = torch.stack([start, goal])
    order = sides[..., 0].argsort(dim=0)  # (2, B): who is on the left
    left, right = (sides.gather(0, row[None, :, None].expand(1, -1, 2))[0] for row in order)
    enters, leaves = doorway()
    ways = torch.cdist(left, enters)[:, :, None] + torch.cdist(enters, leaves) + torch.cdist(right, leaves)[:, None, :]
    return ways.flatten(1).amin(dim=1)


def doorway() -> tuple[Float[Tensor, "stop 2"], Float[Tensor, "stop 2"]]:
    """Places where a dot's center can enter the doorway from the left, and leave it to the right."""
    across = torch.stack([_LINE, torch.full_like(_LINE, 5.0)], dim=-1)  # above the door: where the wall stops a dot
    stopped = _LINE[~is_free(across)]
    stopped = stopped[(stopped - WALL_X).abs() < 10]
    down = _LINE[is_free(torch.stack([torch.full_like(_LINE, WALL_X), _LINE], dim=-1))]
    heights = torch.linspace(down.min().item(), down.max().item(), STOPS)
    edges = (stopped.min() - 0.5, stopped.max() + 0.5)
    enters, leaves = (torch.stack([edge.expand(STOPS), heights], dim=-1) for edge in edges)
    return enters, leaves


@torch.no_grad()
def seen_distance(
    model: WorldModel | None, start: Float[Tensor, "batch 2"], goal: Float[Tensor, "batch 2"]
) -> Float[Tensor, " batch"]:
    """Distance of the model's embeddings of two pictures; without a model, of the pictures themselves."""
    pictures = draw_rooms(start), draw_rooms(goal)
    if model is None:
        return (pictures[0] - pictures[1]).flatten(1).norm(dim=1)
    one, other = (features_of(first_look(model, each, 0.0)) for each in pictures)
    return (one - other).norm(dim=1)


def correlations(model: WorldModel | None, *, pairs: int = 500, seed: int = 0) -> dict[str, float]:
    """Of the embedding's distance with each of the two ways between the rooms, where the other one is held fixed.

    These are partial correlations: what one explains of that which the other has left.
    """
    tasks: Tasks = draw_tasks(pairs, Generator().manual_seed(seed))
    measured = torch.stack([seen_distance(model, *tasks), (tasks.start - tasks.goal).norm(dim=1), around(*tasks)])
    table = torch.corrcoef(measured.double())

    def partial(of: int, given: int) -> float:
        left = (1 - table[0, given] ** 2) * (1 - table[of, given] ** 2)
        return ((table[0, of] - table[0, given] * table[of, given]) / left.sqrt()).item()

    return {"straight": partial(1, 2), "around": partial(2, 1)}
