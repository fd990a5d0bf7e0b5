"""How a target follows an encoder, rightly and wrongly, for exercise 14.2."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

Answer = Callable[..., Tensor]


def follow(fast: nn.Module, slow: nn.Module, decay: float, buffers: str = "copied") -> None:
    """Parameter by parameter in double precision, and the buffers "copied", "left" or "mixed"."""
    now = {**dict(fast.named_parameters()), **dict(fast.named_buffers())}
    for name, old in slow.named_parameters():
        old.data.copy_(decay * old.detach().double() + (1 - decay) * now[name].detach().double())
    for name, held in slow.named_buffers():
        if buffers != "left":
            held.copy_(now[name] if buffers == "copied" else decay * held + (1 - decay) * now[name])


def loss(e: Any, p: Any, t: Any, now: Tensor, a: Tensor, after: Tensor) -> Tensor:
    """As it should be, of encoder, predictor and target."""
    return (p(e(now), a) - t(after).detach()).square().mean()


def followed(loss: Answer = loss, share: Callable[[float], float] = lambda decay: decay, **how: str) -> Answer:
    """First the target moves, then there is a loss; one of the two is wrong."""

    def answer(
        encoder: Any, predictor: Any, target: Any, now: Tensor, action: Tensor, after: Tensor, decay: float
    ) -> Tensor:
        follow(encoder, target, share(decay), **how)
        return loss(encoder, predictor, target, now, action, after)

    return answer
