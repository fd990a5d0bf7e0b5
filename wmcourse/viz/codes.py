"""What decoders draw: of the codes of real pictures, and of codes that nobody has encoded."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from wmcourse.viz.picture import few_colors
from wmcourse.viz.style import IMAGINED, INK, matplotlib_style

RANDOM = 2


@torch.no_grad()
def code_strip(
    models: Mapping[str, Any], pictures: Float[Tensor, "pictures color height width"], *, seed: int = 0
) -> bytes:
    """PNG of real pictures, and for each model, by name, a row: the same encoded and decoded, then two random codes."""
    rows = [("real", list(pictures), INK)]
    for name, model in models.items():
        codes = model.encode(pictures)
        drawn = torch.randn(RANDOM, codes.shape[1], generator=torch.Generator().manual_seed(seed))
        rows.append((name or "decoded", list(model.decode(torch.cat([codes, drawn]))), IMAGINED))
    words = ["encoded and decoded"] * len(pictures) + ["of a random code"] * RANDOM
    with matplotlib_style():
        canvas = Figure(figsize=(7.2, 0.2 + 1.85 * len(rows)), dpi=110)
        for row, (name, shown, color) in enumerate(rows):
            for column, picture in enumerate(shown):
                panel = canvas.add_subplot(len(rows), len(words), 1 + row * len(words) + column)
                panel.imshow(picture.clamp(0, 1).permute(1, 2, 0).numpy(), interpolation="nearest", cmap="gray")
                panel.set(xticks=[], yticks=[])
                if row:
                    panel.set_title(words[column], fontsize=9)
                if column == 0:
                    panel.set_ylabel(name, color=color)
        buffer = io.BytesIO()
        canvas.savefig(buffer, format="png", metadata={"Software": None})
    return few_colors(buffer)
