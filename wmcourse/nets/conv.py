"""Convolutional encoder and decoder for 64x64 images (Hafner et al. 2019, appendix A).

Memory is laid out with the channels last. The benchmark `test_autoencoder_layout` says what that brings: little.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class ConvEncoder(nn.Module):
    """Four strided convolutions: 64x64 image to a vector of `outputs`."""

    def __init__(self, channels: int, outputs: int, width: int = 16) -> None:
        super().__init__()
        sizes = [channels, width, 2 * width, 4 * width, 8 * width]
        layers: list[nn.Module] = []
        for before, after in zip(sizes, sizes[1:], strict=False):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.ELU()]
        self.layers = nn.Sequential(*layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(8 * width * 16, outputs))

    def forward(self, image: Float[Tensor, "batch channel 64 64"]) -> Float[Tensor, "batch embed"]:
        """Encode."""
        return self.head(self.layers(image.contiguous(memory_format=torch.channels_last)))


class PatchEncoder(nn.Module):
    """Patches of 4x4 pixels, then two strided convolutions: a vector of `outputs`, at a quarter of the time."""

    def __init__(self, channels: int, outputs: int, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 4, stride=4),
            nn.ELU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ELU(),
            nn.Conv2d(2 * width, 2 * width, 3, stride=2, padding=1),
            nn.ELU(),
        ).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(2 * width * 16, outputs))

    def forward(self, image: Float[Tensor, "batch channel 64 64"]) -> Float[Tensor, "batch embed"]:
        """Encode."""
        return self.head(self.layers(image.contiguous(memory_format=torch.channels_last)))


class ConvDecoder(nn.Module):
    """The encoder's mirror image: a vector of `inputs` to a 64x64 image."""

    def __init__(self, inputs: int, channels: int, width: int = 16) -> None:
        super().__init__()
        sizes = [8 * width, 4 * width, 2 * width, width, channels]
        self.head = nn.Sequential(nn.Linear(inputs, 8 * width * 16), nn.Unflatten(1, (8 * width, 4, 4)))
        layers: list[nn.Module] = []
        for before, after in zip(sizes, sizes[1:], strict=False):
            layers += [nn.ELU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)]
        self.layers = nn.Sequential(*layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, features: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch channel 64 64"]:
        """Decode."""
        return self.layers(self.head(features).contiguous(memory_format=torch.channels_last))


def over_batch(module: nn.Module, value: Tensor, event_dims: int) -> Tensor:
    """Apply `module`, which takes one batch axis, to a tensor with any number of leading axes."""
    lead = value.shape[: value.dim() - event_dims]
    out = module(value.reshape(-1, *value.shape[value.dim() - event_dims :]))
    return torch.reshape(out, (*lead, *out.shape[1:]))
