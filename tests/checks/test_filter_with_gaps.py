"""Exercise 8.4: plausible mistakes are named."""

import pytest
import torch

from wmcourse.checks import rssm as check
from wmcourse.checks.check import CheckFailed
from wmcourse.models.protocol import map_state


def stack(states, dim=1):
    return map_state(lambda *fields: torch.stack(fields, dim=dim), *states)


def choose(flags, yes, no):
    return map_state(lambda a, b: torch.where(flags.view(-1, *[1] * (a.dim() - 1)), a, b), yes, no)


def filled(observations, seen):
    return torch.where(seen.unsqueeze(-1), observations, 0.0)


def track(model, actions, observations, seen, advance=None, start=None):
    """List of beliefs; `advance(state, t, corrected, imagined)` may be wrong."""
    observations = filled(observations, seen)
    state, states = start or model.initial(len(actions)), []
    for t in range(actions.shape[1]):
        corrected = model.observe(state, actions[:, t], observations[:, t])
        imagined = model.imagine(state, actions[:, t])
        state = advance(state, t, corrected, imagined) if advance else choose(seen[:, t], corrected, imagined)
        states.append(state)
    return states


def right(model, actions, observations, seen):
    return stack(track(model, actions, observations, seen))


def advancing(rule):
    """Beliefs made by `rule(model, data, state, t, corrected, imagined)`, with data = (actions, observations, seen)."""

    def answer(model, actions, observations, seen):
        data = (actions, filled(observations, seen), seen)
        return stack(
            track(model, actions, observations, seen, lambda state, t, *both: rule(model, data, state, t, *both))
        )

    return answer


def shown(frame):
    """In the gaps `frame(model, data, t, imagined)` is observed."""

    def rule(model, data, state, t, corrected, imagined):
        again = model.observe(state, data[0][:, t], frame(model, data, t, imagined))
        return choose(data[2][:, t], corrected, again)

    return advancing(rule)


def last_frame(model, data, t, imagined):
    frame = torch.zeros(len(data[0]), 2)
    for earlier in range(t + 1):
        frame = torch.where(data[2][:, earlier, None], data[1][:, earlier], frame)
    return frame


def next_frame(model, data, t, imagined):
    frame = torch.zeros(len(data[0]), 2)
    for later in reversed(range(t, data[0].shape[1])):
        frame = torch.where(data[2][:, later, None], data[1][:, later], frame)
    return frame


def stands_still(model, data, state, t, corrected, imagined):
    return choose(data[2][:, t], corrected, state)


def inverted(model, data, state, t, corrected, imagined):
    return choose(~data[2][:, t], corrected, imagined)


def all_or_none(model, data, state, t, corrected, imagined):
    return corrected if data[2][:, t].all() else imagined


def any_or_none(model, data, state, t, corrected, imagined):
    return corrected if data[2][:, t].any() else imagined


def gaps_of_the_first(model, data, state, t, corrected, imagined):
    return corrected if data[2][0, t] else imagined


def blind_after_the_first_gap(model, data, state, t, corrected, imagined):
    return choose(data[2][:, : t + 1].all(1), corrected, imagined)


def never_looks(model, data, state, t, corrected, imagined):
    return imagined


def starts_again(model, data, state, t, corrected, imagined):
    return choose(data[2][:, t], corrected, model.initial(len(data[0])))


def moves_twice(model, data, state, t, corrected, imagined):
    return choose(data[2][:, t], model.observe(imagined, data[0][:, t], data[1][:, t]), imagined)


def forgets_the_action(model, data, state, t, corrected, imagined):
    return choose(data[2][:, t], corrected, model.imagine(state, torch.zeros_like(data[0][:, t])))


def chooses_the_mean_alone(model, data, state, t, corrected, imagined):
    return corrected._replace(mean=torch.where(data[2][:, t, None], corrected.mean, imagined.mean))


def keeps_the_imagined_spread(model, data, state, t, corrected, imagined):
    return imagined._replace(mean=torch.where(data[2][:, t, None], corrected.mean, imagined.mean))


def chooses_without_an_axis(model, data, state, t, corrected, imagined):
    return map_state(lambda a, b: torch.where(data[2][:, t], a, b), corrected, imagined)


def chooses_with_one_axis(model, data, state, t, corrected, imagined):
    return map_state(lambda a, b: torch.where(data[2][:, t, None], a, b), corrected, imagined)


