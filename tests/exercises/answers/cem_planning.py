"""Answers to the exercises of chapter 12: right ones written differently, wrong ones that once escaped."""

import math

import torch
import torch.nn.functional as F

# Random shooting ------------------------------------------------------------------------------------------------------


def by_a_stack(step, state, plans):
    states, rewards = torch.stack([state] * plans.size(0)), []
    for actions in plans.unbind(1):
        states, reward = step(states, actions)
        rewards.append(reward)
    values = torch.stack(rewards).sum(0)
    values = torch.where(values.isfinite(), values, torch.tensor(-torch.inf))
    value, index = values.max(0)
    return plans[index], value


def only_the_finite(step, state, plans):
    states, totals = state.repeat(len(plans), 1), None
    for t in range(plans.shape[1]):
        states, reward = step(states, plans[:, t, :])
        totals = reward if totals is None else totals + reward
    known = torch.isfinite(totals).nonzero()[:, 0]
    winner = known[totals[known].topk(1).indices[0]]
    return plans[winner].clone(), totals[winner]


def by_sorting(step, state, plans):
    states, values = state[None].expand(plans.shape[0], -1), torch.zeros(plans.shape[0])
    for t in range(plans.shape[1]):
        states, reward = step(states, plans.transpose(0, 1)[t])
        values += reward
    pairs = [(value, n) for n, value in enumerate(values.tolist()) if math.isfinite(value)]
    n = sorted(pairs)[-1][1]
    return plans[n], values[n]


def step_by_step_greedy(step, state, plans):
    states, chosen, total = state.repeat(len(plans), 1), [], 0.0
    for t in range(plans.shape[1]):
        states, reward = step(states, plans[:, t])
        index = reward.masked_fill(~reward.isfinite(), -torch.inf).argmax()
        chosen.append(plans[index, t])
        total = total + reward[index]
    return torch.stack(chosen), total


def the_first_action(step, state, plans):
    plan, value = by_a_stack(step, state, plans)
    return plan[0], value


def the_number_of_the_plan(step, state, plans):
    plan, value = by_a_stack(step, state, plans)
    return (plans == plan).all(-1).all(-1).int().argmax(), value


def value_first(*given):
    return by_a_stack(*given)[::-1]


def value_of_one(*given):
    plan, value = by_a_stack(*given)
    return plan, value[None]


def value_as_zero(step, state, plans):
    """A value of NaN becomes 0, in place of nothing."""
    values = rewards_of(step, state, plans).sum(1).nan_to_num(0.0, 0.0, 0.0)
    return plans[values.argmax()], values.max()


def best_single_step(step, state, plans):
    values = rewards_of(step, state, plans)
    values = values.masked_fill(~values.isfinite().all(1, keepdim=True), -torch.inf).amax(1)
    return plans[values.argmax()], values.max()


def last_is_finite(step, state, plans):
    rewards = rewards_of(step, state, plans)
    values = rewards.sum(1).masked_fill(~rewards[:, -1].isfinite(), -torch.inf)
    return plans[values.argmax()], values.max()


def infinity_counts_as_zero(step, state, plans):
    rewards = rewards_of(step, state, plans)
    values = rewards.masked_fill(rewards.isinf(), 0.0).sum(1)
    values = values.masked_fill(values.isnan(), -torch.inf)
    return plans[values.argmax()], values.max()


def a_penalty_for_what_is_not_finite(step, state, plans):
    values = rewards_of(step, state, plans).nan_to_num(-1e9, -1e9, -1e9).sum(1)
    return plans[values.argmax()], values.max()


def one_plan_at_a_time(step, state, plans):
    return by_a_stack(step, state, plans[:1])


def discounts(step, state, plans):
    rewards = rewards_of(step, state, plans)
    values = (rewards * 0.99 ** torch.arange(rewards.shape[1])).sum(1)
    values = values.masked_fill(~values.isfinite(), -torch.inf)
    return plans[values.argmax()], values.max()


def rewards_of(step, state, plans):
    states, rewards = state.repeat(len(plans), 1), []
    for t in range(plans.shape[1]):
        states, reward = step(states, plans[:, t])
        rewards.append(reward)
    return torch.stack(rewards, 1)


