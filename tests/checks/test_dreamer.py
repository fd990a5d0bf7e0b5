"""Every checker of chapter 9: the right answer passes, the stub passes through, plausible mistakes are named."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from wmcourse.checks import dreamer as check
from wmcourse.checks.check import CheckFailed
from wmcourse.models.protocol import map_state

SOURCE = Path(__file__).parents[2] / "sources" / "solutions" / "09_dreamer.md"
EXERCISES = {
    "9.1": "continue_target",
    "9.2": "lambda_return",
    "9.3": "imagine_ahead",
    "9.4": "update_slow",
    "9.5": "straight_through_sample",
}


# 9.1 ------------------------------------------------------------------------------------------------------------------


def shifted(term, steps):
    going = 1.0 - term.float()
    rolled = going.roll(steps, 1)
    rolled[:, 0 if steps > 0 else -1] = 1.0
    return rolled


WRONG_TARGETS = {
    "truncation is terminal": (lambda term, trunc: 1.0 - (term | trunc).float(), "truncation is not termination"),
    "inverted": (lambda term, trunc: term.float(), "inverted"),
    "always one": (lambda term, trunc: torch.ones(term.shape), "ends of episodes are missing"),
    "wrong flag": (lambda term, trunc: 1.0 - trunc.float(), "flags are swapped"),
    "truncation wins": (lambda term, trunc: 1.0 - (term & ~trunc).float(), "does not undo a termination"),
    "boolean": (lambda term, trunc: ~term, "dtype torch.bool"),
    "double": (lambda term, trunc: 1.0 - term.double(), "float32"),
    "bool arithmetic": (lambda term, trunc: 1 - term, "RuntimeError"),
    "one number": (lambda term, trunc: 1.0 - term.any(1).float(), r"shape \(3, 4\)"),
    "zero for ever": (lambda term, trunc: (1.0 - term.float()).cumprod(1), "for ever after the first fall"),
    "first fall only": (lambda term, trunc: 1.0 - (term & (term.cumsum(1) == 1)).float(), "only the first fall counts"),
    "a step late": (lambda term, trunc: shifted(term, 1), "a step late"),
    "a step early": (lambda term, trunc: shifted(term, -1), "a step early"),
    "exclusive or": (lambda term, trunc: 1.0 - (term ^ trunc).float(), "nor does it end a future"),
    "in place": (lambda term, trunc: term.logical_not_().float(), "a changed `terminated`"),
    "other flag in place": (lambda term, trunc: 1.0 - (trunc.logical_and_(term) | term).float(), "changed `truncated`"),
    "squeezed": (lambda term, trunc: (1.0 - term.float()).squeeze(), "a batch of one is still a batch"),
    "discounted": (lambda term, trunc: 0.99 * (1.0 - term.float()), "a target is 0 or 1"),
    "bool arithmetic, named": (lambda term, trunc: 1 - term, "turn the flags into numbers"),
    "double, named": (lambda term, trunc: 1.0 - term.double(), "float32 output"),
    "if": (lambda term, trunc: torch.zeros(3, 4) if term else torch.ones(3, 4), "take one flag"),
}


@pytest.mark.parametrize("name", WRONG_TARGETS)
def test_continue_target_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_TARGETS[name]
    with pytest.raises(CheckFailed, match=message):
        check.continue_target(wrong)


# 9.2 ------------------------------------------------------------------------------------------------------------------


def recursion(
    reward, continues, value, discount, lambda_, *, last=None, value_of=lambda value, t: value[:, t + 1], blend=None
):
    following = value[:, -1] if last is None else last
    targets = []
    for t in reversed(range(reward.shape[1])):
        mixed = (1 - lambda_) * value_of(value, t) + lambda_ * following
        following = reward[:, t] + discount * continues[:, t] * mixed if blend is None else blend(t, mixed)
        targets.insert(0, following)
    return torch.stack(targets, 1)


def without_continues(reward, continues, value, discount, lambda_):
    return recursion(reward, torch.ones_like(continues), value, discount, lambda_)


def swapped_lambda(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, 1 - lambda_)


def without_bootstrap(reward, continues, value, discount, lambda_):
    padded = torch.cat([value[:, :-1], torch.zeros(len(value), 1)], 1)
    return recursion(reward, continues, padded, discount, lambda_)


def one_step_late(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_, value_of=lambda value, t: value[:, t])


def without_discount(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, 1.0, lambda_)


def monte_carlo(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, 1.0)


def one_step(reward, continues, value, discount, lambda_):
    return reward + discount * continues * value[:, 1:]


def discounted_reward(reward, continues, value, discount, lambda_):
    return recursion(
        reward, continues, value, discount, lambda_, blend=lambda t, m: discount * (reward[:, t] + continues[:, t] * m)
    )


def gated_reward(reward, continues, value, discount, lambda_):
    return recursion(
        reward, continues, value, discount, lambda_, blend=lambda t, m: continues[:, t] * (reward[:, t] + discount * m)
    )


def backward_order(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).flip(1)


def hard_coded(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, 0.9, 0.7)


def with_last_value(reward, continues, value, discount, lambda_):
    return torch.cat([recursion(reward, continues, value, discount, lambda_), value[:, -1:]], 1)


def time_first(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).T


def detached(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).detach()


def detached_values(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value.detach(), discount, lambda_)


def overwriting(reward, continues, value, discount, lambda_):
    for t in reversed(range(reward.shape[1])):
        following = value[:, -1] if t == reward.shape[1] - 1 else reward[:, t + 1]
        reward[:, t] += discount * continues[:, t] * ((1 - lambda_) * value[:, t + 1] + lambda_ * following)
    return reward


def affine(reward, continues, value, discount, lambda_, *, order=None, now=None, later=None, start=None):
    """The recursion V = reward + now + later * (the V before it), any part of which may be wrong."""
    gate = discount * continues
    now = gate * (1 - lambda_) * value[:, 1:] if now is None else now
    later = gate * lambda_ if later is None else later
    following = value[:, -1] if start is None else start
    found = {}
    for t in order or reversed(range(reward.shape[1])):
        found[t] = following = reward[:, t] + now[:, t] + later[:, t] * following
    return torch.stack([found[t] for t in sorted(found)], 1)


def starts_from_zero(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, start=torch.zeros(len(value)))


def starts_one_early(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, start=value[:, -2])


def starts_from_the_first_value(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, start=value[:, 0])


def starts_from_a_reward(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, start=reward[:, -1])


def forward_in_time(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, order=range(reward.shape[1]))


def appends_too_early(reward, continues, value, discount, lambda_):
    return torch.cat([recursion(reward, continues, value, discount, lambda_)[:, 1:], value[:, -1:]], 1)


def without_bracket(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, later=torch.full_like(reward, lambda_))


def value_outside_the_bracket(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, now=(1 - lambda_) * value[:, 1:])


def discounts_the_value_alone(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, later=continues * lambda_)


def continues_the_return_alone(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, now=discount * (1 - lambda_) * value[:, 1:])


def full_value(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, now=discount * continues * value[:, 1:])


def reward_in_the_bracket(reward, continues, value, discount, lambda_):
    return recursion(discount * continues * reward, continues, value, discount, lambda_)


def rounded_continues(reward, continues, value, discount, lambda_):
    return recursion(reward, (continues > 0.5).float(), value, discount, lambda_)


def continues_twice(reward, continues, value, discount, lambda_):
    return recursion(reward, continues.cumprod(1), value, discount, lambda_)


def continues_of_the_step_before(reward, continues, value, discount, lambda_):
    earlier = torch.cat([torch.ones_like(continues[:, :1]), continues[:, :-1]], 1)
    return recursion(reward, earlier, value, discount, lambda_)


def advantage(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_) - value[:, :-1]


def mixes_two_values(reward, continues, value, discount, lambda_):
    return reward + discount * continues * ((1 - lambda_) * value[:, :-1] + lambda_ * value[:, 1:])


def fixed_discount(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, 0.99, lambda_)


def fixed_lambda(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, 0.95)


def index_of_the_formula(reward, continues, value, discount, lambda_):
    return affine(reward[:, 1:], continues, value, discount, lambda_, order=range(reward.shape[1]))


def time_axis_first(reward, continues, value, discount, lambda_):
    return torch.stack([reward[t] + discount * continues[t] * value[t + 1, 1:] for t in range(4)])


def drops_the_first(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_)[:, 1:]


def joins(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).T.reshape(-1)


def squeezes(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).squeeze()


def four_steps(reward, continues, value, discount, lambda_):
    return affine(reward, continues, value, discount, lambda_, order=range(3, -1, -1))


def python_floats(reward, continues, value, discount, lambda_):
    return torch.tensor(recursion(reward, continues, value, discount, lambda_).tolist())


def leaf_of_its_own(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_).detach().requires_grad_()


def detached_mixed_values(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_, value_of=lambda value, t: value[:, t + 1].detach())


def detached_start(reward, continues, value, discount, lambda_):
    return recursion(reward, continues, value, discount, lambda_, last=value[:, -1].detach())


def detached_between_steps(reward, continues, value, discount, lambda_):
    following, found = value[:, -1], []
    for t in reversed(range(reward.shape[1])):
        blend = (1 - lambda_) * value[:, t + 1] + lambda_ * following.detach()
        following = reward[:, t] + discount * continues[:, t] * blend
        found.insert(0, following)
    return torch.stack(found, 1)


def detached_continues(reward, continues, value, discount, lambda_):
    return recursion(reward, continues.detach(), value, discount, lambda_)


def detached_baseline(reward, continues, value, discount, lambda_):
    return advantage(reward, continues, value, discount, lambda_) + value[:, :-1].detach()


def overwriting_values(reward, continues, value, discount, lambda_):
    for t in reversed(range(reward.shape[1])):
        value[:, t] = reward[:, t] + discount * continues[:, t] * value[:, t + 1]
    return value[:, :-1]


WRONG_RETURNS = {
    without_continues: "continues are missing",
    swapped_lambda: "λ and 1-λ are swapped",
    without_bootstrap: "no bootstrap",
    one_step_late: "off by one",
    without_discount: "discount is missing",
    monte_carlo: "plain discounted sum",
    one_step: "one-step target",
    discounted_reward: "reward is discounted too",
    gated_reward: "multiplied by its own continue",
    backward_order: "order of time is reversed",
    hard_coded: "hard-coded",
    with_last_value: "one return too many",
    time_first: "dim=1",
    detached: "cuts the gradient",
    detached_values: "no gradient for the values",
    overwriting: "do not write into these",
    starts_from_zero: "no bootstrap",
    starts_one_early: "value of s_{H-1}",
    starts_from_the_first_value: "value of s_0",
    starts_from_a_reward: "starts from a reward",
    forward_in_time: "loop runs forward",
    appends_too_early: "append after the update",
    without_bracket: "multiplies λ V",
    value_outside_the_bracket: r"multiplies \(1-λ\) v",
    discounts_the_value_alone: "γ is missing from λ V",
    continues_the_return_alone: r"c_{t\+1} is missing from \(1-λ\) v",
    full_value: "keeps its full weight",
    reward_in_the_bracket: "reward is inside the bracket",
    rounded_continues: "continues are rounded",
    continues_twice: "counted twice",
    continues_of_the_step_before: "from a step before",
    advantage: "this is the advantage",
    mixes_two_values: "two values are mixed",
    fixed_discount: "γ is fixed",
    fixed_lambda: "λ is fixed",
    index_of_the_formula: "an index is past the end",
    time_axis_first: "batch first, then time",
    drops_the_first: "one return is missing",
    joins: "instead of joining",
    squeezes: "a batch of one is still a batch",
    four_steps: "an index is past the end",
    python_floats: "without a gradient",
    leaf_of_its_own: "no gradient for the rewards",
    detached_mixed_values: "a part of it is cut off",
    detached_start: "a part of it is cut off",
    detached_between_steps: "a part of it is cut off",
    detached_continues: "no gradient for the continues",
    detached_baseline: "a part of it is cut off",
    overwriting_values: "a changed `value`",
}


@pytest.mark.parametrize("wrong", WRONG_RETURNS, ids=lambda wrong: wrong.__name__)
def test_lambda_return_names_the_mistake(wrong: Any) -> None:
    with pytest.raises(CheckFailed, match=WRONG_RETURNS[wrong]):
        check.lambda_return(wrong)


# 9.3 ------------------------------------------------------------------------------------------------------------------


def stack(states, dim=1):
    return map_state(lambda *fields: torch.stack(fields, dim=dim), *states)


def dream(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(states[-1]))
        states.append(model.imagine(states[-1], actions[-1]))
    return states, actions


def looks_at_reality(model, state, policy, horizon):
    action = policy(state)
    return model.observe(state, action, model.decode(state).observation)


def starts_afresh(model, state, policy, horizon):
    return dream(model, model.initial(3), policy, horizon)


def asks_once(model, state, policy, horizon):
    action, states = policy(state), [state]
    for _ in range(horizon):
        states.append(model.imagine(states[-1], action))
    return stack(states), torch.stack([action] * horizon, 1)


def never_advances(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(state))
        states.append(model.imagine(state, actions[-1]))
    return stack(states), torch.stack(actions, 1)


def forgets_the_result(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(state))
        model.imagine(state, actions[-1])
        states.append(state)
    return stack(states), torch.stack(actions, 1)


def ignores_actions(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(states[-1]))
        states.append(model.imagine(states[-1], torch.zeros(3, 2)))
    return stack(states), torch.stack(actions, 1)


def without_start(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states[1:]), torch.stack(actions, 1)


def stacks_time_first(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states, dim=0), torch.stack(actions, 0)


def actions_time_first(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states), torch.stack(actions, 0)


def only_the_last(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return states[-1], torch.stack(actions, 1)


def one_too_many(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon + 1)
    return stack(states), torch.stack(actions, 1)


def one_action_too_many(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states), torch.stack([*actions, policy(states[-1])], 1)


def actions_one_late(model, state, policy, horizon):
    states, _ = dream(model, state, policy, horizon)
    return stack(states), torch.stack([policy(later) for later in states[1:]], 1)


def without_gradient(model, state, policy, horizon):
    with torch.no_grad():
        states, actions = dream(model, state, policy, horizon)
    return stack(states), torch.stack(actions, 1)


def detaches_between_steps(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(states[-1]))
        states.append(model.imagine(map_state(torch.detach, states[-1]), actions[-1]))
    return stack(states), torch.stack(actions, 1)


def takes_the_mean(model, state, policy, horizon):
    return model.imagine(state, policy(state), temperature=0.0)


def policy_on_observations(model, state, policy, horizon):
    return policy(model.decode(state).observation)


def swaps_arguments(model, state, policy, horizon):
    return model.imagine(policy(state), state)


def lists(model, state, policy, horizon):
    return dream(model, state, policy, horizon)


def list_of_actions(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states), actions


def states_alone(model, state, policy, horizon):
    return stack(dream(model, state, policy, horizon)[0])


def plain_tuple(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return tuple(stack(states)), torch.stack(actions, 1)


def returns_detached_actions(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states), torch.stack(actions, 1).detach()


def detaches_the_start(model, state, policy, horizon):
    states, actions = dream(model, map_state(torch.detach, state), policy, horizon)
    return stack(states), torch.stack(actions, 1)


def stacks_a_detached_start(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack([map_state(torch.detach, state), *states[1:]]), torch.stack(actions, 1)


def asks_twice(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(states[-1]))
        states.append(model.imagine(states[-1], policy(states[-1])))
    return stack(states), torch.stack(actions, 1)


def asks_again_afterwards(model, state, policy, horizon):
    states, _ = dream(model, state, policy, horizon)
    return stack(states), torch.stack([policy(earlier) for earlier in states[:-1]], 1)


def asks_all_at_once(model, state, policy, horizon):
    states = stack(dream(model, state, policy, horizon)[0])
    return states, policy(map_state(lambda field: field[:, :-1], states))


def always_imagines_from_the_start(model, state, policy, horizon):
    states, actions = [state], []
    for _ in range(horizon):
        actions.append(policy(states[-1]))
        states.append(model.imagine(state, actions[-1]))
    return stack(states), torch.stack(actions, 1)


def clamps_the_actions(model, state, policy, horizon):
    states, actions = dream(model, state, lambda state: policy(state).clamp(-1, 1), horizon)
    return stack(states), torch.stack(actions, 1)


def returns_other_actions(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states), 2 * torch.stack(actions, 1)


def actions_one_early(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states), torch.stack([torch.zeros(3, 2), *actions[:-1]], 1)


def time_reversed(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states[::-1]), torch.stack(actions[::-1], 1)


def actions_reversed(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states), torch.stack(actions[::-1], 1)


def without_the_last(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states[:-1]), torch.stack(actions, 1)


def flattens_fields(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    flat = [map_state(lambda field: field.flatten(1), state) for state in states]
    return stack(flat), torch.stack(actions, 1)


def stacks_before_the_last_axis(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return stack(states, dim=-2), torch.stack(actions, -2)


def permutes_three_axes(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return map_state(lambda *fields: torch.stack(fields).permute(1, 0, 2), *states), torch.stack(actions, 1)


def stacks_the_states(model, state, policy, horizon):
    return torch.stack(dream(model, state, policy, horizon)[0], 1)


def hands_stack_to_map_state(model, state, policy, horizon):
    return map_state(torch.stack, *dream(model, state, policy, horizon)[0])


def forgets_the_action(model, state, policy, horizon):
    return model.imagine(state)


def calls_the_model(model, state, policy, horizon):
    return model(state, policy(state))


def one_field_to_the_policy(model, state, policy, horizon):
    return policy(state.position)


def joined_fields_to_the_policy(model, state, policy, horizon):
    return policy(torch.cat(list(state), -1))


def other_way_round(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    return torch.stack(actions, 1), stack(states)


def overwrites_the_start(model, state, policy, horizon):
    states, actions = dream(model, state, policy, horizon)
    for old, new in zip(state, states[-1], strict=True):
        old.data.copy_(new)
    return stack(states), torch.stack(actions, 1)


def seeds_the_dream(model, state, policy, horizon):
    torch.manual_seed(0)
    states, actions = dream(model, state, policy, horizon)
    return stack(states), torch.stack(actions, 1)


WRONG_DREAMS = {
    looks_at_reality: "never sees a real observation",
    starts_afresh: "start is an argument",
    asks_once: "asked once",
    never_advances: "feed the imagined state to the next step",
    forgets_the_result: "keep what model.imagine returns",
    ignores_actions: "actions have no effect",
    without_start: "the start is missing",
    stacks_time_first: "batch first, then time",
    actions_time_first: "batch first, then time",
    only_the_last: "the last state alone",
    one_too_many: "one imagined step too many",
    one_action_too_many: "one action too many",
    actions_one_late: "one step late",
    without_gradient: "graph was cut",
    detaches_between_steps: "graph was cut",
    takes_the_mean: "temperature=0.0",
    policy_on_observations: "acts on the belief itself",
    swaps_arguments: "action handed to model.imagine",
    lists: "stack the list field by field",
    list_of_actions: "torch.stack",
    states_alone: "the states alone",
    plain_tuple: "map_state keeps a state's type",
    returns_detached_actions: "a gradient of the actions for the policy",
    detaches_the_start: "the start was detached",
    stacks_a_detached_start: "the start was detached",
    asks_twice: "ask it once in each state",
    asks_again_afterwards: "ask it once in each state",
    asks_all_at_once: "step by step",
    always_imagines_from_the_start: "hand the imagined state to model.imagine",
    clamps_the_actions: "not those of the policy",
    returns_other_actions: "not the actions handed to model.imagine",
    actions_one_early: "one step early",
    time_reversed: "the start comes first",
    actions_reversed: "the first action comes first",
    without_the_last: "the last imagined state is missing",
    flattens_fields: r"states.velocity: a tensor of shape \(3, 5, 2, 1\)",
    stacks_before_the_last_axis: r"states.velocity: a tensor of shape \(3, 5, 2, 1\)",
    permutes_three_axes: "any number of axes",
    stacks_the_states: "stack the list field by field",
    hands_stack_to_map_state: r"at `return map_state\(torch.stack(?s:.*)takes one list",
    forgets_the_action: r"missing .* 'action', at `return model.imagine\(state\)`$",
    calls_the_model: "the model is no function",
    one_field_to_the_policy: "the whole state",
    joined_fields_to_the_policy: "the whole state",
    other_way_round: "the wrong way round",
    overwrites_the_start: "a changed start",
    seeds_the_dream: "leave torch.manual_seed to the caller",
}


@pytest.mark.parametrize("wrong", WRONG_DREAMS, ids=lambda wrong: wrong.__name__)
def test_imagine_ahead_names_the_mistake(wrong: Any) -> None:
    with pytest.raises(CheckFailed, match=WRONG_DREAMS[wrong]):
        check.imagine_ahead(wrong)


# 9.4 ------------------------------------------------------------------------------------------------------------------


def pairs(slow, critic):
    return zip(slow.parameters(), critic.parameters(), strict=True)


@torch.no_grad()
def wrong_way_round(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.copy_(mix * old + (1 - mix) * new)


@torch.no_grad()
def copies(slow, critic, mix):
    slow.load_state_dict(critic.state_dict())


def rebinds(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old = (1 - mix) * old + mix * new


@torch.no_grad()
def forgets_biases(slow, critic, mix):
    for old, new in pairs(slow, critic):
        if old.dim() > 1:
            old.lerp_(new, mix)


@torch.no_grad()
def first_only(slow, critic, mix):
    next(slow.parameters()).lerp_(next(critic.parameters()), mix)


@torch.no_grad()
def only_adds(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.add_(mix * new)


@torch.no_grad()
def only_shrinks(slow, critic, mix):
    for old in slow.parameters():
        old.mul_(1 - mix)


@torch.no_grad()
def flees(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.add_(mix * (old - new))


def with_gradient(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.mul_(1 - mix).add_(mix * new)


@torch.no_grad()
def moves_the_critic(slow, critic, mix):
    for old, new in pairs(slow, critic):
        new.lerp_(old, mix)


@torch.no_grad()
def replaces(slow, critic, mix):
    for layer, other in zip(slow, critic, strict=True):
        if hasattr(layer, "weight"):
            layer.weight = torch.nn.Parameter((1 - mix) * layer.weight + mix * other.weight)


@torch.no_grad()
def hard_coded_mix(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.lerp_(new, 0.25)


def shares_memory(slow, critic, mix):
    for old, new in pairs(slow, critic):
        new.data = (old.data + mix * (new.data - old.data)) if mix == 2.0 else new.data
        old.data = new.data


def needs_a_frozen_slow(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.mul_(1 - mix).add_(mix * new.detach())


@torch.no_grad()
def freezes(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.lerp_(new, mix)
    slow.requires_grad_(False)


@torch.no_grad()
def outermost_layers(slow, critic, mix):
    for layer, other in zip(slow, critic, strict=True):
        if hasattr(layer, "weight"):
            layer.weight.lerp_(other.weight, mix)
            layer.bias.lerp_(other.bias, mix)


@torch.no_grad()
def not_in_place(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.lerp(new, mix)


@torch.no_grad()
def only_what_is_trained(slow, critic, mix):
    for old, new in pairs(slow, critic):
        if old.requires_grad:
            old.lerp_(new, mix)


@torch.no_grad()
def shrinks_first(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.mul_(1 - mix).add_(mix * (new - old))


@torch.no_grad()
def other_share(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.lerp_(new, 0.02)


@torch.no_grad()
def scales_the_critic(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.mul_(1 - mix).add_(new.mul_(mix))


def copies_by_reference(slow, critic, mix):
    for old, new in pairs(slow, critic):
        old.data = new.data if mix == 1 else (1 - mix) * old.data + mix * new.data


def unfreezes(slow, critic, mix):
    wrong_flags(slow, critic, mix, slow)


def freezes_the_critic(slow, critic, mix):
    wrong_flags(slow, critic, mix, critic)


@torch.no_grad()
def wrong_flags(slow, critic, mix, module):
    for old, new in pairs(slow, critic):
        old.lerp_(new, mix)
    module.requires_grad_(module is slow)


def switches_gradients_off(slow, critic, mix):
    torch.set_grad_enabled(False)
    for old, new in pairs(slow, critic):
        old.lerp_(new, mix)


@torch.no_grad()
def walks_over_layers(slow, critic, mix):
    for old, new in zip(slow, critic, strict=True):
        old.lerp_(new, mix)


WRONG_UPDATES = {
    wrong_way_round: "wrong way round",
    copies: "slow became the critic",
    rebinds: "binds a new name",
    forgets_biases: "biases are left behind",
    first_only: "only the first parameter",
    only_adds: "the sum grows",
    only_shrinks: "slow fades away",
    flees: "moves away from the critic",
    with_gradient: "no_grad",
    moves_the_critic: "a changed critic",
    replaces: "in place",
    hard_coded_mix: "hard-coded",
    shares_memory: "slow became the critic",
    needs_a_frozen_slow: "no_grad",
    freezes: "requires_grad as it was",
    outermost_layers: "layers within layers",
    not_in_place: "makes a new tensor",
    only_what_is_trained: "whether or not they require a gradient",
    shrinks_first: "take it from the old slow",
    other_share: "moved by the share 0.02",
    scales_the_critic: "a changed critic",
    copies_by_reference: "a slow critic with its own memory",
    unfreezes: "requires_grad as it was in `slow`",
    freezes_the_critic: "requires_grad as it was in `critic`",
    switches_gradients_off: "gradients switched off everywhere",
    walks_over_layers: "a module is no tensor",
}


@pytest.mark.parametrize("wrong", WRONG_UPDATES, ids=lambda wrong: wrong.__name__)
def test_update_slow_names_the_mistake(wrong: Any) -> None:
    with pytest.raises(CheckFailed, match=WRONG_UPDATES[wrong]):
        check.update_slow(wrong)


# 9.5 ------------------------------------------------------------------------------------------------------------------


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


# All five -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """The functions of the notebook that ships, solved and stripped."""
    from products import read_source, strip_solutions

    solved = read_source(SOURCE)
    found: dict[str, dict[str, Any]] = {}
    for kind, notebook in (("solved", solved), ("stub", strip_solutions(solved))):
        found[kind] = {}
        for cell in notebook.cells:
            if cell.cell_type == "code" and not any(tag.startswith("check-") for tag in cell.metadata.get("tags", [])):
                exec(cell.source, found[kind])
    return found


@pytest.mark.parametrize(("number", "name"), EXERCISES.items())
def test_the_shipped_solution_is_right_and_says_so_in_one_line(answers, capsys, number: str, name: str) -> None:
    getattr(check, name)(answers["solved"][name])
    assert capsys.readouterr().out == f"Exercise {number} is right: {name}\n"


@pytest.mark.parametrize(("number", "name"), EXERCISES.items())
def test_the_stub_is_not_started_rather_than_wrong(answers, capsys, number: str, name: str) -> None:
    with pytest.raises(NotImplementedError, match=re.escape(f"Exercise {number}")):
        getattr(check, name)(answers["stub"][name])
    assert capsys.readouterr().out == ""


def test_another_recipe_for_the_same_sample_is_right_too() -> None:
    def gumbel_max(logits, generator=None):
        noise = -torch.log(-torch.log(torch.rand(logits.shape, generator=generator).clamp(1e-9, 1 - 1e-7)))
        one_hot = F.one_hot((logits + noise).argmax(-1), logits.shape[-1]).float()
        probabilities = logits.softmax(-1)
        return one_hot.detach() + (probabilities - probabilities.detach())

    check.straight_through_sample(gumbel_max)


def test_in_place_arithmetic_on_data_is_right_too() -> None:
    def on_data(slow, critic, mix):
        for old, new in pairs(slow, critic):
            old.data.mul_(1 - mix).add_(mix * new.data)

    check.update_slow(on_data)


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


def into_a_buffer(reward, continues, value, discount, lambda_):
    found = torch.zeros_like(value)
    found[:, -1] = value[:, -1]
    for t in range(reward.shape[1] - 1, -1, -1):
        blend = torch.lerp(value[:, t + 1], found[:, t + 1].clone(), lambda_)
        found[:, t] = reward[:, t] + discount * continues[:, t] * blend
    return found[:, :-1]


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


@torch.no_grad()
def by_state_dict(slow, critic, mix):
    new = critic.state_dict()
    slow.load_state_dict({name: torch.lerp(old, new[name], mix) for name, old in slow.state_dict().items()})


@torch.no_grad()
def as_one_vector(slow, critic, mix):
    flat = torch.nn.utils.parameters_to_vector
    mixed = (1 - mix) * flat(slow.parameters()) + mix * flat(critic.parameters())
    torch.nn.utils.vector_to_parameters(mixed, slow.parameters())


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


RIGHT = [
    ("continue_target", lambda term, trunc: torch.where(term, 0.0, 1.0)),
    ("continue_target", lambda term, trunc: torch.ones(term.shape).masked_fill(term, 0.0)),
    ("lambda_return", by_advantages),
    ("lambda_return", by_linear_equations),
    ("lambda_return", into_a_buffer),
    ("imagine_ahead", by_recursive_dreams),
    ("imagine_ahead", into_buffers),
    ("update_slow", by_state_dict),
    ("update_slow", as_one_vector),
    ("straight_through_sample", by_inverse_cdf),
    ("straight_through_sample", by_a_function_of_its_own),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_an_answer_written_differently_is_right_too(name: str, answer: Any) -> None:
    getattr(check, name)(answer)


@pytest.mark.parametrize("name", EXERCISES.values())
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda *_, **__: "seven", "got: +str 'seven'"),
        (lambda *_, **__: torch.zeros(7, 7), r"got: "),
        (lambda *_, **__: 1 / 0, "ZeroDivisionError"),
        (lambda: None, "keep the arguments of the stub"),
        (torch.zeros(3), "without calling it"),
        (None, "without calling it"),
    ],
    ids=["string", "shape", "error", "arguments", "called", "none"],
)
def test_whatever_comes_back_the_message_says_what_came(name: str, answer: Any, message: str) -> None:
    if name == "update_slow" and "got:" in message:
        message = "binds a new name"  # it returns nothing that could be looked at
    with pytest.raises(CheckFailed, match=message):
        getattr(check, name)(answer)


@pytest.mark.parametrize("name", [name for name in EXERCISES.values() if name != "update_slow"])
def test_a_forgotten_return_is_named(name: str) -> None:
    with pytest.raises(CheckFailed, match="no return statement"):
        getattr(check, name)(lambda *_, **__: None)


def test_a_not_implemented_error_that_is_no_stub_is_wrong() -> None:
    def answer(terminated, truncated):
        raise NotImplementedError("later")

    with pytest.raises(CheckFailed, match="NotImplementedError: later"):
        check.continue_target(answer)


def test_an_error_names_the_line_of_the_answer_it_came_from() -> None:
    def answer(terminated, truncated):
        return terminated + "1"

    with pytest.raises(CheckFailed, match=r"TypeError: .* at `return terminated \+ \"1\"`"):
        check.continue_target(answer)


def test_a_notebook_shows_the_message_without_a_traceback() -> None:
    with pytest.raises(CheckFailed) as caught:
        check.continue_target(lambda terminated, truncated: terminated.float())
    assert caught.value._render_traceback_() == [f"Not right yet.\n{caught.value}"]


def test_checkers_leave_the_random_state_alone() -> None:
    before = torch.random.get_rng_state()
    for name in EXERCISES.values():
        with pytest.raises(CheckFailed):
            getattr(check, name)(lambda *_, **__: 0)
    assert torch.equal(before, torch.random.get_rng_state())


def test_checkers_leave_random_state_and_gradients_alone_when_the_answer_does_not(answers) -> None:
    before = torch.random.get_rng_state()
    for name in EXERCISES.values():
        getattr(check, name)(answers["solved"][name])
    for checker, answer in ((check.update_slow, switches_gradients_off), (check.imagine_ahead, seeds_the_dream)):
        with pytest.raises(CheckFailed):
            checker(answer)
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.is_grad_enabled()


def test_of_many_numbers_the_message_shows_the_first_wrong_row() -> None:
    with pytest.raises(CheckFailed) as caught:
        check.imagine_ahead(clamps_the_actions)
    assert re.search(r"states, row \[1, 1\] = \[[^\[\]]*\]\n", str(caught.value))
    assert len(str(caught.value)) < 400


def test_a_forgotten_squeeze_is_found_on_a_few_rows() -> None:
    batches = []

    def answer(logits, generator=None):
        batches.append(len(logits))
        return forgets_to_squeeze(logits, generator)

    with pytest.raises(CheckFailed, match="each row met every other"):
        check.straight_through_sample(answer)
    assert max(batches) < 100  # the square of 20,000 rows would fill the memory


def test_oracles_are_independent_of_the_package() -> None:
    allowed = ("wmcourse.checks.", "wmcourse.models.protocol", "wmcourse.errors")
    for file in Path(check.__file__).parent.glob("*.py"):
        for module in re.findall(r"^\s*(?:from|import) (wmcourse[\w.]*)", file.read_text(), re.MULTILINE):
            assert module.startswith(allowed), f"{file.name} imports {module}"
