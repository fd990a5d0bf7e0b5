"""Answers to the exercises of chapter 08: right ones written differently, and wrong ones that once escaped."""

from functools import partial

import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from wmcourse.models.protocol import map_state


def one_hot_groups(p, generator):
    index = torch.multinomial(p.detach().flatten(0, 1), 1, generator=generator)
    return F.one_hot(index.view(p.shape[:2]), p.shape[-1]).float()


def attached(hard, p):
    return (hard + (p - p.detach())).flatten(1)


def sampled(logits, generator):
    return attached(one_hot_groups(logits.softmax(-1), generator), logits.softmax(-1))


def step(parts, deter, stoch, action, embedding=None, generator=None, latent=sampled):
    deter = parts.cell(torch.cat([stoch, action], -1), deter)
    prior = parts.prior(deter)
    posterior = None if embedding is None else parts.posterior(torch.cat([deter, embedding], -1))
    return [deter, latent(prior if posterior is None else posterior, generator), prior, posterior]


def with_latent(latent):
    answer = partial(step, latent=latent)
    answer.__name__ = latent.__name__
    return answer


def gumbel_max(logits, generator):
    uniform = torch.rand(logits.shape, generator=generator).clamp(1e-9, 1 - 1e-7)
    index = (logits - torch.log(-torch.log(uniform))).argmax(-1)
    return attached(F.one_hot(index, logits.shape[-1]).float(), logits.softmax(-1))


def normalized_logits(*arguments):
    deter, latent, prior, posterior = step(*arguments)
    return deter, latent, prior.log_softmax(-1), None if posterior is None else posterior.log_softmax(-1)


def mode_without_a_graph(logits, generator):
    if torch.is_grad_enabled():
        return sampled(logits, generator)
    return F.one_hot(logits.argmax(-1), logits.shape[-1]).float().flatten(1)


def mode_of_one_row(logits, generator):
    if len(logits) > 1:
        return sampled(logits, generator)
    return attached(F.one_hot(logits.argmax(-1), logits.shape[-1]).float(), logits.softmax(-1))


def one_number_for_all_groups(logits, generator):
    p = logits.softmax(-1)
    index = (p.cumsum(-1) < torch.rand(len(p), 1, 1, generator=generator)).sum(-1).clamp(max=p.shape[-1] - 1)
    return attached(F.one_hot(index, p.shape[-1]).float(), p)


def sharper(logits, generator):
    return attached(one_hot_groups((2 * logits).softmax(-1), generator), logits.softmax(-1))


def uniform_mixed_in(logits, generator):
    p = 0.99 * logits.softmax(-1) + 0.01 / logits.shape[-1]
    return attached(one_hot_groups(p, generator), p)


def in_double_precision(*arguments):
    return tuple(None if part is None else part.double() for part in step(*arguments))


def in_evaluation_mode(parts, *arguments):
    for part in parts:
        part.eval()
    return step(parts, *arguments)


def entropies(mean_q, std_q, mean_p, std_p):
    cross = 0.5 * (torch.log(2 * torch.pi * std_p**2) + (std_q**2 + (mean_q - mean_p) ** 2) / std_p**2)
    return (cross - Normal(mean_q, std_q).entropy()).sum(dim=-1)


def kl(mean_q, std_q, mean_p, std_p, sharpest=0.0):
    q, p = (Normal(mean, std.clamp_min(sharpest)) for mean, std in ((mean_q, std_q), (mean_p, std_p)))
    return kl_divergence(q, p).sum(-1)


def smallest_spread(*gaussians):
    return kl(*gaussians, sharpest=1e-3)


def epsilon_below(mean_q, std_q, mean_p, std_p):
    return kl(mean_q, std_q + 1e-8, mean_p, std_p + 1e-8)


def logarithm_of_products(mean_q, std_q, mean_p, std_p):
    rest = 0.5 * ((std_q / std_p) ** 2 + ((mean_q - mean_p) / std_p) ** 2 - 1)
    return torch.log(std_p.prod(-1)) - torch.log(std_q.prod(-1)) + rest.sum(-1)


