"""What an encoder and a predictor are trained for: prediction, and one of three ways not to collapse by it."""

import copy
from dataclasses import dataclass, field
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wmcourse.models.jepa import JEPA, JEPAConfig
from wmcourse.nets.conv import ConvDecoder, over_batch
from wmcourse.nets.mlp import mlp
from wmcourse.nets.vicreg import covariance_term, variance_term

DRAWN = 4
"""One in so many pictures is drawn again, when the encoder learns from that: to draw costs three times an embedding."""
FORGET = 0.02
"""Share of a batch in the running mean and standard deviation of a code that is trained by reconstruction."""


@dataclass(frozen=True)
class ObjectiveConfig:
    """Weights of the terms. The defaults but the second step's are EB-JEPA's: 16, 8, 12 and 1."""

    prediction: float = 1.0
    variance: float = 16.0
    covariance: float = 8.0
    similarity: float = 12.0
    """Of the change from one step to the next."""
    inverse: float = 1.0
    """Of reading the action off two embeddings in a row."""
    reconstruction: float = 0.0
    """Of drawing the picture again. Above 0, the encoder learns from this alone, and the predictor learns its code."""
    target: Literal["online", "ema"] = "online"
    """What is predicted: the encoder's own embeddings, or those of a copy that follows it slowly (BYOL, I-JEPA)."""
    decay: float = 0.99
    """Of that copy, per update."""
    model: JEPAConfig = field(default_factory=JEPAConfig)


class EmbeddingObjective(nn.Module):
    """A JEPA and the networks that only its training needs."""

    center: Tensor
    scale: Tensor

    def __init__(self, config: ObjectiveConfig) -> None:
        super().__init__()
        self.config = config
        self.jepa = JEPA(config.model)
        shape = config.model
        self.inverse = mlp(2 * shape.embedding_dim, 128, shape.action_dim, layers=2)
        self.target = copy.deepcopy(self.jepa.encoder).requires_grad_(False) if config.target == "ema" else None
        self.decoder = ConvDecoder(shape.embedding_dim, 3, width=4) if config.reconstruction > 0 else None
        self.register_buffer("center", torch.zeros(shape.embedding_dim))
        self.register_buffer("scale", torch.ones(shape.embedding_dim))

    def terms(
        self, observations: Float[Tensor, "batch steps 3 64 64"], actions: Float[Tensor, "batch time action"]
    ) -> dict[str, Float[Tensor, ""]]:
        """Every term by its name, without its weight, for pictures of T + 1 steps and the T actions between them."""
        seen = self.jepa.normalize(observations)
        embeddings = over_batch(self.jepa.encoder, seen, 3)  # (B, T + 1, Z)
        rows = embeddings.flatten(0, 1)
        targets, known = embeddings, embeddings
        if self.target is not None:
            with torch.no_grad():
                targets = over_batch(self.target, seen, 3)
        terms = {}
        if self.decoder is not None:
            known = targets = self.standardized(embeddings.detach())
            drawn = self.decoder(rows[::DRAWN])
            terms["reconstruction"] = (drawn - seen.flatten(0, 1)[::DRAWN]).square().mean()
        return terms | {
            "prediction": self.prediction_error(known[:, 0], actions, targets[:, 1:]),
            "variance": variance_term(rows),
            "covariance": covariance_term(rows),
            "similarity": embeddings.diff(dim=1).square().mean(),
            "inverse": self.inverse_error(embeddings, actions),
        }

    def loss(self, terms: dict[str, Float[Tensor, ""]]) -> Float[Tensor, ""]:
        """The weighted sum."""
        if self.decoder is not None:
            return self.config.reconstruction * terms["reconstruction"] + self.config.prediction * terms["prediction"]
        total = torch.zeros((), device=self.jepa.mean.device)
        for name, term in terms.items():
            total = total + getattr(self.config, name) * term
        return total

    def prediction_error(
        self,
        embedding: Float[Tensor, "batch latent"],
        actions: Float[Tensor, "batch time action"],
        targets: Float[Tensor, "batch time latent"],
    ) -> Float[Tensor, ""]:
        """Mean squared error along a rollout from one embedding, which is fed its own predictions."""
        predicted = []
        for action in actions.unbind(dim=1):
            embedding = self.jepa.predict(embedding, action)
            predicted.append(embedding)
        return (torch.stack(predicted, dim=1) - targets).square().mean()

    def inverse_error(
        self, embeddings: Float[Tensor, "batch steps latent"], actions: Float[Tensor, "batch time action"]
    ) -> Float[Tensor, ""]:
        """Mean squared error of the action, scaled, as read off the embeddings before and after it."""
        pairs = torch.cat([embeddings[:, :-1], embeddings[:, 1:]], dim=-1)
        return (self.inverse(pairs) - actions / self.config.model.action_scale).square().mean()

    def standardized(self, code: Float[Tensor, "batch steps latent"]) -> Float[Tensor, "batch steps latent"]:
        """A code that no term keeps to a scale, by its running mean and standard deviation, which learn from it."""
        rows = code.flatten(0, 1)
        self.center.lerp_(rows.mean(0), FORGET)
        self.scale.lerp_(rows.std(0), FORGET)
        return (code - self.center) / self.scale

    @torch.no_grad()
    def follow(self) -> None:
        """Move the slow copy, if there is one, a little towards the encoder; to be called after each update."""
        if self.target is not None:
            for slow, fast in zip(self.target.parameters(), self.jepa.encoder.parameters(), strict=True):
                slow.lerp_(fast, 1 - self.config.decay)

    @torch.no_grad()
    def finished(self) -> JEPA:
        """The JEPA, in eval mode; its encoder's last layer takes over what standardized a reconstructing code."""
        head = self.jepa.encoder.head[-1]
        assert isinstance(head, nn.Linear)
        head.weight.div_(self.scale[:, None])
        head.bias.sub_(self.center).div_(self.scale)
        return self.jepa.eval()
