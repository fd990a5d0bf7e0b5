"""The Kalman filter: the exact belief of a linear-Gaussian world, and so the best that any model of it can do."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from wmcourse.envs.linear_gaussian import LinearGaussian
from wmcourse.models.protocol import Prediction
from wmcourse.models.validation import check_action, check_look
from wmcourse.nets.latents import Temperature


class KalmanState(NamedTuple):
    """A Gaussian belief about the hidden state."""

    mean: Float[Tensor, "*batch state"]
    covariance: Float[Tensor, "*batch state state"]


class KalmanFilter:
    """Predict, look, correct: a world model that is given the matrices instead of learning them (Kalman 1960).

    The belief carries its own spread, so nothing is ever drawn: every temperature gives the same, exact belief.
    """

    def __init__(self, system: LinearGaussian) -> None:
        self.system = system
        self.observation_shape: tuple[int, ...] = (system.observation_dim,)
        self.action_dim = system.action_dim

    def initial(self, batch_size: int) -> KalmanState:
        """The belief before anything was seen: N(m, P)."""
        return KalmanState(
            mean=self.system.initial_mean.expand(batch_size, -1),
            covariance=self.system.initial_covariance.expand(batch_size, -1, -1),
        )

    def observe(
        self,
        state: KalmanState,
        action: Float[Tensor, "batch action"] | None,
        observation: Float[Tensor, "batch *observation"],
        temperature: Temperature = 1.0,
    ) -> KalmanState:
        """Predict with `action`, then correct by `observation`. The first look corrects N(m, P): no time has passed."""
        check_look(self, action, observation)
        if action is None:
            return self.correct(self.initial(len(observation)), observation)
        return self.correct(self.imagine(state, action, temperature), observation)

    def imagine(
        self, state: KalmanState, action: Float[Tensor, "batch action"], temperature: Temperature = 1.0
    ) -> KalmanState:
        """Predict: mean A m + B a, covariance A P A^T + Q."""
        check_action(self, action)
        system = self.system
        mean = state.mean @ system.transition.mT + action @ system.control.mT
        covariance = system.transition @ state.covariance @ system.transition.mT + system.process_noise
        return KalmanState(mean, covariance)

    def decode(self, state: KalmanState) -> Prediction:
        """The expected observation, C m."""
        return Prediction(observation=state.mean @ self.system.emission.mT)

    def correct(self, state: KalmanState, observation: Float[Tensor, "batch observation"]) -> KalmanState:
        """Update: move the mean by gain times innovation; Joseph's form keeps the covariance one, rounding or not.

        (Bucy & Joseph 1968: (I - K C) P (I - K C)^T + K R K^T.)
        """
        gain = self.gain(state)  # (B, n, m)
        mean = state.mean + (gain @ self.innovation(state, observation).unsqueeze(-1)).squeeze(-1)
        rest = torch.eye(self.system.state_dim, dtype=gain.dtype, device=gain.device) - gain @ self.system.emission
        covariance = rest @ state.covariance @ rest.mT + gain @ self.system.observation_noise @ gain.mT
        return KalmanState(mean, 0.5 * (covariance + covariance.mT))

    def gain(self, state: KalmanState) -> Float[Tensor, "*batch state observation"]:
        """K = P C^T S^-1: which share of a surprise is believed. It depends on no observation, only on how many."""
        crossed = state.covariance @ self.system.emission.mT
        return torch.linalg.solve(self.observation_covariance(state), crossed.mT).mT

    def innovation(
        self, state: KalmanState, observation: Float[Tensor, "*batch observation"]
    ) -> Float[Tensor, "*batch observation"]:
        """The surprise: what was seen minus what was expected."""
        return observation - state.mean @ self.system.emission.mT

    def observation_covariance(self, state: KalmanState) -> Float[Tensor, "*batch observation observation"]:
        """S = C P C^T + R: how far, in this belief, the next look may fall from `decode`'s expectation."""
        return self.system.emission @ state.covariance @ self.system.emission.mT + self.system.observation_noise
