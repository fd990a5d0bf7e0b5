"""Answers to the exercises of chapter 6: right ones written differently, wrong ones that once escaped."""

import math
from statistics import NormalDist

import torch

from wmcourse.models.protocol import map_state

# The linear policy ----------------------------------------------------------------------------------------------------


def by_einsum(population, latent, hidden, action_dim):
    members, rollouts, _ = latent.shape
    seen = torch.cat([latent, hidden, torch.ones(members, rollouts, 1)], -1)
    return torch.einsum("maf,mrf->mra", population.reshape(members, action_dim, -1), seen).max(-1).indices


def by_baddbmm(population, latent, hidden, action_dim):
    table = population.reshape(len(population), action_dim, -1)
    seen = torch.cat((latent, hidden), 2)
    return torch.baddbmm(table[:, None, :, -1], seen, table[:, :, :-1].transpose(1, 2)).softmax(-1).argmax(-1)


def member_by_member(population, latent, hidden, action_dim):
    rows = []
    for vector, z, h in zip(population, latent, hidden, strict=True):
        table = vector.reshape(action_dim, -1)
        rows.append((torch.cat([z, h], -1) @ table[:, :-1].T + table[:, -1]).argmax(-1))
    return torch.stack(rows)


def saturated(population, latent, hidden, action_dim):
    table = population.unflatten(-1, (action_dim, -1))
    seen = torch.cat([latent, hidden], -1)
    return (seen @ table[..., :-1].mT + table[:, None, :, -1]).clamp(-1, 1).argmax(-1)


def in_int32(*given):
    return by_einsum(*given).int()


def three_actions(population, latent, hidden, action_dim):
    seen = torch.cat([latent, hidden, torch.ones_like(latent[..., :1])], -1)
    return (seen @ population.unflatten(-1, (3, -1)).mT).argmax(-1)


def rows_of_another(population, latent, hidden, action_dim):
    return by_einsum(population.flip(0), latent, hidden, action_dim)


def one_hot(*given):
    return torch.nn.functional.one_hot(by_einsum(*given), given[-1])


def mean_of_the_rollouts(population, latent, hidden, action_dim):
    return by_einsum(population, latent.mean(1, keepdim=True).expand_as(latent), hidden, action_dim)


def squeezes(*given):
    return by_einsum(*given).squeeze()


# A generation ---------------------------------------------------------------------------------------------------------


