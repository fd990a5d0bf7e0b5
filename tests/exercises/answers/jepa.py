"""Answers to the exercises of chapter 14: right ones written differently, wrong ones that once escaped."""

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


RIGHT = {
    "vicreg_terms": [with_torch_cov, stacked_views],
    "ema_target_loss": [by_state_dict, with_data, in_two_functions],
    "collapse_report": [in_double, as_tensors],
    "inverse_dynamics_loss": [step_by_step, flattened, by_unfold],
    "planning_cost": [stacked, root_of_squares, with_cdist],
    "constant_encoder": [everything_zero, by_load_state_dict, all_but_normalization],
}
WRONG = {}
