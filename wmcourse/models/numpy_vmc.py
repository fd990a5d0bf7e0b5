"""Vision, memory and controller (Ha & Schmidhuber 2018) in NumPy alone: nothing is hidden.

Forward passes only, from the weights of the PyTorch modules; `VAE`, `MDNRNN` and `LinearActor` do the same, and learn.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

Weights = Mapping[str, np.ndarray]
"""What a layer has learned, by name."""


def weights_of(module: Any) -> dict[str, np.ndarray]:
    """The weights of a PyTorch module as arrays."""
    return {name: tensor.cpu().numpy() for name, tensor in module.state_dict().items()}


def part(weights: Weights, prefix: str) -> dict[str, np.ndarray]:
    """Those of one submodule: `part(weights_of(controller), "world.vae.")` are V's."""
    return {name.removeprefix(prefix): array for name, array in weights.items() if name.startswith(prefix)}


def linear(x: np.ndarray, w: Weights) -> np.ndarray:
    """(B, inputs) to (B, outputs)."""
    return x @ w["weight"].T + w["bias"]


def convolve(x: np.ndarray, w: Weights) -> np.ndarray:
    """(B, C, H, W) to (B, D, H/2, W/2): a 4 x 4 kernel at every second place, zeros around the picture."""
    height, width = x.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = 0.0
    for down in range(4):
        for across in range(4):
            under = x[:, :, down : down + height : 2, across : across + width : 2]
            out = out + np.einsum("dc,bchw->bdhw", w["weight"][:, :, down, across], under)
    return out + w["bias"][:, None, None]


def deconvolve(x: np.ndarray, w: Weights) -> np.ndarray:
    """(B, C, H, W) to (B, D, 2H, 2W): backwards, each number paints a 4 x 4 kernel; where two overlap they add."""
    count, _, height, width = x.shape
    out = np.zeros((count, w["weight"].shape[1], 2 * height + 2, 2 * width + 2), x.dtype)
    for down in range(4):
        for across in range(4):
            paint = np.einsum("cd,bchw->bdhw", w["weight"][:, :, down, across], x)
            out[:, :, down : down + 2 * height : 2, across : across + 2 * width : 2] += paint
    return out[:, :, 1:-1, 1:-1] + w["bias"][:, None, None]


def elu(x: np.ndarray) -> np.ndarray:
    """x above zero, exp(x) - 1 below."""
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), which never overflows when written so."""
    return 0.5 * (1 + np.tanh(0.5 * x))


class Vision:
    """V: a picture (B, 3, 64, 64) in [0, 1] becomes a code z, and a code a picture."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    def encode(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and log-variance of q(z|x), (B, Z) each."""
        x = picture - self.weights["background"]
        for layer in (0, 2, 4, 6):
            x = elu(convolve(x, part(self.weights, f"encoder.layers.{layer}.")))
        mean, log_variance = np.split(linear(x.reshape(len(x), -1), part(self.weights, "encoder.head.1.")), 2, axis=1)
        return mean, log_variance

    def decode(self, z: np.ndarray) -> np.ndarray:
        """The picture of a code."""
        x = linear(z, part(self.weights, "decoder.head.0.")).reshape(len(z), -1, 4, 4)
        for layer in (1, 3, 5, 7):
            x = deconvolve(elu(x), part(self.weights, f"decoder.layers.{layer}."))
        return x + self.weights["background"]


class Mixture(NamedTuple):
    """K Gaussians for each dimension of the next code, (B, Z, K) each."""

    pi: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray

    def sample(self, temperature: float, uniform: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """The next code, from noise (B, Z): `uniform` in 0..1 picks the component, `normal` the place around it."""
        pi = (self.pi / self.pi.max(-1, keepdims=True)) ** (1 / temperature)
        edges = np.cumsum(pi, axis=-1)
        chosen = (edges <= uniform[..., None] * edges[..., -1:]).sum(-1, keepdims=True)
        mu, sigma = (np.take_along_axis(each, chosen, axis=-1)[..., 0] for each in (self.mu, self.sigma))
        return mu + sigma * temperature**0.5 * normal


class Memory:
    """M: an LSTM, and what it expects."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    def step(self, z: np.ndarray, a: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Hidden and cell after code `z` and action `a`: forget some, let some in, show some."""
        w = part(self.weights, "lstm.")
        seen = np.concatenate([z, a], axis=1) @ w["weight_ih_l0"].T + w["bias_ih_l0"]
        gates = seen + h @ w["weight_hh_l0"].T + w["bias_hh_l0"]
        let_in, keep, new, show = np.split(gates, 4, axis=1)
        c = sigmoid(keep) * c + sigmoid(let_in) * np.tanh(new)
        return sigmoid(show) * np.tanh(c), c

    def expected(self, h: np.ndarray, components: int = 5) -> Mixture:
        """The distribution of the next code."""
        out = linear(h, part(self.weights, "mixture.")).reshape(len(h), 3, -1, components)
        logits, mu, log_sigma = out[:, 0], out[:, 1], np.clip(out[:, 2], -5, 3)
        pi = np.exp(logits - logits.max(-1, keepdims=True))
        return Mixture(pi / pi.sum(-1, keepdims=True), mu, np.exp(log_sigma))

    def goes_on(self, h: np.ndarray) -> np.ndarray:
        """Probability (B,) that the game is not over."""
        return sigmoid(linear(h, part(self.weights, "goes_on."))[:, 0])


class Control:
    """C: one matrix."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    def act(self, z: np.ndarray, h: np.ndarray) -> np.ndarray:
        """The number (B,) of the action with the highest score."""
        return linear(np.concatenate([z, h], axis=1), part(self.weights, "linear.")).argmax(-1)
