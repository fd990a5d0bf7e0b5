"""What all tests share: one thread a worker, fixed seeds, and world models small enough to be solved by hand."""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from torch import Tensor

from wmcourse.data.episode import Episode
from wmcourse.models.kalman import KalmanFilter, KalmanState
from wmcourse.models.protocol import Prediction

torch.set_num_threads(1)
logging.getLogger("torch.__trace").setLevel(logging.WARNING)  # torch.export writes pages, and pytest formats each line
settings.register_profile(
    "course",
    deadline=None,
    derandomize=True,
    max_examples=int(os.environ.get("WMCOURSE_EXAMPLES", "25")),
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("course")


@pytest.fixture(autouse=True)
def seeds() -> None:
    """Start every test from the same random state, in whatever order the workers take them."""
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests make out of the user's cache; the tests of one worker share what is made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WMCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def unchecked_shapes() -> Iterator[None]:
    """Switch the signatures' shape checks off, as they are for a learner, to see the errors a learner sees."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


class LinearState(NamedTuple):
    x: Tensor


class LinearWorld:
    """x' = A x + B a + temperature * noise; it sees x and corrects its belief by a share `gain` of the surprise."""

    def __init__(
        self,
        transition: Tensor,
        control: Tensor,
        *,
        gain: float = 1.0,
        noise: float = 0.0,
        reward: Callable[[Tensor], Tensor] | None = None,
        continues: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.transition, self.control = transition, control
        self.gain, self.noise = gain, noise
        self.reward, self.continues = reward, continues
        self.observation_shape = (transition.shape[0],)
        self.action_dim = control.shape[1]

    def initial(self, batch_size: int) -> LinearState:
        return LinearState(torch.zeros(batch_size, *self.observation_shape))

    def imagine(self, state: LinearState, action: Tensor, temperature: float = 1.0) -> LinearState:
        x = state.x @ self.transition.T + action @ self.control.T
        return LinearState(x + temperature * self.noise * torch.randn_like(x) if temperature and self.noise else x)

    def observe(
        self, state: LinearState, action: Tensor | None, observation: Tensor, temperature: float = 1.0
    ) -> LinearState:
        begins = action is None
        expected = (self.initial(len(observation)) if begins else self.imagine(state, action, temperature)).x
        return LinearState(expected + self.gain * (observation - expected))

    def decode(self, state: LinearState) -> Prediction:
        return Prediction(
            state.x,
            None if self.reward is None else self.reward(state.x),
            None if self.continues is None else self.continues(state.x),
        )


class CartPoleWorld(LinearWorld):
    """The true model of CartPole: it knows the physics."""

    def __init__(self) -> None:
        super().__init__(torch.eye(4), torch.zeros(4, 2))

    def imagine(self, state: LinearState, action: Tensor, temperature: float = 1.0) -> LinearState:
        from wmcourse.envs.cartpole import cartpole_dynamics

        return LinearState(cartpole_dynamics(state.x.double(), action.double()).float())


class ConstantWorld(LinearWorld):
    """A model that always says the same, whatever it sees."""

    def __init__(self, answer: Tensor, action_dim: int = 1) -> None:
        super().__init__(torch.eye(len(answer)), torch.zeros(len(answer), action_dim))
        self.answer = answer
        self.observation_shape = tuple(answer.shape)

    def observe(
        self, state: LinearState, action: Tensor | None, observation: Tensor, temperature: float = 1.0
    ) -> LinearState:
        return state

    def imagine(self, state: LinearState, action: Tensor, temperature: float = 1.0) -> LinearState:
        return state

    def initial(self, batch_size: int) -> LinearState:
        return LinearState(torch.zeros(batch_size, 1))

    def decode(self, state: LinearState) -> Prediction:
        return Prediction(self.answer.expand(len(state.x), *self.answer.shape))


class HiddenWorld(LinearWorld):
    """It sees four numbers, of which it remembers three combinations; it foresees a reward and no observation.

    What it sees is `emission` (4, 3) times its state: an observation that is there to be read by a probe.
    """

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(4)
        turn = torch.linalg.qr(torch.randn(3, 3, generator=generator)).Q
        super().__init__(turn, torch.randn(3, 2, generator=generator))
        self.emission = torch.randn(4, 3, generator=generator)
        self.observation_shape = (4,)

    def initial(self, batch_size: int) -> LinearState:
        return LinearState(torch.zeros(batch_size, 3))

    def observe(
        self, state: LinearState, action: Tensor | None, observation: Tensor, temperature: float = 1.0
    ) -> LinearState:
        return LinearState(observation @ torch.linalg.pinv(self.emission).T)

    def decode(self, state: LinearState) -> Prediction:
        return Prediction(reward=state.x.sum(-1))

    def play(self, lengths: list[int]) -> list[Episode]:
        """Real episodes of this world."""
        states = play(LinearWorld(self.transition, self.control), lengths)
        return [replace(episode, observations=episode.observations @ self.emission.T) for episode in states]


class DrawnState(NamedTuple):
    mean: Tensor
    covariance: Tensor
    drawn: Tensor

    @property
    def features(self) -> Tensor:
        """What a linear probe reads."""
        return self.mean


class DrawingKalman:
    """The Kalman filter's belief, of which a reader sees only draws, as of an RSSM's; at temperature 0 its mean."""

    def __init__(self, system: Any) -> None:
        self.kalman = KalmanFilter(system)
        self.observation_shape, self.action_dim = self.kalman.observation_shape, self.kalman.action_dim

    def _draw(self, belief: KalmanState, temperature: float) -> DrawnState:
        root = torch.linalg.cholesky(belief.covariance + 1e-9 * torch.eye(belief.mean.shape[-1]))
        noise = (root @ torch.randn(*belief.mean.shape, 1)).squeeze(-1)
        return DrawnState(*belief, belief.mean + temperature * noise)

    def initial(self, batch_size: int) -> DrawnState:
        return self._draw(self.kalman.initial(batch_size), 0.0)

    def observe(
        self, state: DrawnState, action: Tensor | None, observation: Tensor, temperature: float = 1.0
    ) -> DrawnState:
        return self._draw(self.kalman.observe(KalmanState(*state[:2]), action, observation), temperature)

    def imagine(self, state: DrawnState, action: Tensor, temperature: float = 1.0) -> DrawnState:
        return self._draw(self.kalman.imagine(KalmanState(*state[:2]), action), temperature)

    def decode(self, state: DrawnState) -> Prediction:
        return Prediction(state.drawn @ self.kalman.system.emission.mT)


def play(world: LinearWorld, lengths: list[int], seed: int = 0) -> list[Episode]:
    """Real episodes of a linear world: random starts, random actions, its true dynamics, step by step."""
    generator = torch.Generator().manual_seed(seed)
    episodes = []
    for length in lengths:
        x = torch.randn(1, *world.observation_shape, generator=generator)
        actions = torch.randn(length, world.action_dim, generator=generator)
        observations = [x]
        for action in actions:
            x = world.imagine(LinearState(x), action[None], 0.0).x
            observations.append(x)
        episodes.append(Episode(torch.cat(observations), actions, torch.ones(length), terminated=False))
    return episodes


@pytest.fixture(scope="session")
def linear_world() -> type[LinearWorld]:
    return LinearWorld


@pytest.fixture(scope="session")
def constant_world() -> type[ConstantWorld]:
    return ConstantWorld


@pytest.fixture(scope="session")
def hidden_world() -> HiddenWorld:
    return HiddenWorld()


@pytest.fixture(scope="session")
def drawing_kalman() -> type[DrawingKalman]:
    return DrawingKalman


@pytest.fixture(scope="session")
def cartpole_world() -> CartPoleWorld:
    return CartPoleWorld()


@pytest.fixture(scope="session")
def play_episodes() -> Callable[..., list[Episode]]:
    return play


@pytest.fixture(scope="session")
def rotation() -> LinearWorld:
    """A turning plane with a push: bounded, so that errors neither explode nor vanish."""
    angle = torch.tensor(0.3)
    turn = torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])
    return LinearWorld(turn, torch.tensor([[0.1], [0.2]]))


@pytest.fixture(scope="session")
def drifting_rotation(rotation: LinearWorld) -> LinearWorld:
    """A model of `rotation` that is a little wrong."""
    return LinearWorld(rotation.transition * 0.97 + 0.02, rotation.control * 0.8)


@pytest.fixture(scope="session")
def cartpole_episodes() -> list[Any]:
    """Twenty real CartPole episodes of different lengths under random actions."""
    from wmcourse.agents.random_policy import RandomPolicy
    from wmcourse.data.collect import collect

    return collect("CartPole-v1", RandomPolicy(2, seed=1), episodes=20, seed=1)
