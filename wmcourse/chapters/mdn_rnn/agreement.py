"""Do the latents agree? The same mixtures, dealt with the ranks of real codes, whole or torn apart."""

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.models.mdn_rnn import MDNRNN, MDNState
from wmcourse.nets.latents import Temperature
from wmcourse.nets.mixture import Mixture
from wmcourse.nets.noise import uniform

HALVINGS = 24
"""Of the interval in which `quantile` looks: it ends a ten-millionth as wide as it began."""


class DealtByRank(MDNRNN):
    """A dream at temperature 1 whose draws have ranks from a bank: each step takes the ranks of one real step.

    If `together`, all latents take theirs from the same real step, so that they agree as they do in reality. Else each
    takes its own from another step: every latent has the same ranks at its disposal, and nothing else of reality.
    """

    def __init__(self, model: MDNRNN, bank: Float[Tensor, "rows latent"], *, together: bool) -> None:
        super().__init__(model.config)
        self.load_state_dict(model.state_dict())
        self.bank, self.together = bank, together

    def imagine(
        self, state: MDNState, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0
    ) -> MDNState:
        """Remember, then deal the next code from the mixtures of the model; there is no other temperature than 1."""
        after = self.remember(state, action)
        pointer = uniform(state.latent[:, :1] if self.together else state.latent)
        rows = (pointer * len(self.bank)).long().expand_as(state.latent)
        return after._replace(latent=quantile(self.expected(after.hidden), self.bank.gather(0, rows)))


def evened(ranks: Float[Tensor, "rows latent"]) -> Float[Tensor, "rows latent"]:
    """The same order in each latent, evenly spread over 0..1: what is left of reality is which ranks go together."""
    return (ranks.argsort(0).argsort(0).float() + 0.5) / len(ranks)


def quantile(mixture: Mixture, rank: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch latent"]:
    """The code that has this rank, 0 to 1, in each dimension: the inverse of `Mixture.cdf`, by halving."""
    reach = 6 * mixture.log_sigma.exp()
    low, high = (mixture.mu - reach).amin(-1), (mixture.mu + reach).amax(-1)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        below = mixture.cdf(middle) < rank
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return 0.5 * (low + high)