# The update of CEM ----------------------------------------------------------------------------------------------------


def finite(values):
    return torch.where(torch.isfinite(values), values, torch.full_like(values, -torch.inf))


def by_argsort(candidates, values, elites, min_std):
    best = candidates[torch.argsort(-finite(values))[:elites]]
    var, mean = torch.var_mean(best, dim=0, correction=0)
    return mean, torch.clamp(var.sqrt(), min=min_std)


def by_a_mask(candidates, values, elites, min_std):
    known = finite(values)
    weight = (known >= known.sort(descending=True).values[elites - 1]).float() / elites
    mean = torch.einsum("n,nha->ha", weight, candidates)
    std = torch.einsum("n,nha->ha", weight, (candidates - mean) ** 2) ** 0.5
    return mean, torch.maximum(std, torch.tensor(min_std))


def by_filtering(candidates, values, elites, min_std):
    known = values.isfinite()
    candidates, values = candidates[known], values[known]
    best = candidates[values.topk(elites)[1]]
    mean = best.sum(0) / elites
    std = torch.sqrt(((best - mean) ** 2).sum(0) / elites)
    return mean, torch.where(std < min_std, torch.full_like(std, min_std), std)


def one_std_for_all(candidates, values, elites, min_std):
    best = candidates[finite(values).topk(elites).indices]
    return best.mean(0), best.std(correction=0).clamp_min(min_std).expand(best.shape[1:])


def one_std_for_each_action(candidates, values, elites, min_std):
    best = candidates[finite(values).topk(elites).indices]
    std = best.std(dim=(0, 1), correction=0).clamp_min(min_std)
    return best.mean(0), std.expand(best.shape[1:])


def spread_around_zero(candidates, values, elites, min_std):
    best = candidates[finite(values).topk(elites).indices]
    return best.mean(0), best.square().mean(0).sqrt().clamp_min(min_std)


def weights_by_value(candidates, values, elites, min_std):
    top = finite(values).topk(elites)
    weight, best = top.values.softmax(0)[:, None, None], candidates[top.indices]
    mean = (weight * best).sum(0)
    return mean, (weight * (best - mean).square()).sum(0).sqrt().clamp_min(min_std)


def variance_is_floored(candidates, values, elites, min_std):
    best = candidates[finite(values).topk(elites).indices]
    return best.mean(0), best.var(0, correction=0).clamp_min(min_std).sqrt()


def root_of_a_sum_with_epsilon(candidates, values, elites, min_std):
    best = candidates[finite(values).topk(elites).indices]
    return best.mean(0), (best.var(0, correction=0) + min_std**2).sqrt()


def by_the_median(candidates, values, elites, min_std):
    best = candidates[finite(values).topk(elites).indices]
    return best.median(0).values, best.std(0, correction=0).clamp_min(min_std)


def the_first_of_them(candidates, values, elites, min_std):
    return by_argsort(candidates, -torch.arange(len(values)).float(), elites, min_std)


def nan_is_zero(candidates, values, elites, min_std):
    return by_argsort(candidates, values.nan_to_num(0.0, 0.0, 0.0), elites, min_std)


def one_elite_more(candidates, values, elites, min_std):
    return by_argsort(candidates, values, min(elites + 1, len(values)), min_std)


def deviation_of_the_mean(candidates, values, elites, min_std):
    best = candidates[finite(values).topk(elites).indices]
    return best.mean(0), (best.std(0, correction=0) / math.sqrt(elites)).clamp_min(min_std)


def mean_absolute_deviation(candidates, values, elites, min_std):
    best = candidates[finite(values).topk(elites).indices]
    return best.mean(0), (best - best.mean(0)).abs().mean(0).clamp_min(min_std)


# The update of CEM for choices ----------------------------------------------------------------------------------------


def by_bincount(probs, candidates, values, elites, min_prob, momentum):
    chosen = candidates.argmax(-1)[torch.argsort(finite(values), descending=True)[:elites]]  # (K, H)
    counts = torch.stack([torch.bincount(step, minlength=probs.shape[1]) for step in chosen.T]).float()
    mixed = torch.lerp(counts / elites, probs, momentum)
    return mixed - probs.shape[1] * min_prob * mixed + min_prob


