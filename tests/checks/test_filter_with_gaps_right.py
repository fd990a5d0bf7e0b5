"""Exercise 8.4: right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import rssm as check
from wmcourse.models.protocol import map_state


def stack(states):
    return map_state(lambda *fields: torch.stack(fields, dim=1), *states)


def observes_what_was_seen_alone(model, actions, observations, seen):
    """No gap ever reaches the model: each path gets its own part of the batch."""
    state, states = model.initial(len(actions)), []
    for t in range(actions.shape[1]):
        look = seen[:, t]
        looking, dreaming = (map_state(lambda field, rows=rows: field[rows], state) for rows in (look, ~look))
        corrected = model.observe(looking, actions[look, t], observations[look, t])
        imagined = model.imagine(dreaming, actions[~look, t])

        def merge(old, yes, no, look=look):
            return old.clone().index_put((look,), yes).index_put((~look,), no)

        state = map_state(merge, state, corrected, imagined)
        states.append(state)
    return stack(states)


def sequence_by_sequence(model, actions, observations, seen):
    tracks = []
    for row in range(len(actions)):
        state, states = model.initial(1), []
        for t in range(actions.shape[1]):
            action = actions[row : row + 1, t]
            if seen[row, t]:
                state = model.observe(state, action, observations[row : row + 1, t])
            else:
                state = model.imagine(state, action)
            states.append(state)
        tracks.append(stack(states))
    return map_state(lambda *fields: torch.cat(fields), *tracks)


def into_buffers(model, actions, observations, seen):
    state = model.initial(len(actions))
    fields = [[] for _ in state]
    for t, observation in enumerate(observations.nan_to_num(7.0).unbind(1)):
        both = model.observe(state, actions[:, t], observation), model.imagine(state, actions[:, t])
        state = type(state)(
            *(
                torch.where(seen[:, t].reshape(len(seen), *[1] * (yes.ndim - 1)), yes, no)
                for yes, no in zip(*both, strict=True)
            )
        )
        for kept, field in zip(fields, state, strict=True):
            kept.append(field.unsqueeze(1))
    return type(state)._make(torch.cat(kept, 1) for kept in fields)


def fills_gaps_with_noise(model, actions, observations, seen):
    """Any number will do in a gap, a random one too."""
    noise = torch.randn(observations.shape)
    state, states = model.initial(len(actions)), []
    for t in range(actions.shape[1]):
        frame = torch.where(seen[:, t, None], observations[:, t], noise[:, t])
        both = model.observe(state, actions[:, t], frame), model.imagine(state, actions[:, t])
        flags = seen[:, t]
        state = map_state(
            lambda yes, no, flags=flags: torch.where(flags.view(-1, *[1] * (yes.dim() - 1)), yes, no), *both
        )
        states.append(state)
    return stack(states)


@pytest.mark.parametrize(
    "answer", [observes_what_was_seen_alone, sequence_by_sequence, into_buffers, fills_gaps_with_noise]
)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.filter_with_gaps(answer)
