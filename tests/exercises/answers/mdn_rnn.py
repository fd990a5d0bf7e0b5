"""Answers to the exercises of chapter 5: right ones written differently, wrong ones that once escaped."""

import math

import numpy as np
import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal


def gates(x, hidden, w_ih, w_hh, b_ih, b_hh):
    return np.split(x @ w_ih.T + hidden @ w_hh.T + b_ih + b_hh, 4, axis=1)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def step_of(i, f, g, o, cell):
    new = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(new), new


def by_tanh(x, hidden, cell, *weights):
    i, f, g, o = gates(x, hidden, *weights)
    cell = (1 + np.tanh(f / 2)) / 2 * cell + (1 + np.tanh(i / 2)) / 2 * np.tanh(g)
    return (1 + np.tanh(o / 2)) / 2 * np.tanh(cell), cell


def by_slices(x, hidden, cell, w_ih, w_hh, b_ih, b_hh):
    size = hidden.shape[1]
    row = np.einsum("bx,gx->bg", x, w_ih) + np.einsum("bh,gh->bg", hidden, w_hh) + (b_ih + b_hh)
    return list(step_of(*(row[:, k * size : (k + 1) * size] for k in range(4)), cell))


def one_product(x, hidden, cell, w_ih, w_hh, b_ih, b_hh):
    row = np.concatenate([x, hidden], 1) @ np.concatenate([w_ih, w_hh], 1).T + b_ih + b_hh
    return step_of(*row.reshape(len(x), 4, -1).transpose(1, 0, 2), cell)


def row_by_row(x, hidden, cell, w_ih, w_hh, b_ih, b_hh):
    rows = [w_ih @ a + w_hh @ h + b_ih + b_hh for a, h in zip(x, hidden, strict=True)]
    return step_of(*np.split(np.stack(rows), 4, axis=1), cell)


def changes_the_cell(x, hidden, cell, *weights):
    i, f, g, o = gates(x, hidden, *weights)
    cell *= sigmoid(f)
    cell += sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), cell


def overflows(x, hidden, cell, *weights):
    def sigmoid(a):
        return np.exp(a) / (1 + np.exp(a))

    i, f, g, o = gates(x, hidden, *weights)
    new = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(new), new


def in_torch(x, hidden, cell, *weights):
    return torch.lstm_cell(torch.tensor(x), (torch.tensor(hidden), torch.tensor(cell)), *map(torch.tensor, weights))


def clips_the_cell(x, hidden, cell, *weights):
    return step_of(*gates(x, hidden, *weights), np.clip(cell, -5, 5))


def in_double(*given):
    return tuple(part.astype(np.float64) for part in by_tanh(*given))


def splits_by_turns(x, hidden, cell, w_ih, w_hh, b_ih, b_hh):
    row = (x @ w_ih.T + hidden @ w_hh.T + b_ih + b_hh).reshape(len(x), -1, 4)
    return step_of(*row.transpose(2, 0, 1), cell)


def squeezes(*given):
    return tuple(part.squeeze() for part in by_tanh(*given))


def one_bias_twice(x, hidden, cell, w_ih, w_hh, b_ih, b_hh):
    return by_tanh(x, hidden, cell, w_ih, w_hh, b_ih, b_ih)


def gates_without_a_sigmoid(x, hidden, cell, *weights):
    i, f, g, o = gates(x, hidden, *weights)
    new = f * cell + i * np.tanh(g)
    return o * np.tanh(new), new


# Mixture NLL ----------------------------------------------------------------------------------------------------------


def by_torch_distributions(logits, mu, log_sigma, target):
    mixture = MixtureSameFamily(Categorical(logits=logits), Normal(mu, log_sigma.exp()))
    return -mixture.log_prob(target).sum(-1)


def with_the_largest_taken_out(logits, mu, log_sigma, target):
    away = (target.unsqueeze(-1) - mu) / log_sigma.exp()
    log = logits - logits.logsumexp(-1, keepdim=True) - 0.5 * (away**2 + math.log(2 * math.pi)) - log_sigma
    largest = log.amax(-1, keepdim=True)
    return -(largest.squeeze(-1) + (log - largest).exp().sum(-1).log()).sum(-1)


def by_logaddexp(logits, mu, log_sigma, target):
    log = logits.log_softmax(2) + Normal(mu, log_sigma.exp()).log_prob(target[:, :, None])
    total = log[..., 0]
    for k in range(1, log.shape[-1]):
        total = torch.logaddexp(total, log[..., k])
    return -total.sum(1)


def logs(logits, mu, log_sigma, target):
    return logits.log_softmax(-1), Normal(mu, log_sigma.exp()).log_prob(target[..., None])


def adds_an_epsilon(*given):
    weights, density = logs(*given)
    return -torch.log((weights.exp() * density.exp()).sum(-1) + 1e-8).sum(-1)


def clamps_the_density(*given):
    weights, density = logs(*given)
    return -torch.logsumexp(weights + density.clamp_min(-100), -1).sum(-1)


def softmax_and_log(logits, mu, log_sigma, target):
    density = Normal(mu, log_sigma.exp()).log_prob(target[..., None])
    return -torch.logsumexp(torch.log(logits.softmax(-1) + 1e-10) + density, -1).sum(-1)


def exponentials_of_logits(logits, mu, log_sigma, target):
    density = Normal(mu, log_sigma.exp()).log_prob(target[..., None])
    return -torch.logsumexp(torch.log(logits.exp() / logits.exp().sum(-1, keepdim=True)) + density, -1).sum(-1)


