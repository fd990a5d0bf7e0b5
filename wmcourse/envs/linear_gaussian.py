"""Linear-Gaussian worlds: the ones whose exact belief is known, so that a learned belief can be marked."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from wmcourse.data.episode import Episode

TIME_STEP = 0.2  # s
STIFFNESS = 0.3  # 1/s^2: acceleration per meter away from the middle
DAMPING = 0.3  # 1/s: acceleration per m/s
PUSH = 1.0  # m/s^2
GUST = 0.4  # m/s: standard deviation of the wind's kick to the velocity, each step
SENSOR_STD = 0.5  # m
START_STD = (2.0, 1.0)  # m, m/s


@dataclass(frozen=True, eq=False)
class LinearGaussian:
    """x' = A x + B a + w and o = C x + v, with w ~ N(0, Q), v ~ N(0, R), and x_0 ~ N(m, P) (Kalman 1960)."""

    transition: Float[Tensor, "state state"]
    """A: how the hidden state moves by itself in one step."""
    control: Float[Tensor, "state action"]
    """B: what each number of the action adds."""
    emission: Float[Tensor, "observation state"]
    """C: what a sensor without noise would show."""
    process_noise: Float[Tensor, "state state"]
    """Q: covariance of what nobody can foresee."""
    observation_noise: Float[Tensor, "observation observation"]
    """R: covariance of the sensor's error."""
    initial_mean: Float[Tensor, " state"]
    initial_covariance: Float[Tensor, "state state"]

    def __post_init__(self) -> None:
        for name in ("process_noise", "observation_noise", "initial_covariance"):
            matrix = getattr(self, name)
            rounding = 1e-6 * max(1.0, float(matrix.abs().max()))
            if not torch.allclose(matrix, matrix.mT, atol=rounding) or torch.linalg.eigvalsh(matrix).min() < -rounding:
                raise ValueError(
                    f"{name} must be a covariance, symmetric and without negative eigenvalues; got {matrix}"
                )

    @property
    def state_dim(self) -> int:
        """Numbers in the hidden state."""
        return self.transition.shape[0]

    @property
    def action_dim(self) -> int:
        """Numbers in an action."""
        return self.control.shape[1]

    @property
    def observation_dim(self) -> int:
        """Numbers in an observation."""
        return self.emission.shape[0]


def cart_on_a_spring() -> LinearGaussian:
    """A damped cart in gusty wind: hidden [position (m), velocity (m/s)], pushed left or right, seen only roughly.

    Each step of 0.2 s, the spring, the damping, the push (1 m/s^2) and a gust (0.4 m/s) change the velocity; then the
    cart moves with it. The one sensor shows the position with an error of 0.5 m. Actions are one-hot, [left, right].
    One swing takes about 12 s, or 59 steps; its size falls to a third within 7 s.
    """
    kick = torch.tensor([TIME_STEP, 1.0])  # a change of the velocity by 1 m/s moves the position too
    acceleration = torch.tensor([-STIFFNESS, -DAMPING])
    drift = torch.tensor([[1.0, TIME_STEP], [0.0, 1.0]])
    push = TIME_STEP * PUSH * kick
    return LinearGaussian(
        transition=drift + TIME_STEP * torch.outer(kick, acceleration),
        control=torch.stack([-push, push], dim=1),
        emission=torch.tensor([[1.0, 0.0]]),
        process_noise=GUST**2 * torch.outer(kick, kick),
        observation_noise=torch.tensor([[SENSOR_STD**2]]),
        initial_mean=torch.zeros(2),
        initial_covariance=torch.diag(torch.tensor(START_STD).square()),
    )


def simulate(
    system: LinearGaussian, actions: Float[Tensor, "batch time action"], generator: Generator
) -> tuple[Float[Tensor, "batch steps state"], Float[Tensor, "batch steps observation"]]:
    """Play `actions` (B, T, A): hidden states (B, T+1, n) and noisy observations (B, T+1, m).

    Raises:
        ValueError: `actions` has not three axes, or not as many numbers as the system's actions.
    """
    if actions.ndim != 3 or actions.shape[-1] != system.action_dim:
        raise ValueError(
            f"actions must be (batch, time, {system.action_dim}) for this system; got {tuple(actions.shape)}"
        )
    batch, steps = actions.shape[:2]

    def noise(covariance: Tensor, count: int) -> Tensor:
        draws = torch.randn(batch, count, len(covariance), generator=generator)
        return draws @ square_root(covariance).mT

    pushes = actions @ system.control.mT + noise(system.process_noise, steps)
    states = [system.initial_mean + noise(system.initial_covariance, 1).squeeze(1)]
    for t in range(steps):
        states.append(states[-1] @ system.transition.mT + pushes[:, t])
    hidden = torch.stack(states, dim=1)
    return hidden, hidden @ system.emission.mT + noise(system.observation_noise, steps + 1)


def random_actions(
    count: int, steps: int, action_dim: int, generator: Generator
) -> Float[Tensor, "count steps action"]:
    """One-hot actions (N, T, A), each equally likely."""
    return F.one_hot(torch.randint(action_dim, (count, steps), generator=generator), action_dim).float()


def random_episodes(
    system: LinearGaussian, *, episodes: int, steps: int, seed: int
) -> tuple[list[Episode], Float[Tensor, "episodes steps_plus_one state"]]:
    """`episodes` random episodes of `steps` steps, and beside them the hidden states (N, T+1, n) no model may see.

    The same seed gives the same episodes. Rewards are zero: nothing is wanted in these worlds.

    Raises:
        ValueError: `episodes` or `steps` is not positive.
    """
    if episodes < 1 or steps < 1:
        raise ValueError(f"episodes and steps must be at least 1; got {episodes} and {steps}")
    generator = torch.Generator().manual_seed(seed)
    actions = random_actions(episodes, steps, system.action_dim, generator)
    hidden, observations = simulate(system, actions, generator)
    played = [
        Episode(seen.clone(), done.clone(), torch.zeros(steps), terminated=False)
        for seen, done in zip(observations, actions, strict=True)
    ]
    return played, hidden


def square_root(covariance: Float[Tensor, "size size"]) -> Float[Tensor, "size size"]:
    """A matrix L with L L^T = `covariance`, which may be singular: a gust moves two numbers but is one draw."""
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp_min(0.0).sqrt()
