"""Exercise 9.5: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from wmcourse.checks import dreamer as check
from wmcourse.checks.check import CheckFailed


def draw(probabilities, generator):
    index = torch.multinomial(probabilities.detach(), 1, generator=generator).squeeze(-1)
    return F.one_hot(index, probabilities.shape[-1]).float()


def attach(one_hot, probabilities):
    return one_hot + (probabilities - probabilities.detach())


def takes_the_mode(logits, generator=None):
    probabilities = logits.softmax(-1)
    return attach(F.one_hot(probabilities.argmax(-1), logits.shape[-1]).float(), probabilities)


def draws_uniformly(logits, generator=None):
    return attach(draw(torch.ones_like(logits), generator), logits.softmax(-1))


def softmax_twice(logits, generator=None):
    return attach(draw(logits.softmax(-1).softmax(-1), generator), logits.softmax(-1))


def one_for_all(logits, generator=None):
    probabilities = logits.softmax(-1)
    return attach(draw(probabilities[1:2], generator).expand_as(logits), probabilities)


def soft(logits, generator=None):
    return logits.softmax(-1)


def gumbel_softmax(logits, generator=None):
    noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=generator)))
    return ((logits + noise) / 0.1).softmax(-1)


def rounds(logits, generator=None):
    probabilities = logits.softmax(-1)
    return draw(probabilities, generator) + probabilities - probabilities.detach()


def without_any_gradient(logits, generator=None):
    return draw(logits.softmax(-1), generator)


def through_logits(logits, generator=None):
    return attach(draw(logits.softmax(-1), generator), logits)


def through_log_probabilities(logits, generator=None):
    return attach(draw(logits.softmax(-1), generator), logits.log_softmax(-1))


def masks(logits, generator=None):
    probabilities = logits.softmax(-1)
    one_hot = draw(probabilities, generator)
    return one_hot + one_hot * (probabilities - probabilities.detach())


def wrong_sign(logits, generator=None):
    probabilities = logits.softmax(-1)
    return draw(probabilities, generator) + (probabilities.detach() - probabilities)


def ignores_the_generator(logits, generator=None):
    return attach(draw(logits.softmax(-1), None), logits.softmax(-1))


def draws_from_logits(logits, generator=None):
    return attach(draw(logits - 10, generator), logits.softmax(-1))


def indices(logits, generator=None):
    return torch.multinomial(logits.softmax(-1), 1, generator=generator)


def wrong_axis(logits, generator=None):
    return attach(draw(logits.softmax(0) * 0 + 1 / 3, generator), logits.softmax(-1))


def detours_through_numpy(logits, generator=None):
    return torch.from_numpy(logits.requires_grad_(True).numpy())


def needs_a_generator(logits, generator):
    return attach(draw(logits.softmax(-1), generator), logits.softmax(-1))


def own_generator(logits, generator=None):
    return attach(draw(logits.softmax(-1), generator or torch.Generator()), logits.softmax(-1))


def copies_the_generator(logits, generator=None):
    copy = None if generator is None else generator.clone_state()
    return attach(draw(logits.softmax(-1), copy), logits.softmax(-1))


def seeds_from_the_generator(logits, generator=None):
    if generator is not None:
        torch.manual_seed(generator.initial_seed())
    return attach(draw(logits.softmax(-1), None), logits.softmax(-1))


def asks_the_generator(logits, generator=None):
    uniform = torch.rand(len(logits), 1, generator=generator, device=generator.device)
    probabilities = logits.softmax(-1)
    return attach(F.one_hot((probabilities.cumsum(-1) < uniform).sum(-1), 3).float(), probabilities)


def draws_from_the_mean(logits, generator=None):
    mean = logits.softmax(-1).mean(0)
    return attach(draw(mean.expand_as(logits), generator), logits.softmax(-1))


def draws_from_the_first_row(logits, generator=None):
    index = torch.multinomial(logits[0].softmax(-1), len(logits), replacement=True, generator=generator)
    return attach(F.one_hot(index, 3).float(), logits.softmax(-1))


def draws_each_class_by_itself(logits, generator=None):
    probabilities = logits.softmax(-1)
    return attach((torch.rand(logits.shape, generator=generator) < probabilities).float(), probabilities)


def forgets_to_squeeze(logits, generator=None):
    probabilities = logits.softmax(-1)
    index = torch.multinomial(probabilities.detach(), 1, generator=generator)
    return attach(F.one_hot(index, logits.shape[-1]).float(), probabilities)


def an_axis_too_many(logits, generator=None):
    probabilities = logits.softmax(-1)
    return attach(draw(probabilities, generator), probabilities).unsqueeze(1)


def class_axis_first(logits, generator=None):
    probabilities = logits.softmax(-1)
    return attach(draw(probabilities, generator), probabilities).T


def squeezes_the_batch(logits, generator=None):
    return attach(draw(logits.softmax(-1), generator), logits.softmax(-1)).squeeze()


def integers(logits, generator=None):
    return draw(logits.softmax(-1), generator).long()


def counts_the_classes_drawn(logits, generator=None):
    index = draw(logits.softmax(-1), generator).argmax(-1).clamp(max=1)
    return attach(F.one_hot(index).float(), logits.softmax(-1))


def overflows(logits, generator=None):
    probabilities = logits.exp() / logits.exp().sum(-1, keepdim=True)
    return attach(draw(probabilities, generator), probabilities)


def shifts_in_place(logits, generator=None):
    logits.data -= logits.data.max(-1, keepdim=True).values
    return attach(draw(logits.softmax(-1), generator), logits.softmax(-1))


def asks_for_a_gradient(logits, generator=None):
    logits.requires_grad_()
    return attach(draw(logits.softmax(-1), generator), logits.softmax(-1))


def through_noisy_probabilities(logits, generator=None):
    noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=generator)))
    noisy = (logits + noise).softmax(-1)
    return attach(F.one_hot(noisy.argmax(-1), logits.shape[-1]).float(), noisy)


def through_the_batch(logits, generator=None):
    return attach(draw(logits.softmax(-1), generator), logits.softmax(0))


def through_sigmoids(logits, generator=None):
    return attach(draw(logits.softmax(-1), generator), logits.sigmoid())


WRONG_SAMPLES = {
    takes_the_mode: "argmax is not sampling",
    draws_uniformly: "draws are uniform",
    softmax_twice: "softmax was applied twice",
    one_for_all: "shared by the whole batch",
    soft: "forward value must be the hard sample",
    gumbel_softmax: "forward value must be the hard sample",
    rounds: "rounding",
    without_any_gradient: "a sample has no gradient of its own",
    through_logits: "gradient of the logits themselves",
    through_log_probabilities: "gradient of the log-probabilities",
    masks: "only the drawn class has a gradient",
    wrong_sign: "sign is wrong",
    ignores_the_generator: "do not depend on the generator",
    draws_from_logits: "logits are not probabilities",
    indices: "indices of classes",
    wrong_axis: "draws are uniform",
    detours_through_numpy: "stay in torch",
    needs_a_generator: "keep the arguments of the stub",
    own_generator: "no generator of your own",
    copies_the_generator: "not from a copy",
    seeds_from_the_generator: "or its seed",
    asks_the_generator: "`generator` may be None",
    draws_from_the_mean: "each row has its own probabilities",
    draws_from_the_first_row: "each row has its own probabilities",
    draws_each_class_by_itself: "each class was drawn by itself",
    forgets_to_squeeze: "each row met every other",
    an_axis_too_many: "an axis too many",
    class_axis_first: "batch first, then class",
    squeezes_the_batch: "a batch of one is still a batch",
    integers: "a gradient needs floats",
    counts_the_classes_drawn: r"K = logits.shape\[-1\] entries",
    overflows: "may overflow",
    shifts_in_place: "a changed `logits`",
    asks_for_a_gradient: "a changed `logits`",
    through_noisy_probabilities: "changes with the draw",
    through_the_batch: "softmax runs over the batch",
    through_sigmoids: "gradient of a sigmoid",
}


@pytest.mark.parametrize("wrong", WRONG_SAMPLES, ids=lambda wrong: wrong.__name__)
def test_straight_through_sample_names_the_mistake(wrong: Any) -> None:
    with pytest.raises(CheckFailed, match=WRONG_SAMPLES[wrong]):
        check.straight_through_sample(wrong)


def by_inverse_cdf(logits, generator=None):
    probabilities = logits.softmax(-1)
    uniform = torch.rand(len(logits), 1, generator=generator)
    index = torch.searchsorted(probabilities.detach().cumsum(-1), uniform).clamp(max=logits.shape[-1] - 1)
    return attach(torch.zeros_like(logits).scatter(1, index, 1.0), probabilities)


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, probabilities, one_hot):
        return one_hot.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def by_a_function_of_its_own(logits, generator=None):
    probabilities = F.log_softmax(logits, -1).exp()
    return StraightThrough.apply(probabilities, draw(probabilities, generator))


RIGHT = [by_inverse_cdf, by_a_function_of_its_own]


@pytest.mark.parametrize("answer", RIGHT)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.straight_through_sample(answer)


def test_another_recipe_for_the_same_sample_is_right_too() -> None:
    def gumbel_max(logits, generator=None):
        noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=generator).clamp(1e-9, 1 - 1e-7)))
        one_hot = F.one_hot((logits + noise).argmax(-1), logits.shape[-1]).float()
        probabilities = logits.softmax(-1)
        return one_hot.detach() + (probabilities - probabilities.detach())

    check.straight_through_sample(gumbel_max)


def test_a_forgotten_squeeze_is_found_on_a_few_rows() -> None:
    batches = []

    def answer(logits, generator=None):
        batches.append(len(logits))
        return forgets_to_squeeze(logits, generator)

    with pytest.raises(CheckFailed, match="each row met every other"):
        check.straight_through_sample(answer)
    assert max(batches) < 100  # the square of 20,000 rows would fill the memory