def by_a_convex_mixture(probs, candidates, values, elites, min_prob, momentum):
    chance = min_prob * probs.size(-1)
    known = values.isfinite()
    best = candidates[known][values[known].topk(elites).indices]
    new = (1 - momentum) * best.sum(0) / elites + momentum * probs
    return chance * torch.full_like(probs, 1 / probs.size(-1)) + (1 - chance) * new


def by_scatter(probs, candidates, values, elites, min_prob, momentum):
    horizon, choices = probs.shape
    share = torch.zeros(horizon, choices)
    for n in sorted(range(len(values)), key=lambda n: -finite(values)[n].item())[:elites]:
        share[torch.arange(horizon), candidates[n].argmax(-1)] += 1 / elites
    return (1 - choices * min_prob) * (momentum * probs + (1 - momentum) * share) + min_prob


def the_best_alone(probs, candidates, values, elites, min_prob, momentum):
    return by_bincount(probs, candidates, values, 1, min_prob, momentum)


def the_worst(probs, candidates, values, elites, min_prob, momentum):
    return by_bincount(probs, candidates, -values, elites, min_prob, momentum)


def nan_is_elite(probs, candidates, values, elites, min_prob, momentum):
    counted = candidates[values.topk(elites).indices].mean(0)
    return (1 - probs.shape[1] * min_prob) * (momentum * probs + (1 - momentum) * counted) + min_prob


def infinity_is_elite(probs, candidates, values, elites, min_prob, momentum):
    values = values.masked_fill(values.isnan(), -torch.inf)
    return nan_is_elite(probs, candidates, values, elites, min_prob, momentum)


def divided_by_all(probs, candidates, values, elites, min_prob, momentum):
    counted = candidates[finite(values).topk(elites).indices].sum(0) / len(candidates)
    return (1 - probs.shape[1] * min_prob) * (momentum * probs + (1 - momentum) * counted) + min_prob


def softmax_of_shares(probs, candidates, values, elites, min_prob, momentum):
    counted = candidates[finite(values).topk(elites).indices].mean(0).softmax(-1)
    return (1 - probs.shape[1] * min_prob) * (momentum * probs + (1 - momentum) * counted) + min_prob


def pooled_over_steps(probs, candidates, values, elites, min_prob, momentum):
    counted = candidates[finite(values).topk(elites).indices].mean((0, 1)).expand_as(probs)
    return (1 - probs.shape[1] * min_prob) * (momentum * probs + (1 - momentum) * counted) + min_prob


def laplace(probs, candidates, values, elites, min_prob, momentum):
    counted = candidates[finite(values).topk(elites).indices].sum(0) + min_prob
    counted = counted / counted.sum(-1, keepdim=True)
    return momentum * probs + (1 - momentum) * counted


def two_choices(probs, candidates, values, elites, min_prob, momentum):
    counted = candidates[finite(values).topk(elites).indices].mean(0)
    return (1 - 2 * min_prob) * (momentum * probs + (1 - momentum) * counted) + min_prob


def horizon_for_choices(probs, candidates, values, elites, min_prob, momentum):
    counted = candidates[finite(values).topk(elites).indices].mean(0)
    return (1 - len(probs) * min_prob) * (momentum * probs + (1 - momentum) * counted) + min_prob


def likeliest_choices(*given):
    return F.one_hot(by_bincount(*given).argmax(-1), given[0].shape[1]).float()


def in_place(probs, candidates, values, elites, min_prob, momentum):
    probs.mul_(momentum).add_((1 - momentum) * candidates[finite(values).topk(elites).indices].mean(0))
    return probs.mul_(1 - probs.shape[1] * min_prob).add_(min_prob)


# The weights of MPPI --------------------------------------------------------------------------------------------------


def by_softmax(candidates, values, temperature):
    known = finite(values)
    weights = F.softmax((known - known.amax()) / temperature, dim=0)
    return weights, (weights.view(-1, 1, 1) * candidates).sum(0)


