"""LatentSliders: a code under the reader's fingers, and the decoder that draws it, in every front end."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from wmcourse.interactive.page_model import PageModel, page_model
from wmcourse.interactive.widget import PageElement, named
from wmcourse.viz.codes import code_strip

MOST_PICTURES = 8
LEAST_SPAN = 3.0
"""A slider moves at least this far to both sides: three standard deviations of N(0, I)."""


class LatentSliders(PageElement):
    """Sliders over a code: `LatentSliders(wmcourse.load("dodge-vae"), pictures=..., title=..., alt=...)`.

    Of several, given by the names that a reader sees, each has its picture and its sliders; a random code is the same
    for all of them. The first sliders are those of the numbers that vary most from picture to picture.
    """

    kind = "latents"
    hint = "Run the cell to move the sliders."

    def __init__(
        self,
        models: Any,
        *,
        pictures: Float[Tensor, pictures * observation],
        title: str,
        alt: str,
        codes_from: Float[Tensor, examples * observation] | None = None,
        sliders: int = 8,
        seed: int = 0,
    ) -> None:
        """Take loaded autoencoders.

        Args:
            models: One module with `encode` and `decode`, or several by name.
            pictures: Real ones in [0, 1], to encode and to walk between: 2 to 8 of them.
            title: What to find out.
            alt: The still picture, in words.
            codes_from: Pictures whose codes decide the order and the range of the sliders; by default `pictures`.
            sliders: How many are shown; the others unfold.
            seed: Of the random codes.

        Raises:
            ValueError: a model was not loaded by name, the pictures do not fit it or are too few or many, a number is
                out of range, or the title or the alt is empty.
        """
        self.models: dict[str, Any] = dict(models) if isinstance(models, Mapping) else {"": models}
        names = [named(model) for model in self.models.values()]
        if not 2 <= len(pictures) <= MOST_PICTURES or sliders < 1:
            raise ValueError(f"give 2 to {MOST_PICTURES} pictures and a slider or more, not {len(pictures)}, {sliders}")
        for name, model in zip(names, self.models.values(), strict=True):
            if tuple(pictures.shape[1:]) != tuple(model.observation_shape):
                raise ValueError(f"{name} sees pictures of {model.observation_shape}, not {tuple(pictures.shape[1:])}")
        self.pictures, self.seed = pictures, seed
        examples = pictures if codes_from is None else codes_from
        described = [
            {"label": label, "model": name, **_axes(model, examples)}
            for name, (label, model) in zip(names, self.models.items(), strict=True)
        ]
        spec = {"models": described, "pictures": [_png(each) for each in pictures], "sliders": sliders, "seed": seed}
        super().__init__(title=title, alt=alt, spec=spec)

    @cached_property
    def page_models(self) -> dict[str, PageModel]:
        """Each of them once."""
        return {named(model): page_model(model) for model in self.models.values()}

    @cached_property
    def still(self) -> bytes:
        """Two real pictures, what each decoder makes of their codes, and of two random ones, as PNG."""
        return code_strip(self.models, self.pictures[:2], seed=self.seed)


@torch.no_grad()
def _axes(model: Any, examples: Tensor) -> dict[str, Any]:
    """The order of the sliders, how far they go to both sides, and how many numbers a code has."""
    codes = model.encode(examples)
    span = max(LEAST_SPAN, math.ceil(codes.abs().max().item()))
    return {"order": codes.std(0).argsort(descending=True).tolist(), "span": span, "dimension": codes.shape[1]}


def _png(picture: Float[Tensor, "color height width"]) -> str:
    """A picture as the address of an image that holds it."""
    bytes_ = (picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    buffer = io.BytesIO()
    Image.fromarray(bytes_.squeeze()).save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