def never_negative(*gaussians):
    return kl(*gaussians).clamp(1e-3, 1e4)


def scaled_gradients(kl, posterior, prior, balance, free_nats):
    posterior = (1 - balance) * posterior + balance * posterior.detach()
    prior = balance * prior + (1 - balance) * prior.detach()
    return kl(posterior, prior).mean().clamp_min(free_nats)


def constant_below(kl, posterior, prior, balance, free_nats):
    if kl(posterior, prior).mean() < free_nats:
        return torch.tensor(free_nats)
    return balanced(kl, posterior, prior, balance, 0.0)


def balanced(kl, posterior, prior, balance, free_nats):
    terms = kl(posterior.detach(), prior), kl(posterior, prior.detach())
    terms = [term.mean().clamp_min(free_nats) for term in terms]
    return balance * terms[0] + (1 - balance) * terms[1]


def switches_flags(kl, posterior, prior, balance, free_nats):
    posterior.requires_grad_(False)
    prior_learns = kl(posterior, prior).mean().clamp_min(free_nats)
    posterior.requires_grad_(True)
    return balance * prior_learns + (1 - balance) * kl(posterior, prior.detach()).mean().clamp_min(free_nats)


def default_balance(kl, posterior, prior, balance, free_nats):
    return balanced(kl, posterior, prior, balance or 0.8, free_nats)


def default_free_nats(kl, posterior, prior, balance, free_nats):
    return balanced(kl, posterior, prior, balance, free_nats or 1.0)


def capped(kl, posterior, prior, balance, free_nats):
    return balanced(lambda left, right: kl(left, right).clamp_max(50.0), posterior, prior, balance, free_nats)


def backward_inside(kl, posterior, prior, balance, free_nats):
    loss = balanced(kl, posterior, prior, balance, free_nats)
    if loss.requires_grad:
        loss.backward(retain_graph=True)
    return loss


def stacked(states):
    return map_state(lambda *fields: torch.stack(fields, dim=1), *states)


def by_axes(flags, field):
    return flags.view(-1, *[1] * (field.dim() - 1))


def followed(model, actions, filled, seen, axes=by_axes):
    state, states = model.initial(len(actions)), []
    for t in range(actions.shape[1]):
        both = model.observe(state, actions[:, t], filled[:, t]), model.imagine(state, actions[:, t])
        flags = seen[:, t]
        state = map_state(lambda yes, no, flags=flags: torch.where(axes(flags, yes), yes, no), *both)
        states.append(state)
    return stacked(states)


def old_frames_in_the_gaps(model, actions, observations, seen):
    return followed(model, actions, observations.masked_fill(~seen[..., None], 7.0), seen)


def flags_as_numbers(model, actions, observations, seen):
    filled = observations.clone()
    filled[~seen] = 0.0
    state, states = model.initial(len(actions)), []
    for action, observation, flags in zip(actions.unbind(1), filled.unbind(1), seen.unbind(1), strict=True):
        yes, no = model.observe(state, action, observation), model.imagine(state, action)
        state = map_state(lambda a, b, f=flags: by_axes(f, a).float() * a + by_axes(~f, b).float() * b, yes, no)
        states.append(state)
    return stacked(states)


def looks_alone(model, actions, observations, seen):
    """No gap ever reaches the model: each path gets its own part of the batch."""
    state, states = model.initial(len(actions)), []
    for t, look in enumerate(seen.unbind(1)):
        looking, dreaming = (map_state(lambda field, rows=rows: field[rows], state) for rows in (look, ~look))
        corrected = model.observe(looking, actions[look, t], observations[look, t])
        imagined = model.imagine(dreaming, actions[~look, t])
        state = map_state(
            lambda old, yes, no, look=look: old.clone().index_put((look,), yes).index_put((~look,), no),
            state,
            corrected,
            imagined,
        )
        states.append(state)
    return stacked(states)


def fills_nan_alone(model, actions, observations, seen):
    return followed(model, actions, observations.nan_to_num(), seen)


