"""A step in the code of an autoencoder, and the remedies for how its errors compound."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor, nn

from wmcourse.models.protocol import map_state
from wmcourse.nets.latents import Temperature, is_greedy
from wmcourse.nets.mlp import mlp
from wmcourse.nets.noise import normal

TICKS = 12
"""Steps since the last look that a clock tells apart."""


@dataclass(frozen=True)
class TransitionConfig:
    """A one-step model by default; each remedy is a field that is not its default."""

    loss_steps: int = 1
    """A multi-step loss: steps of free rollout that each loss goes through."""
    noise: float = 0.0
    """Noise-robust training: standard deviation of what is added to the latents that a loss starts from."""
    memory_dim: int = 0
    """A recurrent latent: units of a GRU that remembers earlier latents and actions; 0 for none."""
    clock: bool = False
    """No remedy but a disease: an output layer of its own for each number of steps since the last look."""
    hidden_dim: int = 128


class LatentState(NamedTuple):
    """What the model knows. The parts that a model does without have no columns."""

    latent: Float[Tensor, "*batch latent"]
    push: Float[Tensor, "*batch push"]
    """With two frames: the action between them, whose effect they do not show yet."""
    memory: Float[Tensor, "*batch memory"]
    clock: Float[Tensor, "*batch clock"]
    """Steps since the last look."""

    @property
    def features(self) -> Float[Tensor, "*batch feature"]:
        """All of it side by side."""
        return torch.cat(self, dim=-1)


class Transition(nn.Module):
    """z' = z + f(z, a, ...), learned from encoded episodes."""

    residual: Tensor

    def __init__(self, config: TransitionConfig, *, latent_dim: int, action_dim: int, keeps_push: bool) -> None:
        super().__init__()
        self.config = config
        self.latent_dim = latent_dim
        self.push_dim = action_dim if keeps_push else 0
        known, hidden = latent_dim + self.push_dim + action_dim, config.hidden_dim
        if config.memory_dim:
            self.inflow = nn.Sequential(nn.Linear(known, hidden), nn.ELU())
            self.gru = nn.GRUCell(hidden, config.memory_dim)
        outputs = latent_dim * (TICKS if config.clock else 1)
        self.change = mlp(known + config.memory_dim, hidden, outputs, layers=1 if config.memory_dim else 2)
        self.register_buffer("residual", torch.zeros(latent_dim))
        """Standard deviation of the one-step error of each latent."""

    def initial(self, batch_size: int) -> LatentState:
        """Zeros: the mean latent, nothing done, nothing remembered."""
        sizes = (self.latent_dim, self.push_dim, self.config.memory_dim, int(self.config.clock))
        return LatentState(*(self.residual.new_zeros(batch_size, size) for size in sizes))

    def remember(self, state: LatentState, action: Float[Tensor, "batch action"]) -> Float[Tensor, "batch memory"]:
        """h' = GRU([z, a], h), or nothing."""
        if not self.config.memory_dim:
            return state.memory
        return self.gru(self.inflow(torch.cat([state.latent, state.push, action], dim=-1)), state.memory)

    def look(
        self, state: LatentState, action: Float[Tensor, "batch action"] | None, latent: Float[Tensor, "batch latent"]
    ) -> LatentState:
        """Take `action` and find `latent`. Without an action an episode begins: nothing is remembered then."""
        if action is None:
            return self.initial(len(latent))._replace(latent=latent)
        memory = self.remember(state, action)
        return LatentState(latent, action[:, : self.push_dim], memory, torch.zeros_like(state.clock))

    def advance(self, state: LatentState, action: Float[Tensor, "batch action"]) -> LatentState:
        """Take `action` and expect where it leads."""
        memory = self.remember(state, action)
        change = self.change(torch.cat([state.latent, state.push, action, memory], dim=-1))
        latent = _told_by_clock(change, state.clock) if self.config.clock else state.latent + change
        return LatentState(latent, action[:, : self.push_dim], memory, state.clock + 1)

    def follow(
        self, latents: Float[Tensor, "batch steps latent"], actions: Float[Tensor, "batch time action"]
    ) -> LatentState:
        """The closed loop along encoded episodes: the states (B, T, ...) from which each of the T actions is taken."""
        state = self.look(self.initial(len(latents)), None, latents[:, 0])
        states = [state]
        for t in range(actions.shape[1] - 1):
            state = self.look(state, actions[:, t], latents[:, t + 1])
            states.append(state)
        return map_state(lambda *fields: torch.stack(fields, dim=1), *states)

    def loss(
        self,
        latents: Float[Tensor, "batch steps latent"],
        actions: Float[Tensor, "batch time action"],
        lengths: Int[Tensor, " batch"],
        generator: Generator | None = None,
    ) -> Float[Tensor, ""]:
        """Squared error of the latents over the next `loss_steps` steps of free rollout, from every step on.

        `latents` (B, T+1, Z) are encoded episodes of `lengths` steps, padded; the gradient goes through the rollout.
        """
        shown = latents
        if self.config.noise:
            shown = latents + self.config.noise * normal(latents, generator)
        state = map_state(lambda part: part.flatten(0, 1), self.follow(shown, actions))
        time = torch.arange(actions.shape[1], device=lengths.device)
        error, counted = latents.new_zeros(()), 0
        for k in range(self.config.loss_steps):
            state = self.advance(state, _later(actions, k))
            real = (time + k < lengths[:, None]).flatten()
            error = error + ((state.latent - _later(latents[:, 1:], k)).square().mean(-1) * real).sum()
            counted += int(real.sum())
        return error / counted

    @torch.no_grad()
    def fit_residual(
        self,
        latents: Float[Tensor, "batch steps latent"],
        actions: Float[Tensor, "batch time action"],
        real: Bool[Tensor, "batch time"],
    ) -> None:
        """Measure the one-step error where an episode is `real`: what a temperature will multiply."""
        states = map_state(lambda part: part.flatten(0, 1), self.follow(latents, actions))
        error = self.advance(states, actions.flatten(0, 1)).latent - latents[:, 1:].flatten(0, 1)
        self.residual.copy_(error[real.flatten()].square().mean(0).sqrt())

    def perturbed(self, state: LatentState, temperature: Temperature) -> LatentState:
        """Add noise of `temperature` times the size of the one-step error to the latent."""
        if is_greedy(temperature):
            return state
        return state._replace(latent=state.latent + temperature * self.residual * torch.randn_like(state.latent))


def _told_by_clock(outputs: Float[Tensor, "batch column"], clock: Float[Tensor, "batch 1"]) -> Tensor:
    """The layer of the right hour says where the code will be, not how it changes."""
    hours = outputs.unflatten(-1, (TICKS, -1))
    return hours[torch.arange(len(hours), device=hours.device), clock[:, 0].long().clamp(max=TICKS - 1)]


def _later(sequence: Float[Tensor, "batch time column"], steps: int) -> Float[Tensor, "rows column"]:
    """The sequence from `steps` later on, padded with zeros to its length, batch and time in one axis."""
    padding = sequence.new_zeros(len(sequence), min(steps, sequence.shape[1]), sequence.shape[-1])
    return torch.cat([sequence[:, steps:], padding], dim=1).flatten(0, 1)