def chooses_states(model, data, state, t, corrected, imagined):
    return torch.where(data[2][:, t], corrected, imagined)


def asks_with_if(model, data, state, t, corrected, imagined):
    return corrected if data[2][:, t] else imagined


def detaches(model, data, state, t, corrected, imagined):
    return map_state(torch.detach, choose(data[2][:, t], corrected, imagined))


def detaches_the_imagined(model, data, state, t, corrected, imagined):
    return choose(data[2][:, t], corrected, map_state(torch.detach, imagined))


def mean_in_the_gaps(model, data, state, t, corrected, imagined):
    return choose(data[2][:, t], corrected, model.imagine(state, data[0][:, t], temperature=0.0))


def cold(model, data, state, t, corrected, imagined):
    return choose(data[2][:, t], model.observe(state, data[0][:, t], data[1][:, t], 0.0), imagined)


def seeds(model, data, state, t, corrected, imagined):
    torch.manual_seed(t)
    return choose(data[2][:, t], corrected, imagined)


def carries(which):
    """The chosen belief is reported, another is carried on."""

    def answer(model, actions, observations, seen):
        state, states = model.initial(len(actions)), []
        for t in range(actions.shape[1]):
            corrected = model.observe(state, actions[:, t], filled(observations, seen)[:, t])
            imagined = model.imagine(state, actions[:, t])
            states.append(choose(seen[:, t], corrected, imagined))
            state = (corrected, imagined)[which]
        return stack(states)

    return answer


def two_beliefs(model, actions, observations, seen):
    corrected = imagined = model.initial(len(actions))
    states = []
    for t in range(actions.shape[1]):
        corrected = model.observe(corrected, actions[:, t], filled(observations, seen)[:, t])
        imagined = model.imagine(imagined, actions[:, t])
        states.append(choose(seen[:, t], corrected, imagined))
    return stack(states)


def shifted(steps):
    def answer(model, actions, observations, seen):
        moved = actions.roll(steps, 1)
        moved[:, 0 if steps > 0 else -1] = 0.0
        return right(model, moved, observations, seen)

    return answer


def multiplies_by_flags(model, actions, observations, seen):
    state, states = model.initial(len(actions)), []
    for t in range(actions.shape[1]):
        corrected, imagined = (
            model.observe(state, actions[:, t], observations[:, t]),
            model.imagine(state, actions[:, t]),
        )
        share = seen[:, t].float()
        state = map_state(
            lambda a, b, share=share: (
                a * share.view(-1, *[1] * (a.dim() - 1)) + b * (1 - share.view(-1, *[1] * (a.dim() - 1)))
            ),
            corrected,
            imagined,
        )
        states.append(state)
    return stack(states)


def hides_the_nan(model, actions, observations, seen):
    state, states = model.initial(len(actions)), []
    for t in range(actions.shape[1]):
        corrected, imagined = (
            model.observe(state, actions[:, t], observations[:, t]),
            model.imagine(state, actions[:, t]),
        )
        state = choose(seen[:, t], corrected, imagined)
        states.append(state)
    return stack(states)


def always_observes(model, actions, observations, seen):
    return right(model, actions, observations, torch.ones_like(seen))


def reads_gaps_off_the_nan(model, actions, observations, seen):
    return right(model, actions, observations, ~observations.isnan().any(-1))


def fills_in_place(model, actions, observations, seen):
    observations[~seen] = 0.0
    return right(model, actions, observations, seen)


def clears_the_flags(model, actions, observations, seen):
    result = right(model, actions, observations, seen)
    seen.zero_()
    return result


def with_the_initial(model, actions, observations, seen):
    return stack([model.initial(len(actions)), *track(model, actions, observations, seen)])


def without_the_last(model, actions, observations, seen):
    return stack(track(model, actions, observations, seen)[:-1])


def last_alone(model, actions, observations, seen):
    return track(model, actions, observations, seen)[-1]


def time_first(model, actions, observations, seen):
    return stack(track(model, actions, observations, seen), dim=0)


def list_of_states(model, actions, observations, seen):
    return track(model, actions, observations, seen)


def time_reversed(model, actions, observations, seen):
    return stack(track(model, actions, observations, seen)[::-1])


def plain_tuple(model, actions, observations, seen):
    return tuple(right(model, actions, observations, seen))


def squeezes(model, actions, observations, seen):
    return map_state(lambda field: field.squeeze(0), right(model, actions, observations, seen))