def weights_of(members):
    w = torch.tensor([math.log((members + 1) / 2 / r) for r in range(1, members // 2 + 1)])
    return w / w.sum()


def by_topk(mean, spread, noise, score):
    population = torch.addcmul(mean, spread, noise)
    best = population[torch.topk(score(population), len(noise) // 2).indices]
    w = weights_of(len(noise))
    return w @ best, (w @ (best - mean) ** 2) ** 0.5


def by_ranks(mean, spread, noise, score):
    scores = score(mean + spread * noise)
    rank = (scores[None] > scores[:, None]).sum(1)
    w = torch.cat([weights_of(len(noise)), torch.zeros(len(noise) - len(noise) // 2)])[rank]
    return mean + spread * (w @ noise), spread * (w @ noise**2).sqrt()


def by_argsort_of_negative(mean, spread, noise, score):
    step = spread * noise
    order = torch.argsort(-score(mean + step))[: len(noise) // 2]
    w = torch.softmax(weights_of(len(noise)).log(), 0)
    return mean + torch.einsum("m,mp->p", w, step[order]), torch.einsum("m,mp->p", w, step[order] ** 2).sqrt()


def weights_by_score(mean, spread, noise, score):
    population = mean + spread * noise
    scores, order = score(population).topk(len(noise) // 2)
    w = scores.softmax(0)
    return w @ population[order], (w @ (population[order] - mean) ** 2).sqrt()


def linear_weights(mean, spread, noise, score):
    population = mean + spread * noise
    best = population[score(population).topk(len(noise) // 2).indices]
    w = torch.arange(len(best), 0, -1.0)
    w = w / w.sum()
    return w @ best, (w @ (best - mean) ** 2).sqrt()


def ranks_from_zero(mean, spread, noise, score):
    population = mean + spread * noise
    best = population[score(population).topk(len(noise) // 2).indices]
    w = math.log((len(noise) + 1) / 2) - torch.arange(len(best)).log()
    return (w / w.sum()) @ best, ((w / w.sum()) @ (best - mean) ** 2).sqrt()


def rounds_the_half_up(mean, spread, noise, score):
    population = mean + spread * noise
    best = population[score(population).topk((len(noise) + 1) // 2).indices]
    w = math.log((len(noise) + 2) / 2) - torch.arange(1, len(best) + 1).log()
    w = w / w.sum()
    return w @ best, (w @ (best - mean) ** 2).sqrt()


def one_spread_for_all(*given):
    mean, spread = by_topk(*given)
    return mean, spread.mean().expand_as(spread)


def ranks_as_an_order(mean, spread, noise, score):
    scores = score(mean + spread * noise)
    return by_ranks(mean, spread, noise, lambda _: -scores.argsort().float())


def noise_as_variance(mean, spread, noise, score):
    return by_topk(mean, spread.sqrt(), noise, score)


def never_narrower(mean, spread, noise, score):
    new, wide = by_topk(mean, spread, noise, score)
    return new, torch.maximum(wide, spread)


def log_of_half(mean, spread, noise, score):
    population = mean + spread * noise
    best = population[score(population).topk(len(noise) // 2).indices]
    w = math.log(len(noise) / 2 + 1) - torch.arange(1, len(best) + 1).log()
    w = w / w.sum()
    return w @ best, (w @ (best - mean) ** 2).sqrt()


# A dream's step -------------------------------------------------------------------------------------------------------


def only_those_that_run(model, state, action, ended, chance):
    runs = ~ended
    new = model.imagine(map_state(lambda field: field[runs], state), action[runs])
    told = model.decode(new)

    def put(old, moved):
        field = old.clone()
        field[runs] = moved
        return field

    over, reward = ended.clone(), torch.zeros(len(ended))
    over[runs] = chance[runs] >= told.continues
    reward[runs] = told.reward
    return map_state(put, state, new), reward, over


def by_arithmetic(model, state, action, ended, chance):
    new = model.imagine(state, action)
    told = model.decode(new)
    kept = type(state)(*(old.clone() for old in state))
    for field, moved in zip(kept, new, strict=True):
        field[~ended] = moved[~ended]
    return kept, told.reward * (~ended), ~((chance < told.continues) & ~ended)


def by_transposing(model, state, action, ended, chance):
    new = model.imagine(state, action)
    fields = [
        torch.where(ended, old.movedim(0, -1), moved.movedim(0, -1)).movedim(-1, 0)
        for old, moved in zip(state, new, strict=True)
    ]
    told = model.decode(new)
    goes_on = torch.logical_and(~ended, told.continues > chance)
    return type(state)(*fields), torch.where(ended, torch.zeros_like(told.reward), told.reward), goes_on.logical_not()


def decodes_the_kept_state(model, state, action, ended, chance):
    kept, _, _ = by_arithmetic(model, state, action, ended, chance)
    told = model.decode(kept)
    return kept, told.reward.masked_fill(ended, 0), ended | (chance >= told.continues)


def keeps_the_place_only(model, state, action, ended, chance):
    new = model.imagine(state, action)
    kept, reward, over = by_arithmetic(model, state, action, ended, chance)
    return new._replace(place=kept.place), reward, over


def floats_everywhere(*given):
    state, reward, over = by_arithmetic(*given)
    return state._replace(age=state.age.float()), reward, over


def number_flags(*given):
    state, reward, over = by_arithmetic(*given)
    return state, reward, over.float()


def writes_into_the_flags(model, state, action, ended, chance):
    state, reward, over = by_arithmetic(model, state, action, ended, chance)
    ended |= over
    return state, reward, ended


def draws_its_own_coins(model, state, action, ended, chance):
    return by_arithmetic(model, state, action, ended, torch.rand(len(ended)))


def pays_one_a_step(*given):
    state, _, over = by_arithmetic(*given)
    return state, (~given[3]).float(), over


def ends_all_with_one(model, state, action, ended, chance):
    state, reward, over = by_arithmetic(model, state, action, ended, chance)
    return state, reward, over.any().expand(len(over))


def ended_dreams_act_as_zeros(model, state, action, ended, chance):
    new = model.imagine(state, action * ~ended[:, None])
    told = model.decode(new)
    return new, told.reward * ~ended, ended | (chance >= told.continues)


# Cheaters -------------------------------------------------------------------------------------------------------------


def by_standard_errors(dream, real, margin):
    d, r = (scores.std(-1) / math.sqrt(scores.shape[-1]) for scores in (dream, real))
    bound = dream.mean(-1) - real.mean(-1) - 1.96 * torch.sqrt(d**2 + r**2)
    return bound, torch.gt(bound, margin)


def row_by_row(dream, real, margin):
    bounds = []
    for told, lived in zip(dream, real, strict=True):
        (d, d_mean), (r, r_mean) = torch.var_mean(told), torch.var_mean(lived)
        bounds.append(d_mean - r_mean - 1.96 * (d / len(told) + r / len(lived)).sqrt())
    return torch.stack(bounds), torch.stack([bound > margin for bound in bounds])


def by_sums(dream, real, margin):
    def moments(x):
        mean = x.sum(1) / x.shape[1]
        return mean, ((x - mean[:, None]) ** 2).sum(1) / (x.shape[1] - 1) / x.shape[1]

    (d, d_error), (r, r_error) = moments(dream), moments(real)
    bound = d - r - 1.96 * (d_error + r_error) ** 0.5
    return bound, bound - margin > 0


def pools_the_variance(dream, real, margin):
    D, R = dream.shape[1], real.shape[1]
    pooled = ((D - 1) * dream.var(1) + (R - 1) * real.var(1)) / max(D + R - 2, 1)
    bound = dream.mean(1) - real.mean(1) - 1.96 * (pooled * (1 / D + 1 / R)).sqrt()
    return bound, bound > margin


def by_the_median(dream, real, margin):
    _, error = row_by_row(dream, real, margin)
    bound = dream.median(1).values - real.median(1).values
    return bound, bound > margin


def pools_the_controllers(dream, real, margin):
    bound, _ = by_sums(dream.reshape(1, -1), real.reshape(1, -1), margin)
    return bound.expand(len(dream)), bound.expand(len(dream)) > margin


def one_sided(dream, real, margin):
    z = NormalDist().inv_cdf(0.95)
    bound = dream.mean(1) - real.mean(1) - z * (dream.var(1) / dream.shape[1] + real.var(1) / real.shape[1]).sqrt()
    return bound, bound > margin


def subtracts_the_margin(dream, real, margin):
    bound, cheats = by_sums(dream, real, margin)
    return bound - margin, cheats


def never_below_zero(dream, real, margin):
    bound, cheats = by_sums(dream, real, margin)
    return bound.clamp_min(0), cheats


def the_verdict_only(dream, real, margin):
    return by_sums(dream, real, margin)[1]


def adds_an_epsilon(dream, real, margin):
    error = (dream.var(1) / dream.shape[1] + real.var(1) / real.shape[1] + 1e-4).sqrt()
    bound = dream.mean(1) - real.mean(1) - 1.96 * error
    return bound, bound > margin


def divides_by_the_dreams(dream, real, margin):
    error = ((dream.var(1) + real.var(1)) / dream.shape[1]).sqrt()
    bound = dream.mean(1) - real.mean(1) - 1.96 * error
    return bound, bound > margin


RIGHT = {
    "linear_policy": [by_einsum, by_baddbmm, member_by_member],
    "es_generation": [by_topk, by_ranks, by_argsort_of_negative],
    "dream_step": [only_those_that_run, by_arithmetic, by_transposing, decodes_the_kept_state],
    "spot_cheaters": [by_standard_errors, row_by_row, by_sums],
}
WRONG = {
    "linear_policy": [
        saturated,
        in_int32,
        three_actions,
        rows_of_another,
        one_hot,
        mean_of_the_rollouts,
        squeezes,
    ],
    "es_generation": [
        weights_by_score,
        linear_weights,
        ranks_from_zero,
        rounds_the_half_up,
        one_spread_for_all,
        ranks_as_an_order,
        noise_as_variance,
        never_narrower,
        log_of_half,
    ],
    "dream_step": [
        keeps_the_place_only,
        floats_everywhere,
        number_flags,
        writes_into_the_flags,
        draws_its_own_coins,
        pays_one_a_step,
        ends_all_with_one,
        ended_dreams_act_as_zeros,
    ],
    "spot_cheaters": [
        pools_the_variance,
        by_the_median,
        pools_the_controllers,
        one_sided,
        subtracts_the_margin,
        never_below_zero,
        the_verdict_only,
        adds_an_epsilon,
        divides_by_the_dreams,
    ],
}