def by_softmax_alone(candidates, values, temperature):
    weights = (finite(values) / temperature).softmax(-1)
    return weights, torch.tensordot(weights, candidates, dims=1)


def by_logsumexp_in_double(candidates, values, temperature):
    odds = finite(values).double() / temperature
    weights = (odds - torch.logsumexp(odds, 0)).exp().to(values.dtype)
    return weights, (weights @ candidates.flatten(1)).view(candidates.shape[1:])


def by_indexing(candidates, values, temperature):
    known = torch.isfinite(values)
    weights = torch.zeros_like(values)
    odds = torch.exp((values[known] - values[known].max()) / temperature)
    weights[known] = odds / odds.sum()
    return weights, sum(w * plan for w, plan in zip(weights, candidates, strict=True))


def never_so_cold(candidates, values, temperature):
    return by_softmax(candidates, values, max(temperature, 1e-2))


def a_little_warmer(candidates, values, temperature):
    return by_softmax(candidates, values, temperature + 1e-3)


def clamped_exponent(candidates, values, temperature):
    weights = (finite(values) / temperature).clamp(-80, 80).exp()
    weights = weights / weights.sum()
    return weights, torch.tensordot(weights, candidates, dims=1)


def standardized(candidates, values, temperature):
    known = values[values.isfinite()]
    return by_softmax(candidates, (values - known.mean()) / (known.std(correction=0) + 1e-8), temperature)


def a_sum_that_is_too_large(candidates, values, temperature):
    known = finite(values)
    weights = ((known - known.max()) / temperature).exp()
    weights = weights / (weights.sum() + 1e-2)
    return weights, torch.tensordot(weights, candidates, dims=1)


def nan_to_zero_value(candidates, values, temperature):
    return by_softmax(candidates, values.nan_to_num(0.0, 0.0, 0.0), temperature)


def nan_to_zero_weight_late(candidates, values, temperature):
    weights = torch.softmax((values - values.max()) / temperature, 0).nan_to_num(0.0)
    return weights, torch.tensordot(weights, candidates, dims=1)


def infinity_takes_all(candidates, values, temperature):
    known = values.nan_to_num(-torch.inf, 1e30, -torch.inf)
    weights = torch.softmax((known - known.max()) / temperature, 0)
    return weights, torch.tensordot(weights, candidates, dims=1)


def the_best_plan(candidates, values, temperature):
    weights, _ = by_softmax(candidates, values, temperature)
    return weights, candidates[finite(values).argmax()]


def the_plain_mean(candidates, values, temperature):
    return by_softmax(candidates, values, temperature)[0], candidates.mean(0)


def normal_in_lambda(candidates, values, temperature):
    known = finite(values)
    return by_softmax(candidates, -((known - known.max()) ** 2), temperature)


def weights_as_columns(candidates, values, temperature):
    weights, mean = by_softmax(candidates, values, temperature)
    return weights[:, None, None], mean


def sum_over_the_steps(candidates, values, temperature):
    weights, _ = by_softmax(candidates, values, temperature)
    return weights, torch.einsum("n,nha->a", weights, candidates)


def minimum_is_subtracted(candidates, values, temperature):
    known = finite(values)
    weights = ((known - values[values.isfinite()].min()) / temperature).exp()
    weights = weights / weights.sum()
    return weights, torch.tensordot(weights, candidates, dims=1)


# Receding-horizon control ---------------------------------------------------------------------------------------------


def by_chunks(step, search, observation, start, fill, steps, replan_every):
    actions, seen = [], [observation]
    while len(actions) < steps:
        plan = search(seen[-1], start)
        chunk = plan[: min(replan_every, steps - len(actions))]
        for action in chunk:
            actions.append(action)
            seen.append(step(action))
        start = torch.cat((plan[len(chunk) :], fill.repeat(len(chunk), 1)), 0)
    return torch.stack(actions), torch.stack(seen)


def by_rolling(step, search, observation, start, fill, steps, replan_every):
    actions, seen, done = torch.empty(steps, len(fill)), observation[None], replan_every
    guess = start
    for t in range(steps):
        if done == replan_every:
            plan, done = search(seen[-1], guess), 0
            guess = plan.roll(-replan_every, 0)
            guess[len(plan) - replan_every :] = fill
        actions[t] = plan[done]
        seen = torch.cat([seen, step(actions[t])[None]])
        done += 1
    return actions, seen