def all_steps_at_once(model, actions, observations, seen):
    return model.observe(model.initial(len(actions)), actions, observations)


def swaps_arguments(model, actions, observations, seen):
    return model.imagine(actions[:, 0], model.initial(len(actions)))


def swaps_observation_and_action(model, actions, observations, seen):
    return model.observe(model.initial(len(actions)), observations[:, 0], actions[:, 0])


def calls_the_model(model, actions, observations, seen):
    return model(model.initial(len(actions)), actions[:, 0])


def stacks_states(model, actions, observations, seen):
    return torch.stack(track(model, actions, observations, seen), 1)


def without_gradient(model, actions, observations, seen):
    with torch.no_grad():
        return right(model, actions, observations, seen)


def starts_from_zeros(model, actions, observations, seen):
    return stack(
        track(model, actions, observations, seen, start=map_state(torch.zeros_like, model.initial(len(actions))))
    )


def detaching(place):
    """One of the inputs is detached."""

    def answer(model, *data):
        return right(model, *(part.detach() if index == place else part for index, part in enumerate(data)))

    return answer


def detaches_the_initial(model, actions, observations, seen):
    return stack(track(model, actions, observations, seen, start=map_state(torch.detach, model.initial(len(actions)))))


def hides_the_nan_of_the_frames(model, actions, observations, seen):
    """The model gets numbers alone, but the frames' own gradient is 0 times NaN."""
    return right(model, actions, observations.sign() * observations.square().sqrt(), seen)


def without_the_first_action(model, actions, observations, seen):
    return right(model, torch.cat([torch.zeros_like(actions[:, :1]), actions[:, 1:]], 1), observations, seen)


def starts_with_one_sequence(model, actions, observations, seen):
    return stack(track(model, actions, observations, seen, start=model.initial(1)))


def indexed(actions=0, observations=0, seen=0, wraps=True):
    """Each tensor at `t` plus so many steps."""

    def answer(model, *data):
        time = data[0].shape[1]
        masked = (data[0], filled(data[1], data[2]), data[2])
        moved = []
        for tensor, steps in zip(masked, (actions, observations, seen), strict=True):
            place = torch.arange(time) + steps
            moved.append(tensor[:, place % time if wraps else place.clamp(0, time - 1)])
        return right_of_filled(model, *moved)

    return answer


def right_of_filled(model, actions, observations, seen):
    state, states = model.initial(len(actions)), []
    for t in range(actions.shape[1]):
        both = model.observe(state, actions[:, t], observations[:, t]), model.imagine(state, actions[:, t])
        state = choose(seen[:, t], *both)
        states.append(state)
    return stack(states)


def chooses_with_two_axes(model, data, state, t, corrected, imagined):
    return map_state(lambda a, b: torch.where(data[2][:, t].view(-1, 1, 1), a, b), corrected, imagined)


