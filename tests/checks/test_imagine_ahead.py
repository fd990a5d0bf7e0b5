"""Exercise 9.3: plausible mistakes are named."""

import re
from typing import Any

import pytest
import torch

from wmcourse.checks import dreamer as check
from wmcourse.checks.check import CheckFailed
from wmcourse.models.protocol import map_state


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


def test_of_many_numbers_the_message_shows_the_first_wrong_row() -> None:
    with pytest.raises(CheckFailed) as caught:
        check.imagine_ahead(clamps_the_actions)
    assert re.search(r"states, row \[1, 1\] = \[[^\[\]]*\]\n", str(caught.value))
    assert len(str(caught.value)) < 400
