"""One step of gradient descent."""

from torch import Tensor, nn
from torch.optim import Optimizer


def clipped_step(optimizer: Optimizer, loss: Tensor, module: nn.Module, *, clip: float) -> None:
    """Move the parameters of `module`, and no others, along the gradient of `loss`, its norm clipped to `clip`."""
    parameters = list(module.parameters())
    optimizer.zero_grad(set_to_none=True)
    loss.backward(inputs=parameters)
    nn.utils.clip_grad_norm_(parameters, clip)
    optimizer.step()