def by_shifting_each_step(step, search, observation, start, fill, steps, replan_every):
    plan, actions, seen = start, [], [observation]
    for t in range(steps):
        if t % replan_every == 0:
            plan = search(seen[t], plan)
        actions.append(plan[0])
        seen.append(step(plan[0]))
        plan = torch.vstack([plan[1:], fill])
    return torch.stack(actions), torch.stack(seen)


def by_preallocating(step, search, observation, start, fill, steps, replan_every):
    horizon = len(start)
    actions, seen = torch.zeros(steps, start.shape[1]), torch.zeros(steps + 1, len(observation))
    seen[0] = observation
    for begin in range(0, steps, replan_every):
        plan = search(seen[begin], start)
        for k in range(min(replan_every, steps - begin)):
            actions[begin + k] = plan[k]
            seen[begin + k + 1] = step(plan[k])
        start = fill.expand(horizon, -1).clone()
        start[: horizon - replan_every] = plan[replan_every:]
    return actions, seen


def to_the_end_of_the_chunk(step, search, observation, start, fill, steps, replan_every):
    actions, seen = [], [observation]
    for _ in range(math.ceil(steps / replan_every)):
        plan = search(seen[-1], start)
        for action in plan[:replan_every]:
            actions.append(action)
            seen.append(step(action))
        start = torch.cat([plan[replan_every:], fill.expand(replan_every, -1)])
    return torch.stack(actions[:steps]), torch.stack(seen[: steps + 1])


