"""One step of gradient descent."""

from torch import Tensor, nn
from torch.optim import Optimizer


def clipped_step(optimizer: Optimizer, loss: Tensor, module: nn.Module, *, clip: float) -> None:
    """Move those parameters of `module` that learn, and no others, along the gradient of `loss`, clipped to `clip`."""
    parameters = [each for each in module.parameters() if each.requires_grad]
    optimizer.zero_grad(set_to_none=True)
    loss.backward(inputs=parameters)
    nn.utils.clip_grad_norm_(parameters, clip)
    optimizer.step()


def hold_then_fall(update: int, updates: int, *, hold: float, final: float) -> float:
    """Share of the learning rate at `update` of `updates`: all of it for a share `hold`, then linearly to `final`."""
    return min(1.0, max(final, (1 - update / updates) / (1 - hold)))
