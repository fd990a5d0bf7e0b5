"""The same search with torchrl's CEM and with pytorch_mppi, in the same model."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wmcourse.planning import CEM, MPPI


def torchrl_cem(model: Any, planner: CEM, state: Tensor) -> Callable[[], Tensor]:
    """One search by torchrl's `CEMPlanner` from `state` (Z,): the first action of its mean."""
    from tensordict import TensorDict
    from tensordict.nn import TensorDictModule
    from torchrl.data import Bounded, Composite, Unbounded
    from torchrl.envs.model_based import ModelBasedEnvBase
    from torchrl.modules import CEMPlanner, WorldModelWrapper

    class Env(ModelBasedEnvBase):
        def __init__(self) -> None:
            move = TensorDictModule(model.step, in_keys=["latent", "action"], out_keys=["latent"])
            judge = TensorDictModule(model.reward, in_keys=["latent"], out_keys=["reward"])
            super().__init__(WorldModelWrapper(move, judge))
            self.observation_spec = self.state_spec = Composite(latent=Unbounded((len(state),)))
            self.action_spec = Bounded(planner.actions.low, planner.actions.high)
            self.reward_spec = Unbounded((1,))

        def _reset(self, tensordict: Any) -> Any:
            return self.full_observation_spec.zero()

    env = Env()
    search = CEMPlanner(env, planner.horizon, planner.iterations, planner.samples, planner.elites)
    begin = TensorDict({"latent": state, "done": torch.zeros(1, dtype=torch.bool)}, [])
    return lambda: search.planning(begin)


def pytorch_mppi(model: Any, planner: MPPI, state: Tensor) -> Callable[[], Tensor]:
    """One search by pytorch_mppi's `MPPI` from `state` (Z,), and what its plan is worth: ours says that, too."""
    from pytorch_mppi import MPPI as Peer

    box = planner.actions
    search = Peer(
        model.step,
        lambda latent, action: -model.reward(latent),
        nx=len(state),
        noise_sigma=torch.diag((planner.std * box.half).square()),
        num_samples=planner.samples,
        horizon=planner.horizon,
        lambda_=planner.temperature,
        u_min=box.low,
        u_max=box.high,
    )

    def plan() -> Tensor:
        search.U = torch.zeros(planner.horizon, box.dim)
        for _ in range(planner.iterations):
            search.command(state, shift_nominal_trajectory=False)
        latent, value = state[None], torch.zeros(1, 1)
        for action in search.U:
            latent = model.step(latent, action[None])
            value = value + model.reward(latent)
        return value

    return plan