def clamps_log_sigma(logits, mu, log_sigma, target):
    return by_torch_distributions(logits, mu, log_sigma.clamp(-5, 3), target)


def softmax_over_the_latent(logits, mu, log_sigma, target):
    density = Normal(mu, log_sigma.exp()).log_prob(target[..., None])
    return -torch.logsumexp(logits.log_softmax(1) + density, -1).sum(-1)


def holds_the_weights(logits, mu, log_sigma, target):
    return by_torch_distributions(logits.detach(), mu, log_sigma, target)


def shares_the_target(logits, mu, log_sigma, target):
    return by_torch_distributions(logits, mu, log_sigma, target[:, :1].expand_as(target))


# Sampling -------------------------------------------------------------------------------------------------------------


def by_gumbel(logits, mu, log_sigma, temperature, generator=None):
    uniform = torch.rand(logits.shape, generator=generator).clamp(1e-9, 1 - 1e-7)
    index = (logits / temperature - torch.log(-torch.log(uniform))).argmax(-1, keepdim=True)
    noise = torch.randn(index.shape, generator=generator)
    return (mu.gather(-1, index) + (temperature**0.5) * log_sigma.gather(-1, index).exp() * noise)[..., 0]


def with_noise_for_each(logits, mu, log_sigma, temperature, generator=None):
    samples = mu + log_sigma.exp() * math.sqrt(temperature) * torch.randn(mu.shape, generator=generator)
    weights = (logits / temperature).softmax(-1).reshape(-1, logits.shape[-1])
    chosen = torch.multinomial(weights, 1, generator=generator).reshape(logits.shape[:2])
    return (samples * torch.nn.functional.one_hot(chosen, logits.shape[-1])).sum(-1)


def dimension_by_dimension(logits, mu, log_sigma, temperature, generator=None):
    columns = []
    for d in range(logits.shape[1]):
        index = torch.multinomial((logits[:, d] / temperature).softmax(-1), 1, generator=generator)
        spread = (log_sigma[:, d] + 0.5 * math.log(temperature)).gather(1, index).exp()
        columns.append(mu[:, d].gather(1, index) + spread * torch.randn(index.shape, generator=generator))
    return torch.cat(columns, 1)


def by_probabilities_over_the_temperature(logits, mu, log_sigma, temperature, generator=None):
    return by_gumbel((logits.softmax(-1) / temperature).log() * temperature, mu, log_sigma, temperature, generator)


def softmax_of_probabilities(logits, mu, log_sigma, temperature, generator=None):
    return by_gumbel(logits.softmax(-1), mu, log_sigma, temperature, generator)


def squares_the_temperature(logits, mu, log_sigma, temperature, generator=None):
    noise = by_gumbel(logits * temperature, mu, log_sigma, temperature**2, generator)
    return noise


def clamps_the_logits(logits, mu, log_sigma, temperature, generator=None):
    return by_gumbel(logits.clamp(-2, 2), mu, log_sigma, temperature, generator)


def clamps_sigma(logits, mu, log_sigma, temperature, generator=None):
    return by_gumbel(logits, mu, log_sigma.clamp(-5, 3), temperature, generator)


def one_row_for_all(logits, mu, log_sigma, temperature, generator=None):
    weights = (logits[0, 0] / temperature).softmax(-1)
    index = torch.multinomial(weights, mu[..., 0].numel(), replacement=True, generator=generator)
    index = index.view(*mu.shape[:2], 1)
    noise = torch.randn(index.shape, generator=generator) * temperature**0.5
    return (mu.gather(-1, index) + log_sigma.gather(-1, index).exp() * noise)[..., 0]


def same_noise_for_all_dimensions(logits, mu, log_sigma, temperature, generator=None):
    weights = (logits / temperature).softmax(-1).flatten(0, 1)
    index = torch.multinomial(weights, 1, generator=generator).view(*mu.shape[:2], 1)
    noise = torch.randn(len(mu), 1, 1, generator=generator) * temperature**0.5
    return (mu.gather(-1, index) + log_sigma.gather(-1, index).exp() * noise)[..., 0]


def own_generator(logits, mu, log_sigma, temperature, generator=None):
    return by_gumbel(logits, mu, log_sigma, temperature, generator or torch.Generator())


def needs_a_generator(logits, mu, log_sigma, temperature, generator):
    return by_gumbel(logits, mu, log_sigma, temperature, generator)


RIGHT = {
    "lstm_step": [by_tanh, by_slices, one_product, row_by_row],
    "mixture_nll": [by_torch_distributions, with_the_largest_taken_out, by_logaddexp],
    "sample_mixture": [by_gumbel, with_noise_for_each, dimension_by_dimension],
}
WRONG = {
    "lstm_step": [
        changes_the_cell,
        overflows,
        in_torch,
        clips_the_cell,
        in_double,
        splits_by_turns,
        squeezes,
        one_bias_twice,
        gates_without_a_sigmoid,
    ],
    "mixture_nll": [
        adds_an_epsilon,
        clamps_the_density,
        softmax_and_log,
        exponentials_of_logits,
        clamps_log_sigma,
        softmax_over_the_latent,
        holds_the_weights,
        shares_the_target,
    ],
    "sample_mixture": [
        by_probabilities_over_the_temperature,
        softmax_of_probabilities,
        squares_the_temperature,
        clamps_the_logits,
        clamps_sigma,
        one_row_for_all,
        same_noise_for_all_dimensions,
        own_generator,
        needs_a_generator,
    ],
}
