"""The slowest number in an embedding: slow feature analysis (Wiskott & Sejnowski 2002), linear, of given embeddings."""

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.data.walks import take_walks
from wmcourse.envs.two_rooms import DOOR_Y, WALL_X, draw_rooms, free_positions
from wmcourse.models.jepa import JEPA

WALKS, STEPS = 200, 8
LEAST = 1e-9
"""Added to variances, so that a direction that is not used does not count as slow."""


def slowest(embeddings: Float[Tensor, "walk steps latent"]) -> Float[Tensor, " latent"]:
    """The direction of unit variance that changes least from step to step: the smallest generalized eigenvector."""
    rows, steps = embeddings.double().flatten(0, 1), embeddings.double().diff(dim=1).flatten(0, 1)
    spread = rows.T.cov() + LEAST * torch.eye(rows.shape[1], dtype=torch.float64)
    inverse = torch.linalg.inv(torch.linalg.cholesky(spread))
    _, directions = torch.linalg.eigh(inverse @ (steps.T @ steps / len(steps)) @ inverse.T)
    return (inverse.T @ directions[:, 0]).float()


@torch.no_grad()
def slow_number(model: JEPA, *, places: int = 300, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Places (N, 2) and the slowest number there, centered, of unit variance, larger on the right."""
    generator = Generator().manual_seed(seed)
    walks = take_walks(WALKS, STEPS, generator).positions
    direction = slowest(torch.stack([model.encode(draw_rooms(at)) for at in walks.unbind(1)], dim=1))
    found = free_positions(places, generator)
    number = model.encode(draw_rooms(found)) @ direction
    number = (number - number.mean()) / number.std()
    right = found[:, 0] > found[:, 0].mean()
    return found, number * (number[right].mean() - number[~right].mean()).sign()


def way_to_door(places: Float[Tensor, "place 2"]) -> Float[Tensor, " place"]:
    """Pixels to the middle of the door, negative in the left room."""
    door = torch.tensor([WALL_X, DOOR_Y])
    return (places - door).norm(dim=1) * (places[:, 0] - WALL_X).sign()


def within_a_room(
    places: Float[Tensor, "place 2"], number: Float[Tensor, " place"], other: Float[Tensor, " place"]
) -> float:
    """Correlation of two numbers in each room by itself, on average."""
    sides = [places[:, 0] < WALL_X, places[:, 0] > WALL_X]
    return sum(torch.corrcoef(torch.stack([number[side], other[side]]))[0, 1].item() for side in sides) / 2
