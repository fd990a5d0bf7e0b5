"""Exercise 14.6: weights with a loss of exactly 0."""

from collections.abc import Callable

from torch import Tensor, nn

from wmcourse.chapters.jepa.exercises.architectures import architectures, look
from wmcourse.exercises import Exercise


def by_zeros(encoder: nn.Module, predictor: nn.Module, constant: Tensor) -> None:
    """Every parameter of both is 0, but for one bias."""
    zeroed(encoder, predictor)
    linear(encoder)[-1].bias.data.copy_(constant)


def zeroed(*networks: nn.Module) -> None:
    """All parameters, of whatever layer."""
    for network in networks:
        for parameter in network.parameters():
            parameter.data.zero_()


def linear(network: nn.Module) -> list[nn.Linear]:
    """All linear layers, in order."""
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear)]


IN_PLACE = "write into the weights in place, under `with torch.no_grad():`"
constant_encoder = Exercise(
    "14.6",
    by_zeros,
    architectures,
    view=look,
    learns=(),
    unseen=False,
    advice={
        "a leaf Variable": IN_PLACE,
        "cannot assign": IN_PLACE,
        "has no attribute 'weight'": "a network is a sequence of layers: network[-1] is the last one, a linear layer",
        "'NoneType' object has no attribute": "some layers have no bias: take the last one, network[-1], which has",
    },
)


def biased(layer: nn.Linear, bias: Tensor | None = None) -> nn.Linear:
    """The layer with weights of 0, and this bias."""
    zeroed(layer)
    if bias is not None:
        layer.bias.data.copy_(bias)
    return layer


Change = Callable[[list[nn.Linear], list[nn.Linear], Tensor], object]
CHANGES: dict[str, Change] = {
    "the predictor's change is not 0: it has a last layer too": lambda e, p, c: biased(e[-1], c),
    "the encoder is as it was: its last layer decides what it gives": lambda e, p, c: biased(p[-1]),
    "this is the zero encoder: the bias of its last layer is the constant": lambda e, p, c: (
        biased(e[-1]),
        biased(p[-1]),
    ),
    "the encoder's bias is set, but its weights are not 0: it still depends on what it sees": lambda e, p, c: (
        e[-1].bias.data.copy_(c),
        biased(p[-1]),
    ),
    "the encoder's weights are 0, but its bias is not the constant": lambda e, p, c: (
        e[-1].weight.data.zero_(),
        biased(p[-1]),
    ),
    "the predictor's weights are 0, but not its bias: the embedding drifts by it": lambda e, p, c: (
        biased(e[-1], c),
        p[-1].weight.data.zero_(),
    ),
    "both biases are what they were: the encoder's is the constant, the predictor's is 0": lambda e, p, c: (
        e[-1].weight.data.zero_(),
        p[-1].weight.data.zero_(),
    ),
    "the predictor gives the constant: it gives the change, and nothing changes": lambda e, p, c: (
        biased(e[-1], c),
        biased(p[-1], c),
    ),
    "the first layers are changed: what comes out is decided by the last": lambda e, p, c: (
        biased(e[0]),
        biased(p[0]),
    ),
}


def of_layers(change: Change) -> Callable[..., None]:
    """`change(e, p, constant)` is given the linear layers of encoder and predictor."""

    def answer(encoder: nn.Module, predictor: nn.Module, constant: Tensor) -> None:
        change(linear(encoder), linear(predictor), constant)

    return answer


for words, change in CHANGES.items():
    constant_encoder.mistake(words)(of_layers(change))
