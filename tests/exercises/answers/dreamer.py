"""Answers to the exercises of chapter 09: right ones written differently, and wrong ones that once escaped."""

import torch
from torch import nn
from torch.nn.functional import one_hot


def by_where(terminated, truncated):
    return torch.where(terminated, 0.0, 1.0)


def by_masking(terminated, truncated):
    return torch.ones(terminated.shape).masked_fill(terminated, 0.0)


def forgets_a_fall_at_the_start(terminated, truncated):
    target = by_where(terminated, truncated)
    target[:, 0] = 1.0
    return target


def ends_everything_with_a_truncation(terminated, truncated):
    before = torch.cat([torch.zeros(len(truncated), 1), truncated.float()], 1).cumsum(1)[:, :-1]
    return by_where(terminated, truncated) * (before == 0)


def by_advantages(reward, continues, value, discount, lambda_):
    ahead, found = 0.0, []
    for t in reversed(range(reward.shape[1])):
        surprise = reward[:, t] + discount * continues[:, t] * value[:, t + 1] - value[:, t]
        ahead = surprise + discount * lambda_ * continues[:, t] * ahead
        found.append(ahead)
    return torch.stack(found[::-1], 1) + value[:, :-1]


def by_linear_equations(reward, continues, value, discount, lambda_):
    weight = discount * lambda_ * continues
    known = reward + discount * continues * (1 - lambda_) * value[:, 1:]
    last = known[:, -1:] + weight[:, -1:] * value[:, -1:]
    matrix = torch.eye(reward.shape[1]) - torch.diag_embed(weight[:, :-1], offset=1)
    return torch.linalg.solve(matrix, torch.cat([known[:, :-1], last], 1))


def clamps_the_rewards(reward, continues, value, discount, lambda_):
    return by_advantages(reward.clamp(-1, 1), continues, value, discount, lambda_)


def takes_zero_for_nothing(reward, continues, value, discount, lambda_):
    return by_advantages(reward, continues, value, discount, lambda_ or 0.95)


def takes_no_discount_for_nothing(reward, continues, value, discount, lambda_):
    return by_advantages(reward, continues, value, discount or 0.99, lambda_)


def squeezes_a_single_step(reward, continues, value, discount, lambda_):
    returns = by_advantages(reward, continues, value, discount, lambda_)
    return returns.squeeze(1)


def by_recursive_dreams(model, state, policy, horizon):
    def onward(state, steps):
        if steps == 0:
            return [state], []
        action = policy(state)
        states, actions = onward(model.imagine(state, action), steps - 1)
        return [state, *states], [action, *actions]

    states, actions = onward(state, horizon)
    fields = (torch.stack(field).movedim(0, 1) for field in zip(*states, strict=True))
    return type(state)._make(fields), torch.stack(actions).transpose(0, 1)


def into_buffers(model, state, policy, horizon):
    buffers = [field.new_zeros(len(field), horizon + 1, *field.shape[1:]) for field in state]
    actions = []
    for t in range(horizon + 1):
        for buffer, field in zip(buffers, state, strict=True):
            buffer[:, t] = field
        if t < horizon:
            actions.append(policy(state).unsqueeze(1))
            state = model.imagine(state, actions[-1].squeeze(1))
    return type(state)(*buffers), torch.cat(actions, 1)


def squeezed(axis):
    def answer(model, state, policy, horizon):
        states, actions = by_recursive_dreams(model, state, policy, horizon)
        return type(state)(*(field.squeeze(axis) for field in states)), actions.squeeze(axis)

    answer.__name__ = f"squeezes_axis_{axis}"
    return answer


def squeezes_a_single_action(model, state, policy, horizon):
    states, actions = by_recursive_dreams(model, state, policy, horizon)
    return states, actions.squeeze(-1)


def switches_to_evaluation(model, state, policy, horizon):
    model.eval()
    return by_recursive_dreams(model, state, policy, horizon)


def dreams_in_evaluation(model, state, policy, horizon):
    training = model.training
    model.eval()
    result = by_recursive_dreams(model, state, policy, horizon)
    model.train(training)
    return result


def ignores_the_actions(model, state, policy, horizon):
    return by_recursive_dreams(model, state, lambda state: torch.zeros_like(policy(state)), horizon)


def clamps_the_actions(model, state, policy, horizon):
    return by_recursive_dreams(model, state, lambda state: policy(state).clamp(-1, 1), horizon)


def floats_everywhere(model, state, policy, horizon):
    states, actions = by_recursive_dreams(model, state, policy, horizon)
    return type(state)(*(field.float() for field in states)), actions


def pairs(slow, critic):
    return zip(slow.parameters(), critic.parameters(), strict=True)


@torch.no_grad()
def by_state_dict(slow, critic, mix):
    new = critic.state_dict()
    slow.load_state_dict({name: torch.lerp(old, new[name], mix) for name, old in slow.state_dict().items()})


