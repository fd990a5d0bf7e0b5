"""An attentive probe finds what stands in one token, wherever that token is; a mean of all would drown it."""

import torch
from torch import Generator

from wmcourse.evaluation.attentive import AttentiveTraining, attentive_probe, explained
from wmcourse.evaluation.probes import linear_probe, r_squared

QUICK = AttentiveTraining(width=16, heads=2, updates=250, batch_size=64, lr=5e-3)


def marked(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Clips of 12 noisy tokens, one of which is marked and holds two quantities, of 100 and of 0.01."""
    generator = Generator().manual_seed(seed)
    tokens = torch.randn(count, 12, 4, generator=generator)
    tokens[..., 3] = 0.0
    rows, where = torch.arange(count), torch.randint(12, (count,), generator=generator)
    tokens[rows, where, 3] = 3.0
    return tokens, tokens[rows, where, :2] * torch.tensor([100.0, 0.01])


def test_it_reads_what_a_mean_cannot() -> None:
    (known, answers), (new, truth) = marked(1500, 0), marked(300, 1)
    probe = attentive_probe(known, answers, training=QUICK)
    attentive = explained(probe(new), truth, torch.arange(300))
    assert min(each.value for each in attentive) > 0.9
    mean = r_squared(linear_probe(known.mean(1), answers), new.mean(1), truth, torch.arange(300))
    assert max(each.value for each in mean) < 0.3


def test_it_finds_nothing_where_there_is_nothing_and_repeats() -> None:
    known, answers = marked(300, 0)
    noise = torch.randn(300, 2)
    state = torch.get_rng_state()
    one, two = (attentive_probe(known, noise, training=QUICK) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    new, _ = marked(200, 1)
    torch.testing.assert_close(one(new), two(new), rtol=0, atol=0)
    found = explained(one(new), torch.randn(200, 2), torch.arange(200))
    assert max(each.value for each in found) < 0.1


def test_explained_is_one_minus_the_missed_share() -> None:
    truth, predicted = torch.randn(50, 2), torch.randn(50, 2)
    expected = 1 - (predicted - truth).square().sum(0) / (truth - truth.mean(0)).square().sum(0)
    for found, value in zip(explained(predicted, truth, torch.arange(50)), expected.tolist(), strict=True):
        assert abs(found.value - value) < 1e-5 and found.low < found.value < found.high
