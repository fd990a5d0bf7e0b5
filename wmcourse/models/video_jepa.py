"""A small V-JEPA: hide most of a clip, and predict its representation, or, for its twin, its pixels.

Bardes et al. 2024 ("Revisiting Feature Prediction for Learning Visual Representations from Video") for the JEPA, and
VideoMAE (Tong et al. 2022) for the twin. There are no actions in it: it watches.
"""

import copy
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from wmcourse.nets.patches import places, tubelets
from wmcourse.nets.tubes import Tubes

MLP_RATIO = 4


@dataclass(frozen=True)
class VideoConfig:
    """An encoder, a narrow predictor, and what is predicted."""

    frames: int = 4
    side: int = 64
    tubelet: tuple[int, int, int] = (2, 16, 16)
    """Frames, rows and columns of pixels that are one token."""
    width: int = 64
    depth: int = 3
    heads: int = 4
    predictor_width: int = 32
    predictor_depth: int = 2
    target: Literal["embedding", "pixels"] = "embedding"
    """Of hidden tubelets: what a slow copy of the encoder makes of them, seeing the whole clip; or their pixels."""

    @property
    def grid(self) -> tuple[int, int, int]:
        """Tokens along frames, rows and columns."""
        frames, rows, columns = self.tubelet
        return self.frames // frames, self.side // rows, self.side // columns

    @property
    def pixels(self) -> int:
        """Of a tubelet."""
        frames, rows, columns = self.tubelet
        return frames * rows * columns


def transformer(width: int, depth: int, heads: int) -> nn.Sequential:
    """Blocks of attention that normalize first, and a norm at the end."""
    blocks = [
        nn.TransformerEncoderLayer(
            width, heads, MLP_RATIO * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        for _ in range(depth)
    ]
    return nn.Sequential(*blocks, nn.LayerNorm(width))


def take(tokens: Float[Tensor, "batch token feature"], which: Int[Tensor, "batch some"]) -> Tensor:
    """Some of each clip's tokens."""
    return tokens.gather(1, which[..., None].expand(-1, -1, tokens.shape[-1]))


class VideoEncoder(nn.Module):
    """A vision transformer that is given all tubelets of a clip, or some."""

    places: Tensor

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        self.embed = nn.Linear(config.pixels, config.width)
        self.register_buffer("places", places(config.grid, config.width), persistent=False)
        self.layers = transformer(config.width, config.depth, config.heads)

    def forward(
        self, tokens: Float[Tensor, "batch token pixel"], which: Int[Tensor, "batch some"] | None = None
    ) -> Float[Tensor, "batch some_or_all latent"]:
        """Encode. What is not in `which` never enters."""
        where = self.places.expand(len(tokens), -1, -1)
        if which is not None:
            tokens, where = take(tokens, which), take(where, which)
        return self.layers(self.embed(tokens) + where)


class VideoPredictor(nn.Module):
    """A narrow transformer: what was seen, and a mask token at each place that was not."""

    places: Tensor

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        width = config.predictor_width
        self.enter = nn.Linear(config.width, width)
        self.mask = nn.Parameter(torch.zeros(width))
        self.register_buffer("places", places(config.grid, width), persistent=False)
        self.layers = transformer(width, config.predictor_depth, config.heads)
        self.leave = nn.Linear(width, config.width if config.target == "embedding" else config.pixels)

    def forward(self, seen: Float[Tensor, "batch seen latent"], tubes: Tubes) -> Float[Tensor, "batch hidden outputs"]:
        """Predict what is hidden."""
        where = self.places.expand(len(seen), -1, -1)
        known, asked = self.enter(seen) + take(where, tubes.seen), self.mask + take(where, tubes.hidden)
        return self.leave(self.layers(torch.cat([known, asked], dim=1))[:, known.shape[1] :])


class VideoJEPA(nn.Module):
    """Encoder and predictor; and the slow copy of the encoder, if that is what sets the targets."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = VideoEncoder(config)
        self.predictor = VideoPredictor(config)
        self.target = copy.deepcopy(self.encoder).requires_grad_(False) if config.target == "embedding" else None
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("std", torch.ones(()))

    @torch.no_grad()
    def fit_pixels(self, clip: Float[Tensor, "batch frame height width"]) -> None:
        """Take over mean and standard deviation of a pixel, in half precision."""
        self.mean.copy_(clip.mean().half())
        self.std.copy_(clip.std().half())

    def tokens(self, clip: Float[Tensor, "batch frame height width"]) -> Float[Tensor, "batch token pixel"]:
        """Normalized tubelets of clips in [0, 1]."""
        return tubelets((clip - self.mean) / self.std, self.config.tubelet)

    def represent(self, clip: Float[Tensor, "batch frame height width"]) -> Float[Tensor, "batch token latent"]:
        """What others may use: tokens of the slow copy, as in V-JEPA, or else of the encoder, for whole clips."""
        return (self.encoder if self.target is None else self.target)(self.tokens(clip))

    def predict(
        self, tokens: Float[Tensor, "batch token pixel"], tubes: Tubes
    ) -> Float[Tensor, "batch hidden outputs"]:
        """From the tubelets that are seen to what is asked of those that are hidden."""
        return self.predictor(self.encoder(tokens, tubes.seen), tubes)

    @torch.no_grad()
    def answers(self, tokens: Float[Tensor, "batch token pixel"]) -> Float[Tensor, "batch token outputs"]:
        """What would be right for each tubelet: the slow copy's tokens, each normalized, or the pixels."""
        if self.target is None:
            return tokens
        return layer_norm(self.target(tokens), (self.config.width,))

    def errors(self, clip: Float[Tensor, "batch frame height width"], tubes: Tubes) -> Float[Tensor, "batch hidden"]:
        """Of each hidden tubelet: mean absolute error in representation space, or mean squared error of its pixels."""
        tokens = self.tokens(clip)
        off = self.predict(tokens, tubes) - take(self.answers(tokens), tubes.hidden)
        return (off.square() if self.target is None else off.abs()).mean(dim=-1)

    @torch.no_grad()
    def follow(self, decay: float) -> None:
        """Move the slow copy, if there is one, a little towards the encoder; to be called after each update."""
        if self.target is not None:
            for slow, fast in zip(self.target.parameters(), self.encoder.parameters(), strict=True):
                slow.lerp_(fast, 1 - decay)