@torch.no_grad()
def as_one_vector(slow, critic, mix):
    flat = nn.utils.parameters_to_vector
    nn.utils.vector_to_parameters(
        (1 - mix) * flat(slow.parameters()) + mix * flat(critic.parameters()), slow.parameters()
    )


def on_data(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.data.mul_(1 - mix).add_(mix * new.data)


@torch.no_grad()
def only_linear_layers(slow, critic, mix):
    for layer, other in zip(slow.modules(), critic.modules(), strict=True):
        if isinstance(layer, nn.Linear):
            layer.weight.lerp_(other.weight, mix)
            layer.bias.lerp_(other.bias, mix)


@torch.no_grad()
def only_four_parameters(slow, critic, mix):
    for old, new in list(pairs(slow, critic))[:4]:
        old.lerp_(new, mix)


@torch.no_grad()
def takes_no_mix_for_nothing(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.lerp_(new, mix or 0.02)


@torch.no_grad()
def replaces_parameters(slow, critic, mix):
    for layer, other in zip(slow.modules(), critic.modules(), strict=True):
        for (name, old), new in zip(
            layer.named_parameters(recurse=False), other.parameters(recurse=False), strict=True
        ):
            setattr(layer, name, nn.Parameter(torch.lerp(old, new, mix), requires_grad=old.requires_grad))


def shares_tensors(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.data = new.data if mix == 1 else torch.lerp(old.data, new.data, mix)


def gives_slow_back(slow, critic, mix):
    on_data(slow, critic, mix)
    return slow


def draw(probabilities, generator):
    index = torch.multinomial(probabilities.detach(), 1, generator=generator).squeeze(-1)
    return one_hot(index, probabilities.shape[-1]).float()


def attach(hard, soft):
    return hard + (soft - soft.detach())


def by_inverse_cdf(logits, generator=None):
    probabilities = logits.softmax(-1)
    uniform = torch.rand(len(logits), 1, generator=generator)
    index = torch.searchsorted(probabilities.detach().cumsum(-1), uniform).clamp(max=logits.shape[-1] - 1)
    return attach(torch.zeros_like(logits).scatter(1, index, 1.0), probabilities)


def by_gumbel_noise(logits, generator=None):
    noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=generator).clamp(1e-9, 1 - 1e-7)))
    return attach(one_hot((logits + noise).argmax(-1), logits.shape[-1]).float(), logits.softmax(-1))


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, probabilities, hard):
        return hard.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def by_a_function_of_its_own(logits, generator=None):
    probabilities = logits.log_softmax(-1).exp()
    return StraightThrough.apply(probabilities, draw(probabilities, generator))


def types_in_three_classes(logits, generator=None):
    probabilities = logits.softmax(-1)
    index = torch.multinomial(probabilities.detach(), 1, generator=generator).squeeze(-1)
    return attach(one_hot(index, 3).float(), probabilities)


def clamps_the_logits(logits, generator=None):
    return attach(draw(logits.clamp(-3, 3).softmax(-1), generator), logits.softmax(-1))


def adds_an_epsilon(logits, generator=None):
    return attach(draw(logits.softmax(-1) + 1e-3, generator), logits.softmax(-1))


def mixes_in_a_uniform_percent(logits, generator=None):
    probabilities = 0.99 * logits.softmax(-1) + 0.01 / logits.shape[-1]
    return attach(draw(probabilities, generator), probabilities)


def asks_for_a_gradient(logits, generator=None):
    logits.requires_grad_()
    return by_gumbel_noise(logits, generator)


def needs_a_generator(logits, generator):
    return by_gumbel_noise(logits, generator)


RIGHT = {
    "continue_target": [by_where, by_masking],
    "lambda_return": [by_advantages, by_linear_equations],
    "imagine_ahead": [by_recursive_dreams, into_buffers],
    "update_slow": [by_state_dict, as_one_vector, on_data],
    "straight_through_sample": [by_inverse_cdf, by_gumbel_noise, by_a_function_of_its_own],
}
WRONG = {
    "continue_target": [forgets_a_fall_at_the_start, ends_everything_with_a_truncation],
    "lambda_return": [
        clamps_the_rewards,
        takes_zero_for_nothing,
        takes_no_discount_for_nothing,
        squeezes_a_single_step,
    ],
    "imagine_ahead": [
        squeezed(0),
        squeezed(1),
        squeezes_a_single_action,
        switches_to_evaluation,
        dreams_in_evaluation,
        ignores_the_actions,
        clamps_the_actions,
        floats_everywhere,
    ],
    "update_slow": [
        only_linear_layers,
        only_four_parameters,
        takes_no_mix_for_nothing,
        replaces_parameters,
        shares_tensors,
        gives_slow_back,
    ],
    "straight_through_sample": [
        types_in_three_classes,
        clamps_the_logits,
        adds_an_epsilon,
        mixes_in_a_uniform_percent,
        asks_for_a_gradient,
        needs_a_generator,
    ],
}