def fills_what_is_not_finite(model, actions, observations, seen):
    return followed(model, actions, observations.nan_to_num(0.0, 0.0, 0.0), seen)


def flags_of_two_axes(model, actions, observations, seen):
    return followed(model, actions, observations.nan_to_num(), seen, axes=lambda flags, field: flags[:, None])


def flags_of_two_or_three_axes(model, actions, observations, seen):
    filled = torch.where(seen[..., None], observations, 0.0)
    axes = {2: lambda flags: flags[:, None], 3: lambda flags: flags[:, None, None]}
    return followed(model, actions, filled, seen, axes=lambda flags, field: axes.get(field.dim(), lambda f: f)(flags))


def as_many_as_initial_gives(model, actions, observations, seen):
    return map_state(lambda field: field.squeeze(1), old_frames_in_the_gaps(model, actions, observations, seen))


def kalman(mean, variance, push, observation, process_noise, observation_noise, least=0.0, most=1.0):
    gain = ((variance + process_noise) / (variance + process_noise + observation_noise)).clamp(least, most)
    return [mean + push + gain * (observation - mean - push), (1 - gain) * (variance + process_noise), gain]


def josephs_form(mean, variance, push, observation, process_noise, observation_noise):
    predicted = torch.add(variance, process_noise)
    gain = predicted.div(predicted + observation_noise)
    return torch.lerp(mean + push, observation, gain), (1 - gain) ** 2 * predicted + gain**2 * observation_noise, gain


def clamped_gain(*walk):
    return kalman(*walk, least=0.01, most=0.99)


def default_noise(mean, variance, push, observation, process_noise, observation_noise):
    return kalman(mean, variance, push, observation, process_noise or 0.1, observation_noise)


def smallest_variance(mean, variance, *rest):
    return kalman(mean, variance.clamp_min(1e-6), *rest)


def least_squares(expected, believed, observed):
    x, y = (observed - expected).reshape(-1, 1), (believed - expected).reshape(-1, 1)
    return torch.linalg.lstsq(x, y).solution.squeeze()


def measured_without_a_graph(expected, believed, observed, epsilon=0.0):
    with torch.no_grad():
        x = observed - expected
        return torch.sum(x * (believed - expected)) / (torch.sum(x**2) + epsilon)


def epsilon_in_the_slope(*looks):
    return measured_without_a_graph(*looks, epsilon=1e-8)


def epsilon_in_each_ratio(expected, believed, observed):
    x = observed - expected
    return ((believed - expected) * x / (x**2 + 1e-3)).mean()


def plain_number(*looks):
    return measured_without_a_graph(*looks).item()


def positive(*looks):
    return measured_without_a_graph(*looks).clamp(0, 1)


RIGHT = {
    "rssm_step": [step, with_latent(gumbel_max), normalized_logits],
    "gaussian_kl": [kl, entropies],
    "balanced_kl": [scaled_gradients, constant_below],
    "filter_with_gaps": [old_frames_in_the_gaps, flags_as_numbers, looks_alone],
    "kalman_step": [kalman, josephs_form],
    "learnt_gain": [least_squares, measured_without_a_graph],
}
LATENTS = [mode_without_a_graph, mode_of_one_row, one_number_for_all_groups, sharper, uniform_mixed_in]
WRONG = {
    "rssm_step": [*map(with_latent, LATENTS), in_double_precision, in_evaluation_mode],
    "gaussian_kl": [smallest_spread, epsilon_below, logarithm_of_products, never_negative],
    "balanced_kl": [switches_flags, default_balance, default_free_nats, capped, backward_inside],
    "filter_with_gaps": [
        fills_nan_alone,
        fills_what_is_not_finite,
        flags_of_two_axes,
        flags_of_two_or_three_axes,
        as_many_as_initial_gives,
    ],
    "kalman_step": [clamped_gain, default_noise, smallest_variance],
    "learnt_gain": [epsilon_in_the_slope, epsilon_in_each_ratio, plain_number, positive],
}
