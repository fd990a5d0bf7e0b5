"""Behavioral cloning: a small network learns to do what an expert would do (Pomerleau 1991)."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Generator, Tensor, nn

from wmcourse.models.protocol import WorldModel, features_of
from wmcourse.nets.mlp import Normalizer, mlp
from wmcourse.nets.optimize import hold_then_fall


@dataclass(frozen=True)
class ImitationConfig:
    """The network and its training, the same whatever it reads."""

    hidden_dim: int = 128
    updates: int = 3000
    batch_size: int = 256
    lr: float = 2e-3
    log_every: int = 100
    seed: int = 0


class Controller(nn.Module):
    """Features (*batch, F) to the logits of two actions (*batch, 2)."""

    def __init__(self, feature_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.normalizer = Normalizer((feature_dim,))
        self.network = mlp(feature_dim, hidden_dim, 2, layers=2)

    def forward(self, features: Float[Tensor, "*batch feature"]) -> Float[Tensor, "*batch 2"]:
        """Logits of [left, right]."""
        return self.network(self.normalizer(features))


class Imitated(NamedTuple):
    """A controller and how it learned."""

    controller: Controller
    history: list[dict[str, float]]
    """Loss in nats and accuracy on held-out rows, every `log_every` updates."""


@torch.enable_grad()
def imitate(
    features: Float[Tensor, "rows feature"],
    actions: Float[Tensor, "rows 2"],
    held_out: tuple[Float[Tensor, "held feature"], Float[Tensor, "held 2"]],
    config: ImitationConfig | None = None,
) -> Imitated:
    """Maximize the log-probability of the expert's one-hot `actions`; `held_out` is only measured on."""
    how = ImitationConfig() if config is None else config
    generator = Generator().manual_seed(how.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(how.seed)
        controller = Controller(features.shape[1], how.hidden_dim).to(features.device)
    controller.normalizer.fit(features)
    optimizer, history = torch.optim.Adam(controller.parameters()), []
    for update in range(1, how.updates + 1):
        optimizer.param_groups[0]["lr"] = how.lr * hold_then_fall(update, how.updates, hold=0.0, final=0.0)
        rows = torch.randint(len(features), (how.batch_size,), generator=generator)
        loss = F.cross_entropy(controller(features[rows]), actions[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if update % how.log_every == 0 or update == 1:
            history.append({"update": update, **held_out_scores(controller, *held_out)})
    return Imitated(controller.eval(), history)


@torch.no_grad()
def held_out_scores(
    controller: Controller, features: Float[Tensor, "rows feature"], actions: Float[Tensor, "rows 2"]
) -> dict[str, float]:
    """Loss in nats, and the share of rows in which the likelier action is the expert's."""
    logits = controller(features)
    return {"loss": F.cross_entropy(logits, actions).item(), "accuracy": agrees(logits, actions).float().mean().item()}


def agrees(logits: Float[Tensor, "*batch 2"], actions: Float[Tensor, "*batch 2"]) -> Bool[Tensor, "*batch"]:
    """Is the likelier action the expert's?"""
    return logits.argmax(-1) == actions.argmax(-1)


class StatePolicy:
    """A controller that is shown the true state."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller

    def initial(self, batch_size: int) -> None:
        """No memory."""
        return None

    def act(
        self, memory: None, observation: Float[Tensor, "batch state"], *, greedy: bool = True
    ) -> tuple[Float[Tensor, "batch 2"], None]:
        """The likelier action, or a draw."""
        return choose(self.controller(observation), greedy), None


class BeliefPolicy:
    """A controller that reads a world model's belief; the model follows what is seen."""

    def __init__(self, model: WorldModel, controller: Controller) -> None:
        self.model, self.controller = model, controller

    def initial(self, batch_size: int) -> tuple[Any, None]:
        """Belief and last action, before anything was seen or done."""
        return self.model.initial(batch_size), None

    @torch.no_grad()
    def act(
        self,
        memory: tuple[Any, Tensor | None],
        observation: Float[Tensor, "batch *observation"],
        *,
        greedy: bool = True,
    ) -> tuple[Float[Tensor, "batch 2"], tuple[Any, Tensor]]:
        """Look, then the likelier action, or a draw. The observation may be on another device than the belief."""
        state = self.model.observe(memory[0], memory[1], observation.to(memory[0][0].device), temperature=0.0)
        action = choose(self.controller(features_of(state)), greedy)
        return action, (state, action)


def choose(logits: Float[Tensor, "batch 2"], greedy: bool) -> Float[Tensor, "batch 2"]:
    """One-hot: the likelier action, or a draw."""
    index = logits.argmax(-1) if greedy else torch.distributions.Categorical(logits=logits).sample()
    return F.one_hot(index, logits.shape[-1]).float()
