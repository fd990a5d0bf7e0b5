"""Exercise 3.3: plausible mistakes are named, and right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import compounding_error as check
from wmcourse.checks.check import CheckFailed
from wmcourse.evaluation import rollout
from wmcourse.models.protocol import map_state


def first_look(model, actions, observations):
    return model.observe(model.initial(len(actions)), torch.zeros_like(actions[:, 0]), observations[:, 0])


def peeking(
    peeks=lambda t, k: k is not None and t % k == 0,
    look=lambda model, state, a, o, t: model.observe(state, a[:, t - 1], o[:, t]),
    blind=lambda model, state, a, t: model.imagine(state, a[:, t - 1]),
    start=first_look,
    dim=1,
):
    def answer(model, actions, observations, peek_every):
        state = start(model, actions, observations)
        believed = [model.decode(state).observation]
        for t in range(1, actions.shape[1] + 1):
            if peeks(t, peek_every):
                state = look(model, state, actions, observations, t)
            else:
                state = blind(model, state, actions, t)
            believed.append(model.decode(state).observation)
        return torch.stack(believed, dim)

    return answer


right = peeking()


def every_k(condition):
    return peeking(lambda t, k: k is not None and condition(t, k))


def observed_at_the_first(action):
    return peeking(start=lambda m, a, o: m.observe(m.initial(len(a)), action(a), o[:, 0]))


def moves_twice(model, state, a, o, t):
    return model.observe(model.imagine(state, a[:, t - 1]), a[:, t - 1], o[:, t])


def moves_then_observes_standing(model, state, a, o, t):
    return model.observe(model.imagine(state, a[:, t - 1]), torch.zeros_like(a[:, 0]), o[:, t])


def looks_at(index):
    return peeking(look=lambda m, s, a, o, t: m.observe(s, a[:, t - 1], o[:, index(t, o.shape[1])]))


def looks_with(index):
    return peeking(look=lambda m, s, a, o, t: m.observe(s, a[:, index(t, a.shape[1])], o[:, t]))


def shows_what_it_sees(model, actions, observations, peek_every):
    result = right(model, actions, observations, peek_every)
    if peek_every is not None:
        result[:, ::peek_every] = observations[:, ::peek_every]
    else:
        result[:, 0] = observations[:, 0]
    return result


def reports_before_the_look(model, actions, observations, peek_every):
    state = first_look(model, actions, observations)
    seen = [model.decode(state).observation]
    for t in range(1, actions.shape[1] + 1):
        imagined = model.imagine(state, actions[:, t - 1])
        seen.append(model.decode(imagined).observation)
        look = peek_every is not None and t % peek_every == 0
        state = model.observe(state, actions[:, t - 1], observations[:, t]) if look else imagined
    return torch.stack(seen, 1)


def forgets_the_look(model, actions, observations, peek_every):
    state = first_look(model, actions, observations)
    seen = [model.decode(state).observation]
    for t in range(1, actions.shape[1] + 1):
        look = peek_every is not None and t % peek_every == 0
        now = model.observe(state, actions[:, t - 1], observations[:, t]) if look else None
        state = model.imagine(state, actions[:, t - 1])
        seen.append(model.decode(now or state).observation)
    return torch.stack(seen, 1)


def imagines_from_the_last_look(model, actions, observations, peek_every):
    state = first_look(model, actions, observations)
    seen = [model.decode(state).observation]
    for t in range(1, actions.shape[1] + 1):
        if peek_every is not None and t % peek_every == 0:
            state = now = model.observe(state, actions[:, t - 1], observations[:, t])
        else:
            now = model.imagine(state, actions[:, t - 1])
        seen.append(model.decode(now).observation)
    return torch.stack(seen, 1)


def list_of_states(model, actions, observations, peek_every):
    return [first_look(model, actions, observations)] * (actions.shape[1] + 1)


def list_of_observations(*arguments):
    return list(right(*arguments).unbind(1))


def stacks_states_then_decodes(model, actions, observations, peek_every):
    states = [first_look(model, actions, observations)] * (actions.shape[1] + 1)
    return model.decode(map_state(lambda *fields: torch.stack(fields, 1), *states)).observation


def stacks_predictions(model, actions, observations, peek_every):
    return torch.stack([model.decode(first_look(model, actions, observations))] * 3, 1)


def all_observations_at_once(model, actions, observations, peek_every):
    return peeking(look=lambda m, s, a, o, t: m.observe(s, a[:, t - 1], o))(model, actions, observations, peek_every)


def all_actions_at_once(model, actions, observations, peek_every):
    return peeking(blind=lambda m, s, a, t: m.imagine(s, a))(model, actions, observations, peek_every)


def two_beliefs(model, actions, observations, peek_every):
    looking = dreaming = first_look(model, actions, observations)
    seen = [model.decode(looking).observation]
    for t in range(1, actions.shape[1] + 1):
        looking = model.observe(looking, actions[:, t - 1], observations[:, t])
        dreaming = model.imagine(dreaming, actions[:, t - 1])
        look = peek_every is not None and t % peek_every == 0
        seen.append(model.decode(looking if look else dreaming).observation)
    return torch.stack(seen, 1)


def runs_past_the_end(model, actions, observations, peek_every):
    state, seen = model.initial(len(actions)), []
    for t in range(actions.shape[1] + 1):
        state = model.observe(state, actions[:, t], observations[:, t])
        seen.append(model.decode(state).observation)
    return torch.stack(seen, 1)


def fixed_every(model, actions, observations, peek_every):
    return right(model, actions, observations, peek_every and 3)


def none_is_one(model, actions, observations, peek_every):
    return right(model, actions, observations, peek_every or 1)


def blindly_observing(frame):
    """In blind steps `frame(model, state, a, o, t, k)` is observed."""

    def answer(model, actions, observations, peek_every):
        def blind(m, s, a, t):
            return m.observe(s, a[:, t - 1], frame(m, s, a, observations, t, peek_every or len(observations[0])))

        return peeking(blind=blind)(model, actions, observations, peek_every)

    return answer


def dreamed(model, state, a, o, t, k):
    return model.decode(model.imagine(state, a[:, t - 1])).observation


WRONG = {
    "own expectation": (blindly_observing(dreamed), "in blind steps the model observes its own expectation"),
    "last frame": (blindly_observing(lambda m, s, a, o, t, k: o[:, t - t % k]), "the last frame is observed again"),
    "zeros": (blindly_observing(lambda m, s, a, o, t, k: 0 * o[:, t]), "zeros are observed"),
    "looks at a dream": (
        peeking(look=lambda m, s, a, o, t: m.observe(s, a[:, t - 1], dreamed(m, s, a, o, t, 0))),
        "a look shows the model its own expectation",
    ),
    "looks at a belief": (
        peeking(look=lambda m, s, a, o, t: m.observe(s, a[:, t - 1], m.decode(s).observation)),
        "what it believed before",
    ),
    "from k on": (every_k(lambda t, k: t >= k), "from t = k on everything"),
    "steps after the first look": (
        peeking(start=lambda m, a, o: m.imagine(first_look(m, a, o), 0 * a[:, 0])),
        "after the first look comes a step",
    ),
    "a step late": (lambda *a: torch.cat([right(*a)[:, :1], right(*a)[:, :-1]], 1), "the beliefs come a step late"),
    "mixed axes": (lambda *a: right(*a).transpose(0, 1).reshape(right(*a).shape), "steps and sequences are mixed up"),
    "double step": (peeking(look=moves_twice), "two steps in one"),
    "double step, standing": (peeking(look=moves_then_observes_standing), "with an action of zeros, two steps in one"),
    "standing": (peeking(look=lambda m, s, a, o, t: m.observe(s, 0 * a[:, 0], o[:, t])), "only the first is"),
    "never": (peeking(lambda t, k: False), "nothing is looked at after t = 0"),
    "always": (peeking(lambda t, k: True), "every step is looked at"),
    "early": (every_k(lambda t, k: (t + 1) % k == 0), "the looks come a step early"),
    "late": (every_k(lambda t, k: t % k == 1), "the looks come a step late"),
    "k + 1": (every_k(lambda t, k: t % (k + 1) == 0), "k \\+ 1 steps apart"),
    "once": (every_k(lambda t, k: t == k), "only one more look"),
    "inverted": (every_k(lambda t, k: t % k != 0), "have changed places"),
    "context": (every_k(lambda t, k: t < k), "for k steps everything is looked at"),
    "last observation": (looks_at(lambda t, n: t - 1), "the observation comes a step late"),
    "next observation": (looks_at(lambda t, n: (t + 1) % n), "the observation comes a step early"),
    "first observation": (looks_at(lambda t, n: 0), "every look shows the first observation"),
    "counted": (looks_at(lambda t, n: t // 3), "look number n"),
    "before the look": (reports_before_the_look, "expected before the look"),
    "observations": (shows_what_it_sees, "these are the observations themselves"),
    "forgets": (forgets_the_look, "the looks are forgotten"),
    "two beliefs": (two_beliefs, "two beliefs are carried on"),
    "starts again": (
        peeking(look=lambda m, s, a, o, t: m.observe(m.initial(len(a)), a[:, t - 1], o[:, t])),
        "the belief starts again at each look:",
    ),
    "starts again at rest": (
        peeking(look=lambda m, s, a, o, t: m.observe(m.initial(len(a)), 0 * a[:, 0], o[:, t])),
        "the belief starts again at each look, with an action of zeros",
    ),
    "from the last look": (imagines_from_the_last_look, "every blind step starts from the last look"),
    "blind at first": (peeking(start=lambda m, a, o: m.initial(len(a))), "nothing is seen at t = 0"),
    "imagined at first": (
        peeking(start=lambda m, a, o: m.imagine(m.initial(len(a)), 0 * a[:, 0])),
        "the first step is imagined",
    ),
    "first action": (observed_at_the_first(lambda a: a[:, 0]), r"the first look comes with actions\[:, 0\]"),
    "last action": (observed_at_the_first(lambda a: a[:, -1]), "the first look comes with the last action"),
    "ones": (observed_at_the_first(lambda a: torch.ones_like(a[:, 0])), "an action of ones"),
    "first look twice": (
        peeking(start=lambda m, a, o: m.observe(first_look(m, a, o), 0 * a[:, 0], o[:, 0])),
        "the first look is taken twice",
    ),
    "looks with the next action": (looks_with(lambda t, n: min(t, n - 1)), "the look takes the action that comes"),
    "actions[t]": (
        peeking(
            look=lambda m, s, a, o, t: m.observe(s, a[:, min(t, a.shape[1] - 1)], o[:, t]),
            blind=lambda m, s, a, t: m.imagine(s, a[:, min(t, a.shape[1] - 1)]),
        ),
        "the actions come a step early",
    ),
    "actions[t - 2]": (
        peeking(
            look=lambda m, s, a, o, t: m.observe(s, a[:, t - 2], o[:, t]),
            blind=lambda m, s, a, t: m.imagine(s, a[:, t - 2]),
        ),
        "the actions come a step late",
    ),
    "None divides": (peeking(lambda t, k: t % k == 0), "peek_every may be None"),
    "None is one": (none_is_one, "None means never again"),
    "k fixed": (fixed_every, "`peek_every` divides"),
    "past the end": (runs_past_the_end, "T actions and T \\+ 1 observations"),
    "states": (list_of_states, "decode each state"),
    "list": (list_of_observations, "decode each state"),
    "one state": (lambda m, a, o, k: first_look(m, a, o), "a state"),
    "stacked states": (stacks_states_then_decodes, "before torch.stack"),
    "stacked predictions": (stacks_predictions, "stack what was decoded"),
    "all observations": (all_observations_at_once, "one look at a time"),
    "all actions": (all_actions_at_once, "step by step"),
    "time first": (peeking(dim=0), "stack along dim=1"),
    "without t = 0": (lambda *a: right(*a)[:, 1:], "t = 0 is missing"),
    "last": (lambda *a: right(*a)[:, -1], "the last belief alone"),
    "flat": (lambda *a: right(*a).flatten(2), "keep the axes of an observation"),
    "backward": (lambda *a: right(*a).flip(1), "the order of time is reversed"),
    "model": (lambda m, a, o, k: m(a), "the model is no function"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_mistake_is_named(name: str) -> None:
    wrong, message = WRONG[name]
    with pytest.raises(CheckFailed, match=message):
        check.peek_rollout(wrong)


def by_the_package(model, actions, observations, peek_every):
    return rollout(model, actions, observations, peek_every=peek_every).believed.observation


def imagines_and_observes_both(model, actions, observations, peek_every):
    """Works out both, chooses one."""
    steps = actions.shape[1]
    times = range(0, steps + 1, peek_every) if peek_every else [0]
    state = model.initial(len(actions))
    padded = torch.cat([torch.zeros_like(actions[:, :1]), actions], 1)
    seen = []
    for t in range(steps + 1):
        corrected = model.observe(state, padded[:, t], observations[:, t])
        imagined = model.imagine(state, padded[:, t])
        flag = torch.tensor(t in times)
        state = map_state(lambda yes, no, flag=flag: torch.where(flag, yes, no), corrected, imagined)
        seen.append(model.decode(state).observation.unsqueeze(1))
    return torch.cat(seen, 1)


def counts_down(model, actions, observations, peek_every):
    out = torch.empty_like(observations)
    state = model.observe(
        model.initial(actions.size(0)), torch.zeros(actions.size(0), model.action_dim), observations[:, 0]
    )
    out[:, 0] = model.decode(state).observation
    left = peek_every
    for t, action in enumerate(actions.unbind(1), 1):
        left = None if left is None else left - 1
        if left == 0:
            state, left = model.observe(state, action, observations[:, t], temperature=0.0), peek_every
        else:
            state = model.imagine(state, action, temperature=0.0)
        out[:, t] = model.decode(state).observation
    return out.detach()


def decodes_in_one_call(model, actions, observations, peek_every):
    states = [first_look(model, actions, observations)]
    every = peek_every or float("inf")
    for t in range(1, actions.shape[1] + 1):
        action = actions[:, t - 1]
        states.append(
            model.imagine(states[-1], action)
            if t % every
            else model.observe(state=states[-1], action=action, observation=observations[:, t])
        )
    stacked = map_state(lambda *fields: torch.stack(fields, 1).flatten(0, 1), *states)
    return model.decode(stacked)[0].unflatten(0, (len(actions), -1))


@pytest.mark.parametrize(
    "answer", [right, by_the_package, imagines_and_observes_both, counts_down, decodes_in_one_call]
)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.peek_rollout(answer)