WRONG_FILTERS = {
    "actions detached": (detaching(0), "gradient of the beliefs for the actions(.|\n)*cuts the gradient"),
    "observations detached": (detaching(1), "gradient of the beliefs for the observations(.|\n)*cuts the gradient"),
    "initial detached": (detaches_the_initial, "gradient of the beliefs for the mean of model.initial"),
    "hidden NaN of the frames": (
        hides_the_nan_of_the_frames,
        "gradient of the beliefs for the observations(.|\n)*its gradient stays NaN",
    ),
    "without the first action": (without_the_first_action, r"actions\[:, 0\] is used as it is"),
    "one sequence": (starts_with_one_sequence, r"model.initial\(B\), the size of the batch"),
    "two axes": (advancing(chooses_with_two_axes), "as many axes as that field has"),
    "actions[t - 1]": (indexed(actions=-1), "the actions come a step late"),
    "actions[max(t - 1, 0)]": (indexed(actions=-1, wraps=False), "the actions come a step late"),
    "actions[t + 1]": (indexed(actions=1), "the actions come a step early"),
    "observations[t - 1]": (indexed(observations=-1), "the observations come a step late"),
    "observations[max(t - 1, 0)]": (indexed(observations=-1, wraps=False), "the observations come a step late"),
    "observations[t + 1]": (indexed(observations=1), "the observations come a step early"),
    "observations and seen[t - 1]": (indexed(observations=-1, seen=-1), "observations and flags come a step late"),
    "observations and seen[t + 1]": (indexed(observations=1, seen=1), "observations and flags come a step early"),
    "seen[t - 1]": (indexed(seen=-1), "the flags `seen` come a step late"),
    "seen[t + 1]": (indexed(seen=1), "the flags `seen` come a step early"),
    "stands still": (advancing(stands_still), "time stands still"),
    "zeros": (shown(lambda model, data, t, imagined: torch.zeros(len(data[0]), 2)), "observed as zeros"),
    "last frame": (shown(last_frame), "an old frame is no new look"),
    "next frame": (shown(next_frame), "knows nothing of what comes later"),
    "own expectation": (
        shown(lambda model, data, t, imagined: model.decode(imagined).observation),
        "observes its own expectation",
    ),
    "inverted": (advancing(inverted), "wrong way round"),
    "all or none": (advancing(all_or_none), "all sequences are treated alike: each"),
    "any or none": (advancing(any_or_none), "treated alike, and observed when any is"),
    "gaps of the first": (advancing(gaps_of_the_first), "the gaps of the first"),
    "blind": (advancing(blind_after_the_first_gap), "after the first gap nothing is looked at"),
    "never looks": (advancing(never_looks), "nothing is ever looked at"),
    "starts again": (advancing(starts_again), "the belief starts again"),
    "moves twice": (advancing(moves_twice), "moves the belief on by itself"),
    "forgets the action": (advancing(forgets_the_action), "no effect in the gaps"),
    "mean alone": (advancing(chooses_the_mean_alone), "only the mean is chosen: apply"),
    "imagined spread": (advancing(keeps_the_imagined_spread), "the spread is imagined"),
    "no axis": (advancing(chooses_without_an_axis), "as many axes as the field has"),
    "one axis": (advancing(chooses_with_one_axis), r"states.spread: a tensor|as many axes as the field has"),
    "states": (advancing(chooses_states), "apply it to each field"),
    "if": (advancing(asks_with_if), "each sequence has its own gaps"),
    "detached": (advancing(detaches), "cuts the gradient|beliefs with a gradient"),
    "imagined detached": (advancing(detaches_the_imagined), "cuts the gradient"),
    "mean in the gaps": (advancing(mean_in_the_gaps), "leave temperature out"),
    "cold": (advancing(cold), "leave temperature out"),
    "seeds": (advancing(seeds), "leave torch.manual_seed to the caller"),
    "carries the corrected": (carries(0), "what is observed in a gap is carried on"),
    "carries the imagined": (carries(1), "the looks are forgotten"),
    "two beliefs": (two_beliefs, "the imagined one never sees anything"),
    "actions late": (shifted(1), "a step late"),
    "actions early": (shifted(-1), "a step early"),
    "flags as numbers": (multiplies_by_flags, "0 times NaN is NaN"),
    "hidden NaN": (hides_the_nan, "its gradient stays NaN"),
    "always observes": (always_observes, "NaN spreads"),
    "gaps off the NaN": (reads_gaps_off_the_nan, "`seen` says what was seen"),
    "in place": (fills_in_place, "a changed `observations`"),
    "flags in place": (clears_the_flags, "a changed `seen`"),
    "initial": (with_the_initial, "one belief too many"),
    "without the last": (without_the_last, "one belief is missing"),
    "last alone": (last_alone, "the last belief alone"),
    "time first": (time_first, "batch first, then time"),
    "list": (list_of_states, "stack the list field by field"),
    "reversed": (time_reversed, "order of time is reversed"),
    "plain tuple": (plain_tuple, "map_state keeps a state's type"),
    "squeezes": (squeezes, "a batch of one is still a batch"),
    "all at once": (all_steps_at_once, "step by step"),
    "swapped": (swaps_arguments, "the state comes first"),
    "action and observation swapped": (swaps_observation_and_action, "the action handed to model.observe"),
    "calls the model": (calls_the_model, "the model is no function"),
    "stacks states": (stacks_states, "stack the list field by field"),
    "no grad": (without_gradient, "cuts the gradient"),
    "zeros at first": (starts_from_zeros, "begin with model.initial"),
}


@pytest.mark.parametrize("name", WRONG_FILTERS)
def test_filter_with_gaps_names_the_mistake(name: str) -> None:
    wrong, message = WRONG_FILTERS[name]
    with pytest.raises(CheckFailed, match=message):
        check.filter_with_gaps(wrong)
