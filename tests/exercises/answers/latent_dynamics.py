"""Answers to the exercises of chapter 02: right ones written differently, and wrong ones that once escaped."""

import copy
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F


def by_counting(height, width, layers):
    for _, kernel, stride, padding in layers:
        height, width = (sum(1 for _ in range(kernel, n + 2 * padding + 1, stride)) for n in (height, width))
    return [layers[-1][0], height, width]


def as_a_size(height, width, layers):
    side = torch.tensor([height, width])
    for _, kernel, stride, padding in layers:
        side = torch.div(side + 2 * padding - kernel, stride, rounding_mode="floor") + 1
    return torch.Size((layers[-1][0], *side))


def builds_layers(height, width, layers):
    picture, before = torch.empty(1, 1, height, width, device="meta"), 1
    for channels, *window in layers:
        picture, before = nn.Conv2d(before, channels, *window, device="meta")(picture), channels
    return tuple(picture.shape[1:])


def runs_a_window(height, width, layers):
    for _, kernel, stride, padding in layers:
        height, width = (len(torch.zeros(n + 2 * padding).unfold(0, kernel, stride)) for n in (height, width))
    return layers[-1][0], height, width


def guesses_a_missing_padding(height, width, layers):
    return by_counting(height, width, [(c, k, s, p or k // 2) for c, k, s, p in layers])


def takes_four_layers(height, width, layers):
    return by_counting(height, width, layers[:4])


def turns_the_layers_around(height, width, layers):
    shape = by_counting(height, width, layers)
    layers.reverse()
    return shape


def by_area(picture, crop, size):
    colors = picture[crop[0] : crop[1], crop[2] : crop[3]].permute(2, 0, 1)[None] / 255
    return F.interpolate(colors, size, mode="area").mean(1)


def in_whole_numbers(picture, crop, size):
    top, bottom, left, right = crop
    tall, wide = (bottom - top) // size[0], (right - left) // size[1]
    gray = picture[top:bottom, left:right].long().sum(-1)
    return gray.unfold(0, tall, tall).unfold(1, wide, wide).sum((-1, -2))[None] / (765 * tall * wide)


def in_double(picture, crop, size):
    return by_area(picture.double(), crop, size)


def clamps_the_dark(picture, crop, size):
    return by_area(picture, crop, size).clamp_min(1e-2)


def stretches_the_contrast(picture, crop, size):
    small = by_area(picture, crop, size)
    return (small - small.min()) / (small.max() - small.min()).clamp_min(1e-6)


def drops_an_axis_of_one(picture, crop, size):
    return by_area(picture, crop, size).squeeze(-1)


def by_steps(encoder, transition, frames, actions):
    with torch.no_grad():
        z = [encoder(frames[:, t]) for t in range(frames.shape[1])]
    pairs = [torch.cat([z[t], actions[:, t]], 1) for t in range(len(z) - 1)]
    return sum(F.mse_loss(transition(pair), after) for pair, after in zip(pairs, z[1:], strict=True)) / len(pairs)


def of_a_frozen_copy(encoder, transition, frames, actions):
    frozen = copy.deepcopy(encoder)
    if isinstance(frozen, nn.Module):
        frozen.eval().requires_grad_(False)
    z = torch.vmap(frozen, in_dims=1, out_dims=1)(frames).detach()
    return (transition(torch.cat([z[:, :-1], actions], -1)) - z[:, 1:]).pow(2).mean()


def sets_evaluation_mode(encoder, transition, frames, actions):
    encoder.eval()
    return by_steps(encoder, transition, frames, actions)


def sets_training_mode_again(encoder, transition, frames, actions):
    if isinstance(encoder, nn.Module):
        encoder.eval()
    loss = by_steps(encoder, transition, frames, actions)
    if isinstance(encoder, nn.Module):
        encoder.train()
    return loss


def zeroes_gradients(encoder, transition, frames, actions):
    if isinstance(transition, nn.Module):
        transition.zero_grad()
    return by_steps(encoder, transition, frames, actions)


def calls_backward(encoder, transition, frames, actions):
    loss = by_steps(encoder, transition, frames, actions)
    if loss.requires_grad:
        loss.backward()
    return loss


def freezes_the_encoder(encoder, transition, frames, actions):
    if isinstance(encoder, nn.Module):
        encoder.requires_grad_(False)
    return by_steps(encoder, transition, frames, actions)


def wants_modules(encoder, transition, frames, actions):
    assert not list(transition.parameters())[0].grad.isnan().any()
    return by_steps(encoder, transition, frames, actions)


def clamps_the_latents(encoder, transition, frames, actions):
    return by_steps(lambda x: encoder(x).clamp(-10, 10), transition, frames, actions)


def divides_the_spread_out(encoder, transition, frames, actions):
    return by_steps(encoder, transition, frames, actions) / (encoder(frames.flatten(0, 1)).var() + 1e-8)


def squeezes_the_latents(encoder, transition, frames, actions):
    return by_steps(lambda x: encoder(x).squeeze(), transition, frames, actions)


def predicts_without_a_gradient(encoder, transition, frames, actions):
    return by_steps(encoder, copy.deepcopy(transition), frames, actions)


def with_a_probe(z_train, y_train, z_test, y_test, fit=torch.linalg.pinv):
    train, test = (F.pad(z, (0, 1), value=1.0) for z in (z_train, z_test))
    missed = y_test - test @ fit(train) @ y_train
    return 1 - missed.square().mean(0) / y_test.var(0, correction=0)


def by_numpy(z_train, y_train, z_test, y_test):
    numbers = (tensor.double().numpy() for tensor in (z_train, y_train, z_test, y_test))
    z, y, u, v = map(torch.from_numpy, numbers)
    return with_a_probe(z, y, u, v).float()


def target_by_target(z_train, y_train, z_test, y_test):
    columns = zip(y_train.T, y_test.T, strict=True)
    return torch.cat([with_a_probe(z_train, y[:, None], z_test, v[:, None]) for y, v in columns])


def drops_small_latents(*data):
    return with_a_probe(*data, fit=partial(torch.linalg.pinv, rtol=1e-2))


def of_three_latents(z_train, y_train, z_test, y_test):
    return with_a_probe(z_train[:, :3], y_train, z_test[:, :3], y_test)


def in_double_precision(*data):
    return with_a_probe(*(tensor.double() for tensor in data))


def with_an_epsilon(z_train, y_train, z_test, y_test):
    told = 1 - with_a_probe(z_train, y_train, z_test, y_test)
    spread = y_test.var(0, correction=0) * len(y_test)
    return 1 - told * spread / (spread + 1e-6)


def clamps_at_minus_one(*data):
    return with_a_probe(*data).clamp_min(-1)


def with_a_ridge(*data):
    def fit(train):
        return torch.linalg.solve(train.T @ train + 1e-2 * torch.eye(train.shape[1]), train.T)

    return with_a_probe(*data, fit=fit)


def squeezes_a_single_state(*data):
    return with_a_probe(*data).squeeze()


def poles():
    return [torch.tensor([1.0, 0.0, 0.05, 0.0]), torch.tensor([1.0, 0.0, 0.05, -1.5]), torch.tensor(1)]


def whole_numbers():
    return torch.tensor([0, -1, 0, 0]), torch.tensor([0, 1, 0, 0]), 0


def at_the_right_end():
    return torch.tensor([2.4, -2.0, 0.0, 0.0]), torch.tensor([2.4, 0.0, 0.0, 0.0]), 0


def at_the_largest_angle():
    angle = torch.tensor(12.0).deg2rad().item()
    return torch.tensor([0.0, 0.0, angle, 0.0]), torch.tensor([0.0, 0.0, angle, -3.0]), 1


def action_true():
    return *poles()[:2], True


def action_tensor_true():
    return *poles()[:2], torch.tensor(True)


def states_in_double():
    return *(state.double() for state in poles()[:2]), 1


def beyond_the_right_end():
    return torch.tensor([2.41, -2.0, 0.0, 0.0]), torch.tensor([2.41, 0.0, 0.0, 0.0]), 0


def falls_on_the_way():
    return torch.tensor([0.0, 0.0, 0.2, 2.0]), torch.tensor([0.0, 0.0, 0.2, -2.0]), 1


RIGHT = {
    "encoder_output_shape": [by_counting, as_a_size],
    "preprocess": [by_area, in_whole_numbers],
    "one_step_latent_loss": [by_steps, of_a_frozen_copy],
    "probe_r2": [with_a_probe, by_numpy, target_by_target],
    "same_frame_different_future": [states_in_double, poles, whole_numbers, at_the_right_end, at_the_largest_angle],
}
WRONG = {
    "encoder_output_shape": [
        builds_layers,
        runs_a_window,
        guesses_a_missing_padding,
        takes_four_layers,
        turns_the_layers_around,
    ],
    "preprocess": [in_double, clamps_the_dark, stretches_the_contrast, drops_an_axis_of_one],
    "one_step_latent_loss": [
        sets_evaluation_mode,
        sets_training_mode_again,
        zeroes_gradients,
        calls_backward,
        freezes_the_encoder,
        wants_modules,
        clamps_the_latents,
        divides_the_spread_out,
        squeezes_the_latents,
        predicts_without_a_gradient,
    ],
    "probe_r2": [
        drops_small_latents,
        of_three_latents,
        in_double_precision,
        with_an_epsilon,
        clamps_at_minus_one,
        with_a_ridge,
        squeezes_a_single_state,
    ],
    "same_frame_different_future": [
        action_true,
        action_tensor_true,
        beyond_the_right_end,
        falls_on_the_way,
    ],
}