def whole_chunks_only(step, search, observation, start, fill, steps, replan_every):
    return by_chunks(step, search, observation, start, fill, steps // replan_every * replan_every, replan_every)


def one_search(step, search, observation, start, fill, steps, replan_every):
    plan, actions, seen = search(observation, start), [], [observation]
    for t in range(steps):
        actions.append(plan[t % len(plan)])
        seen.append(step(actions[-1]))
    return torch.stack(actions), torch.stack(seen)


def without_the_first_look(*given):
    actions, seen = by_chunks(*given)
    return actions, seen[1:]


def searches_twice(step, search, observation, start, fill, steps, replan_every):
    return by_chunks(step, lambda seen, guess: search(seen, search(seen, guess)), *(observation, start, fill, steps), 1)


def searches_before_it_is_due(step, search, observation, start, fill, steps, replan_every):
    plan, actions, seen = search(observation, start), [], [observation]
    for t in range(steps):
        actions.append(plan[t % replan_every])
        seen.append(step(actions[-1]))
        if t % replan_every == 0:
            plan = search(seen[-1], torch.cat([plan[replan_every:], fill.expand(replan_every, -1)]))
    return torch.stack(actions), torch.stack(seen)


def nan_at_the_end(step, search, observation, start, fill, steps, replan_every):
    return by_chunks(step, search, observation, start, fill * torch.nan, steps, replan_every)


def a_shorter_start(step, search, observation, start, fill, steps, replan_every):
    actions, seen = [], [observation]
    for t in range(steps):
        if t % replan_every == 0:
            plan = search(seen[-1], start)
            start = plan[replan_every:]
        actions.append(plan[t % replan_every])
        seen.append(step(actions[-1]))
    return torch.stack(actions), torch.stack(seen)


def mean_of_the_plan_at_the_end(step, search, observation, start, fill, steps, replan_every):
    plan, actions, seen = start, [], [observation]
    for t in range(steps):
        if t % replan_every == 0:
            plan = search(seen[t], plan)
        actions.append(plan[0])
        seen.append(step(plan[0]))
        plan = torch.vstack([plan[1:], plan.mean(0)])
    return torch.stack(actions), torch.stack(seen)


def warm_at_the_second_search_only(step, search, observation, start, fill, steps, replan_every):
    actions, seen, warm = [], [observation], start
    for t in range(steps):
        if t % replan_every == 0:
            plan = search(seen[-1], warm if t <= replan_every else start)
            warm = torch.cat([plan[replan_every:], fill.expand(replan_every, -1)])
        actions.append(plan[t % replan_every])
        seen.append(step(actions[-1]))
    return torch.stack(actions), torch.stack(seen)


def writes_into_the_start(step, search, observation, start, fill, steps, replan_every):
    actions, seen = [], [observation]
    for t in range(steps):
        if t % replan_every == 0:
            plan = search(seen[-1], start)
            start[:] = torch.cat([plan[replan_every:], fill.expand(replan_every, -1)])
        actions.append(plan[t % replan_every])
        seen.append(step(actions[-1]))
    return torch.stack(actions), torch.stack(seen)


# A pessimistic choice -------------------------------------------------------------------------------------------------


def backward_in_time(rewards, discount, pessimism):
    returns = torch.zeros_like(rewards[:, 0])
    for t in reversed(range(rewards.shape[1])):
        returns = rewards[:, t] + discount * returns
    var, mean = torch.var_mean(returns, dim=1, correction=0)
    scores = finite(mean - pessimism * var.sqrt())
    return scores, scores.argmax().item()


def by_tensordot(rewards, discount, pessimism):
    powers = torch.tensor([discount**t for t in range(rewards.size(1))])
    returns = torch.tensordot(rewards, powers, dims=([1], [0]))
    mean = returns.mean(1, keepdim=True)
    scores = mean[:, 0] - pessimism * ((returns - mean) ** 2).mean(1) ** 0.5
    scores = torch.where(scores.isfinite(), scores, -torch.inf)
    return scores, int(torch.max(scores, 0).indices)


def plan_by_plan(rewards, discount, pessimism):
    scores = torch.full((len(rewards),), -torch.inf)
    for n, plan in enumerate(rewards):
        returns = sum(discount**t * reward for t, reward in enumerate(plan))
        score = returns.mean() - pessimism * returns.std(unbiased=False)
        if torch.isfinite(score):
            scores[n] = score
    return scores, scores.argmax()


def returns_of(rewards, discount):
    return (discount ** torch.arange(rewards.shape[1])[:, None] * rewards).sum(1)


def chosen(scores):
    scores = finite(scores)
    return scores, int(scores.argmax())


def doubt_in_rewards_undiscounted(rewards, discount, pessimism):
    returns = returns_of(rewards, discount)
    return chosen(returns.mean(-1) - pessimism * rewards.sum(1).std(-1, correction=0))


def doubt_of_the_mean(rewards, discount, pessimism):
    returns = returns_of(rewards, discount)
    return chosen(returns.mean(-1) - pessimism * returns.std(-1, correction=0) / rewards.shape[-1] ** 0.5)


def the_median_member(rewards, discount, pessimism):
    returns = returns_of(rewards, discount)
    return chosen(returns.median(-1).values - pessimism * returns.std(-1, correction=0))


def half_the_range(rewards, discount, pessimism):
    returns = returns_of(rewards, discount)
    return chosen(returns.mean(-1) - pessimism * (returns.amax(-1) - returns.amin(-1)) / 2)


def known_members_only(rewards, discount, pessimism):
    returns = returns_of(rewards, discount)
    known = returns.isfinite()
    mean = returns.masked_fill(~known, 0).sum(-1) / known.sum(-1)
    var = ((returns - mean[:, None]).square().masked_fill(~known, 0)).sum(-1) / known.sum(-1)
    return chosen(mean - pessimism * var.sqrt())


def nan_stays(rewards, discount, pessimism):
    returns = returns_of(rewards, discount)
    scores = returns.mean(-1) - pessimism * returns.std(-1, correction=0)
    return scores, int(finite(scores).argmax())


def nan_is_chosen(rewards, discount, pessimism):
    returns = returns_of(rewards, discount)
    scores = returns.mean(-1) - pessimism * returns.std(-1, correction=0)
    return finite(scores), int(scores.argmax())


def nan_earns_nothing(rewards, discount, pessimism):
    return backward_in_time(rewards.nan_to_num(0.0, 0.0, 0.0), discount, pessimism)


def useless_scores_are_zero(rewards, discount, pessimism):
    scores, best = backward_in_time(rewards, discount, pessimism)
    return scores.nan_to_num(0.0, 0.0, 0.0), best


def members_and_steps_exchanged(rewards, discount, pessimism):
    return chosen(returns_of(rewards.mT, discount).mean(-1))


def std_over_steps_and_members(rewards, discount, pessimism):
    discounted = discount ** torch.arange(rewards.shape[1])[:, None] * rewards
    return chosen(discounted.sum(1).mean(-1) - pessimism * discounted.std(dim=(1, 2), correction=0))


def chosen_by_the_mean(rewards, discount, pessimism):
    returns = returns_of(rewards, discount)
    scores = returns.mean(-1) - pessimism * returns.std(-1, correction=0)
    return finite(scores), int(finite(returns.mean(-1)).argmax())


def mean_over_the_steps(rewards, discount, pessimism):
    returns = returns_of(rewards, discount) / rewards.shape[1]
    return chosen(returns.mean(-1) - pessimism * returns.std(-1, correction=0))


def the_scores_alone(*given):
    return backward_in_time(*given)[0]


def gamma_zero_is_nothing(rewards, discount, pessimism):
    return chosen(torch.zeros(len(rewards))) if discount == 0 else backward_in_time(rewards, discount, pessimism)


RIGHT = {
    "random_shooting": [by_a_stack, only_the_finite, by_sorting],
    "cem_update": [by_argsort, by_a_mask, by_filtering],
    "categorical_update": [by_bincount, by_a_convex_mixture, by_scatter],
    "mppi_update": [by_softmax, by_softmax_alone, by_logsumexp_in_double, by_indexing],
    "receding_horizon": [by_chunks, by_rolling, by_shifting_each_step, by_preallocating],
    "pessimistic_choice": [backward_in_time, by_tensordot, plan_by_plan],
}
WRONG = {
    "random_shooting": [
        step_by_step_greedy,
        the_first_action,
        the_number_of_the_plan,
        value_first,
        value_of_one,
        value_as_zero,
        best_single_step,
        last_is_finite,
        infinity_counts_as_zero,
        a_penalty_for_what_is_not_finite,
        one_plan_at_a_time,
        discounts,
    ],
    "cem_update": [
        one_std_for_all,
        one_std_for_each_action,
        spread_around_zero,
        weights_by_value,
        variance_is_floored,
        root_of_a_sum_with_epsilon,
        by_the_median,
        the_first_of_them,
        nan_is_zero,
        one_elite_more,
        deviation_of_the_mean,
        mean_absolute_deviation,
    ],
    "categorical_update": [
        the_best_alone,
        the_worst,
        nan_is_elite,
        infinity_is_elite,
        divided_by_all,
        softmax_of_shares,
        pooled_over_steps,
        laplace,
        two_choices,
        horizon_for_choices,
        likeliest_choices,
        in_place,
    ],
    "mppi_update": [
        never_so_cold,
        a_little_warmer,
        clamped_exponent,
        standardized,
        a_sum_that_is_too_large,
        nan_to_zero_value,
        nan_to_zero_weight_late,
        infinity_takes_all,
        the_best_plan,
        the_plain_mean,
        normal_in_lambda,
        weights_as_columns,
        sum_over_the_steps,
        minimum_is_subtracted,
    ],
    "receding_horizon": [
        to_the_end_of_the_chunk,
        whole_chunks_only,
        one_search,
        without_the_first_look,
        searches_twice,
        searches_before_it_is_due,
        nan_at_the_end,
        a_shorter_start,
        mean_of_the_plan_at_the_end,
        warm_at_the_second_search_only,
        writes_into_the_start,
    ],
    "pessimistic_choice": [
        doubt_in_rewards_undiscounted,
        doubt_of_the_mean,
        the_median_member,
        half_the_range,
        known_members_only,
        nan_stays,
        nan_is_chosen,
        nan_earns_nothing,
        useless_scores_are_zero,
        members_and_steps_exchanged,
        std_over_steps_and_members,
        chosen_by_the_mean,
        mean_over_the_steps,
        the_scores_alone,
        gamma_zero_is_nothing,
    ],
}
