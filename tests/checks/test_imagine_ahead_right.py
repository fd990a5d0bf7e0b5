"""Exercise 9.3: right answers written differently pass."""

from typing import Any

import pytest
import torch

from wmcourse.checks import dreamer as check


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


RIGHT = [by_recursive_dreams, into_buffers]


@pytest.mark.parametrize("answer", RIGHT)
def test_an_answer_written_differently_is_right_too(answer: Any) -> None:
    check.imagine_ahead(answer)
