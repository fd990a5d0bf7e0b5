"""Answers to the exercises of chapter 14: right ones written differently, wrong ones that once escaped."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

# The terms of VICReg --------------------------------------------------------------------------------------------------


def with_torch_cov(a, b):
    dim = a.shape[1]
    variance = covariance = 0.0
    for x in (a, b):
        cov = torch.cov(x.T)
        variance = variance + F.relu(1 - torch.sqrt(torch.diagonal(cov) + 1e-4)).mean()
        covariance = covariance + (cov - torch.diag(torch.diagonal(cov))).pow(2).sum() / dim / (dim - 1)
    return F.mse_loss(a, b), variance, covariance


def stacked_views(a, b):
    both = torch.stack([a, b])
    centered = both - both.mean(1, keepdim=True)
    cov = centered.mT @ centered / (both.shape[1] - 1)
    eye = torch.eye(a.shape[1], dtype=torch.bool)
    std = torch.sqrt(both.var(1) + 0.0001)
    return ((a - b) ** 2).mean(), torch.relu(1.0 - std).mean(-1).sum(), (cov[:, ~eye] ** 2).mean(-1).sum()


def average_shortfall(x):
    return (1 - (x.var(0) + 1e-4).sqrt()).clamp_min(0).mean()


def between_dimensions(cov):
    return (cov.square().sum() - cov.diagonal().square().sum()) / (len(cov) * (len(cov) - 1))


def correlations(a, b):
    invariance, variance, _ = stacked_views(a, b)
    return invariance, variance, sum(between_dimensions(torch.corrcoef(x.T)) for x in (a, b))


def each_pair_once(a, b):
    invariance, variance, covariance = stacked_views(a, b)
    return invariance, variance, covariance / 2


def b_without_gradient(a, b):
    return stacked_views(a, b.detach())


def rows_for_dimensions(a, b):
    invariance, _, covariance = stacked_views(a, b)
    return invariance, average_shortfall(a.T) + average_shortfall(b.T), covariance


def both_in_one_batch(a, b):
    both = torch.cat([a, b])
    return F.mse_loss(a, b), average_shortfall(both), between_dimensions(torch.cov(both.T))


def variance_first(a, b):
    invariance, variance, covariance = stacked_views(a, b)
    return variance, invariance, covariance


# A target that follows ------------------------------------------------------------------------------------------------


def by_state_dict(encoder, predictor, target, now, action, after, decay):
    slow, fast = target.state_dict(), encoder.state_dict()
    names = dict(encoder.named_parameters())
    mixed = {n: decay * slow[n] + (1 - decay) * fast[n] if n in names else fast[n] for n in fast}
    target.load_state_dict(mixed)
    return F.mse_loss(predictor(encoder(now), action), target(after).detach())


def with_data(encoder, predictor, target, now, action, after, decay):
    for slow, fast in zip(target.parameters(), encoder.parameters(), strict=True):
        slow.data.mul_(decay).add_(fast.data, alpha=1 - decay)
    for slow, fast in zip(target.buffers(), encoder.buffers(), strict=True):
        slow.data = fast.data.clone()
    difference = predictor(encoder(now), action) - target(after).detach()
    return (difference**2).sum() / difference.numel()


@torch.no_grad()
def moved(encoder, target, decay):
    for name, slow in target.named_parameters():
        slow.copy_(torch.lerp(encoder.get_parameter(name), slow, decay))
    for name, slow in target.named_buffers():
        slow.copy_(encoder.get_buffer(name))


def in_two_functions(encoder, predictor, target, now, action, after, decay):
    moved(encoder, target, decay)
    return nn.MSELoss()(target(after).detach(), predictor(encoder(now), action))


def all_without_gradient(*given):
    with torch.no_grad():
        return in_two_functions(*given)


def a_target_of_its_own(encoder, predictor, target, *rest):
    return in_two_functions(encoder, predictor, copy.deepcopy(target), *rest)


def buffers_are_replaced(encoder, predictor, target, now, action, after, decay):
    kept = {name: buffer.clone() for name, buffer in target.named_buffers()}
    moved(encoder, target, decay)
    for name, buffer in encoder.named_buffers():
        target.get_buffer(name).copy_(kept[name])
        path, _, last = name.rpartition(".")
        setattr(target.get_submodule(path), last, buffer)
    return F.mse_loss(predictor(encoder(now), action), target(after).detach())


def buffers_are_shared(encoder, predictor, target, now, action, after, decay):
    moved(encoder, target, decay)
    for slow, fast in zip(target.buffers(), encoder.buffers(), strict=True):
        slow.data = fast.data
    return F.mse_loss(predictor(encoder(now), action), target(after).detach())


def the_encoder_moves(encoder, predictor, target, now, action, after, decay):
    moved(target, encoder, decay)
    return F.mse_loss(predictor(encoder(now), action), target(after).detach())


def moves_twice(encoder, predictor, target, now, action, after, decay):
    loss = in_two_functions(encoder, predictor, target, now, action, after, decay)
    moved(encoder, target, decay)
    return loss


def frozen_parts_stay(encoder, predictor, target, now, action, after, decay):
    still = {name: p.clone() for name, p in target.named_parameters() if not encoder.get_parameter(name).requires_grad}
    moved(encoder, target, decay)
    for name, old in still.items():
        target.get_parameter(name).data.copy_(old)
    return F.mse_loss(predictor(encoder(now), action), target(after).detach())


def of_unit_length(encoder, predictor, target, now, action, after, decay):
    moved(encoder, target, decay)
    predicted = F.normalize(predictor(encoder(now), action), dim=-1)
    return F.mse_loss(predicted, F.normalize(target(after).detach(), dim=-1))


# Has it collapsed? ----------------------------------------------------------------------------------------------------


def in_double(embeddings):
    x = embeddings.double()
    std = x.std(0)
    s = torch.linalg.svdvals(x - x.mean(0))
    s = s[s > 0]
    rank = math.exp(-sum(p * math.log(p) for p in (s / s.sum()).tolist())) if len(s) else 0.0
    if std.mean() < 0.01:
        return float(std.min()), float(std.mean()), rank, "complete"
    return float(std.min()), float(std.mean()), rank, "dimensional" if rank < x.shape[1] / 4 else "none"


def as_tensors(embeddings):
    centered = embeddings - embeddings.mean(0, keepdim=True)
    std = (centered.square().sum(0) / (len(embeddings) - 1)).sqrt()
    s = torch.svd(centered).S
    p = s / s.sum().clamp_min(1e-20)
    rank = torch.exp(-torch.xlogy(p, p).sum()) * (s.sum() > 0)
    verdict = "none"
    if rank < embeddings.shape[1] / 4:
        verdict = "dimensional"
    if std.mean() < 0.01:
        verdict = "complete"
    return std.min(), std.mean(), rank, verdict


def widest_dimension(embeddings):
    *numbers, verdict = in_double(embeddings)
    return *numbers, "none" if verdict == "complete" and embeddings.std(0).max() >= 0.01 else verdict


def half_of_the_dimensions(embeddings):
    smallest, mean, rank, verdict = in_double(embeddings)
    return smallest, mean, rank, "dimensional" if verdict == "none" and 2 * rank < embeddings.shape[1] else verdict


def a_quarter_of_the_rows(embeddings):
    smallest, mean, rank, verdict = in_double(embeddings)
    few = rank < len(embeddings) / 4
    return smallest, mean, rank, verdict if verdict == "complete" else "dimensional" if few else "none"


def std_of_all_numbers(embeddings):
    smallest, _, rank, verdict = in_double(embeddings)
    return smallest, embeddings.std().item(), rank, verdict


def rank_of_standardized(embeddings):
    smallest, mean, _, verdict = in_double(embeddings)
    return smallest, mean, in_double((embeddings - embeddings.mean(0)) / embeddings.std(0).clamp_min(1e-9))[2], verdict


def a_tenfold_threshold(embeddings):
    *numbers, verdict = in_double(embeddings)
    return *numbers, "complete" if numbers[1] < 0.1 else verdict


def equal_rows_have_rank_one(embeddings):
    smallest, mean, rank, verdict = in_double(embeddings)
    return smallest, mean, max(rank, 1.0), verdict


# Inverse dynamics -----------------------------------------------------------------------------------------------------


def step_by_step(inverse, embeddings, actions):
    errors = []
    for t in range(actions.shape[1]):
        read = inverse(torch.cat([embeddings[:, t], embeddings[:, t + 1]], dim=1))
        errors.append((read - actions[:, t]).pow(2))
    return torch.stack(errors).mean()


def flattened(inverse, embeddings, actions):
    before, after = embeddings[:, :-1].flatten(0, 1), embeddings[:, 1:].flatten(0, 1)
    return F.mse_loss(inverse(torch.hstack([before, after])), actions.flatten(0, 1))


def by_unfold(inverse, embeddings, actions):
    pairs = embeddings.unfold(1, 2, 1).transpose(2, 3).flatten(2)
    return F.mse_loss(inverse(pairs), actions)


def interleaved(inverse, embeddings, actions):
    return F.mse_loss(inverse(torch.stack([embeddings[:, :-1], embeddings[:, 1:]], dim=-1).flatten(2)), actions)


def up_to_the_last(inverse, embeddings, actions):
    last = embeddings[:, -1:].expand(-1, actions.shape[1], -1)
    return F.mse_loss(inverse(torch.cat([embeddings[:, :-1], last], dim=-1)), actions)


def network_held_still(inverse, embeddings, actions):
    if isinstance(inverse, nn.Module):
        inverse = copy.deepcopy(inverse).requires_grad_(False)
    return step_by_step(inverse, embeddings, actions)


def half_the_mean(inverse, embeddings, actions):
    return step_by_step(inverse, embeddings, actions) / 2


def summed_over_time(inverse, embeddings, actions):
    return step_by_step(inverse, embeddings, actions) * actions.shape[1]


def squashed(inverse, embeddings, actions):
    return flattened(lambda pair: inverse(pair).tanh(), embeddings, actions)


def with_the_one_before(inverse, embeddings, actions):
    pairs = torch.cat([embeddings, embeddings.roll(1, dims=1)], dim=-1)
    return F.mse_loss(inverse(pairs)[:, :-1], actions)


# What a plan costs ----------------------------------------------------------------------------------------------------


def stacked(predict, start, goal, plans):
    z, passed = start.repeat(plans.size(0), 1), []
    for action in plans.unbind(1):
        z = predict(z, action)
        passed.append(z)
    return torch.linalg.vector_norm(torch.stack(passed) - goal, dim=-1).sum(0)


def root_of_squares(predict, start, goal, plans):
    z, total = start[None].expand(len(plans), -1), 0
    for t in range(plans.shape[1]):
        z = predict(z, plans[:, t])
        total = total + ((z - goal) ** 2).sum(1).sqrt()
    return total


def with_cdist(predict, start, goal, plans):
    z, total = torch.stack([start] * len(plans)), torch.zeros(len(plans))
    for t in range(plans.shape[1]):
        z = predict(z, plans[:, t])
        total = total + torch.cdist(z, goal[None])[:, 0]
    return total


def distances(predict, start, goal, plans):
    z, found = start.expand(len(plans), -1), []
    for t in range(plans.shape[1]):
        z = predict(z, plans[:, t])
        found.append((z - goal).norm(dim=-1))
    return torch.stack(found, dim=1)


def discounted(*given):
    found = distances(*given)
    return (0.99 ** torch.arange(found.shape[1]) * found).sum(1)


def plans_without_gradient(predict, start, goal, plans):
    return stacked(predict, start, goal, plans.detach())


def the_farthest(*given):
    return distances(*given).amax(1)


def one_norm_for_all_plans(predict, start, goal, plans):
    z, cost = start.expand(len(plans), -1), torch.zeros(len(plans))
    for t in range(plans.shape[1]):
        z = predict(z, plans[:, t])
        cost = cost + (z - goal).norm()
    return cost


def from_the_goal(predict, start, goal, plans):
    return stacked(predict, goal, start, plans)


def the_first_action_again(predict, start, goal, plans):
    return stacked(predict, start, goal, plans[:, :1].expand_as(plans))


def less_the_start(predict, start, goal, plans):
    return stacked(predict, start, goal, plans) - (start - goal).norm()


def never_quite_zero(predict, start, goal, plans):
    return (distances(predict, start, goal, plans).square() + 1e-6).sqrt().sum(1)


# Weights with a loss of exactly 0 -------------------------------------------------------------------------------------


def everything_zero(encoder, predictor, constant):
    for network in (encoder, predictor):
        for parameter in network.parameters():
            nn.init.zeros_(parameter)
    encoder[-1].bias.data = constant.clone()


def by_load_state_dict(encoder, predictor, constant):
    encoder[-1].load_state_dict({"weight": torch.zeros_like(encoder[-1].weight), "bias": constant})
    predictor[-1].load_state_dict({k: torch.zeros_like(v) for k, v in predictor[-1].state_dict().items()})


@torch.no_grad()
def all_but_normalization(encoder, predictor, constant):
    for network in (encoder, predictor):
        for layer in network.modules():
            if isinstance(layer, nn.Linear | nn.Conv1d):
                layer.weight.fill_(0)
                if layer.bias is not None:
                    layer.bias.fill_(0)
    encoder[-1].bias += constant


@torch.no_grad()
def next_to_nothing(encoder, predictor, constant, size=1e-12):
    for network in (encoder, predictor):
        network[-1].weight.mul_(size)
        network[-1].bias.zero_()
    encoder[-1].bias.copy_(constant)


def next_to_next_to_nothing(encoder, predictor, constant):
    next_to_nothing(encoder, predictor, constant, size=1e-6)


def another_forward(encoder, predictor, constant):
    encoder.forward = lambda observation: constant.expand(len(observation), -1)
    predictor.forward = lambda pair: torch.zeros(len(pair), len(constant))


def another_layer(encoder, predictor, constant):
    for network in (encoder, predictor):
        network[-1] = nn.Linear(network[-1].in_features, len(constant))
    everything_zero(encoder, predictor, constant)


def but_for_frozen_ones(encoder, predictor, constant):
    for parameter in (*encoder.parameters(), *predictor.parameters()):
        if parameter.requires_grad:
            parameter.data.zero_()
    encoder[-1].bias.data.copy_(constant)


def whatever_the_embedding(encoder, predictor, constant):
    with torch.no_grad():
        predictor[-1].weight[:, : len(constant)] = 0.0
        predictor[-1].bias.zero_()
        encoder[-1].weight.zero_()
        encoder[-1].bias.copy_(constant)


def minus_the_constant(encoder, predictor, constant):
    everything_zero(encoder, predictor, constant)
    predictor[-1].bias.data.copy_(-constant)


def with_what_it_changed(encoder, predictor, constant):
    everything_zero(encoder, predictor, constant)
    return encoder, predictor


RIGHT = {
    "vicreg_terms": [with_torch_cov, stacked_views],
    "ema_target_loss": [by_state_dict, with_data, in_two_functions],
    "collapse_report": [in_double, as_tensors],
    "inverse_dynamics_loss": [step_by_step, flattened, by_unfold],
    "planning_cost": [stacked, root_of_squares, with_cdist],
    "constant_encoder": [everything_zero, by_load_state_dict, all_but_normalization],
}
WRONG = {
    "vicreg_terms": [
        correlations,
        each_pair_once,
        b_without_gradient,
        rows_for_dimensions,
        both_in_one_batch,
        variance_first,
    ],
    "ema_target_loss": [
        all_without_gradient,
        a_target_of_its_own,
        buffers_are_replaced,
        buffers_are_shared,
        the_encoder_moves,
        moves_twice,
        frozen_parts_stay,
        of_unit_length,
    ],
    "collapse_report": [
        widest_dimension,
        half_of_the_dimensions,
        a_quarter_of_the_rows,
        std_of_all_numbers,
        rank_of_standardized,
        a_tenfold_threshold,
        equal_rows_have_rank_one,
    ],
    "inverse_dynamics_loss": [
        interleaved,
        up_to_the_last,
        network_held_still,
        half_the_mean,
        summed_over_time,
        squashed,
        with_the_one_before,
    ],
    "planning_cost": [
        discounted,
        plans_without_gradient,
        the_farthest,
        one_norm_for_all_plans,
        from_the_goal,
        the_first_action_again,
        less_the_start,
        never_quite_zero,
    ],
    "constant_encoder": [
        next_to_nothing,
        next_to_next_to_nothing,
        another_forward,
        another_layer,
        but_for_frozen_ones,
        whatever_the_embedding,
        minus_the_constant,
        with_what_it_changed,
    ],
}
