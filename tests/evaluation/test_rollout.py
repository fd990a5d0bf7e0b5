"""The one rollout, against loops written out by hand on models solved by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wmcourse.evaluation import peek_times, rollout


@given(st.integers(1, 25), st.integers(1, 4), st.one_of(st.none(), st.integers(1, 9)))
def test_peek_times_follow_the_definition(steps, context, peek_every):
    context = min(context, steps + 1)
    expected = set(range(context))
    if peek_every is not None:
        expected |= {t for t in range(context, steps + 1) if (t - (context - 1)) % peek_every == 0}
    assert set(peek_times(steps, context=context, peek_every=peek_every).nonzero().flatten().tolist()) == expected


@given(st.integers(0, 12), st.integers(1, 3), st.one_of(st.none(), st.integers(1, 5)), st.floats(0, 1))
def test_rollout_equals_the_loop_written_out(linear_world, steps, context, peek_every, gain):
    context = min(context, steps + 1)
    generator = torch.Generator().manual_seed(steps)
    transition = torch.tensor([[0.9, 0.2], [-0.1, 0.8]])
    model = linear_world(transition, torch.tensor([[1.0], [0.5]]), gain=gain, reward=lambda x: x.sum(-1))
    actions = torch.randn(3, steps, 1, generator=generator)
    observations = torch.randn(3, steps + 1, 2, generator=generator)
    followed = rollout(model, actions, observations, context=context, peek_every=peek_every)

    belief = gain * observations[:, 0]
    for t in range(steps + 1):
        if t == 0:
            expected = belief
        else:
            expected = belief @ transition.T + actions[:, t - 1] * torch.tensor([1.0, 0.5])
            belief = expected
            looked = t < context or (peek_every is not None and (t - context + 1) % peek_every == 0)
            assert bool(followed.peeked[t]) == looked
            if looked:
                belief = expected + gain * (observations[:, t] - expected)
        torch.testing.assert_close(followed.expected.observation[:, t], expected)
        torch.testing.assert_close(followed.believed.observation[:, t], belief)
        torch.testing.assert_close(followed.state.x[:, t], belief)
        torch.testing.assert_close(followed.believed.reward[:, t], belief.sum(-1))
    assert followed.expected.continues is None and followed.believed.continues is None


def test_closed_loop_with_full_gain_believes_what_it_sees(drifting_rotation, rotation, play_episodes):
    (episode,) = play_episodes(rotation, [30])
    followed = rollout(drifting_rotation, episode.actions[None], episode.observations[None], peek_every=1)
    torch.testing.assert_close(followed.believed.observation[0], episode.observations)
    assert followed.peeked.all()


def test_only_looks_can_change_the_account(drifting_rotation):
    """What happens at steps it does not look at is nothing to it."""
    actions, observations = torch.randn(2, 20, 1), torch.randn(2, 21, 2)
    first = rollout(drifting_rotation, actions, observations, context=2, peek_every=6)
    other = torch.where(first.peeked[None, :, None], observations, torch.randn(2, 21, 2))
    second = rollout(drifting_rotation, actions, other, context=2, peek_every=6)
    torch.testing.assert_close(first.state.x, second.state.x, rtol=0, atol=0)


def test_observations_may_stop_after_the_last_look(rotation):
    actions, observations = torch.randn(2, 20, 1), torch.randn(2, 21, 2)
    whole = rollout(rotation, actions, observations, context=3)
    short = rollout(rotation, actions, observations[:, :3], context=3)
    torch.testing.assert_close(whole.expected.observation, short.expected.observation)
    with pytest.raises(ValueError, match="at least 3"):
        rollout(rotation, actions, observations[:, :2], context=3)


def test_batch_entries_do_not_meet(drifting_rotation):
    actions, observations = torch.randn(4, 9, 1), torch.randn(4, 10, 2)
    together = rollout(drifting_rotation, actions, observations, peek_every=3).expected.observation
    alone = [
        rollout(drifting_rotation, actions[i : i + 1], observations[i : i + 1], peek_every=3).expected.observation
        for i in range(4)
    ]
    torch.testing.assert_close(together, torch.cat(alone))


def test_sampling_repeats_with_a_seed_and_leaves_the_global_stream_alone(linear_world):
    model = linear_world(torch.eye(2), torch.zeros(2, 1), noise=1.0)
    actions, observations = torch.zeros(2, 9, 1), torch.zeros(2, 10, 2)

    def dream(**options):
        return rollout(model, actions, observations, temperature=1.0, **options).expected.observation

    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second, other = dream(seed=1), dream(seed=1), dream(seed=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, second) and not torch.equal(first, other)
    assert not torch.equal(dream(), dream())


def test_temperature_zero_takes_the_mean_and_temperature_scales_the_noise(linear_world):
    model = linear_world(torch.eye(1), torch.zeros(1, 1), noise=1.0)
    actions, observations = torch.zeros(4000, 1, 1), torch.zeros(4000, 1, 1)
    for temperature in (0.0, 0.5, 2.0):
        spread = rollout(model, actions, observations, temperature=temperature, seed=0).expected.observation[:, 1].std()
        assert float(spread) == pytest.approx(temperature, rel=0.06)


def test_no_gradients_are_kept(rotation):
    actions = torch.zeros(1, 3, 1, requires_grad=True)
    assert not rollout(rotation, actions, torch.zeros(1, 4, 2)).expected.observation.requires_grad


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"observations": torch.zeros(2, 6, 3)},
            r"observation has shape \(2, 6, 3\); this model needs \(batch, steps, 2\)",
        ),
        ({"observations": torch.zeros(6, 2)}, r"needs \(batch, steps, 2\)"),
        ({"observations": torch.zeros(3, 6, 2)}, "2 sequences of 5 actions need 2 sequences of 6 observations"),
        ({"observations": torch.zeros(2, 9, 2)}, "2 sequences of 6 observations"),
        ({"observations": torch.full((2, 6, 2), math.nan)}, "24 NaN or infinite of 24"),
        ({"observations": torch.zeros(2, 6, 2, dtype=torch.uint8)}, "torch.uint8; a world model needs floats"),
        ({"actions": torch.zeros(2, 5, 3)}, r"action has shape \(2, 5, 3\); this model needs \(batch, time, 1\)"),
        ({"actions": torch.zeros(2, 5, 1, dtype=torch.long)}, "one_hot"),
        ({"actions": torch.full((2, 5, 1), math.inf)}, "NaN or infinite"),
        ({"peek_every": 0}, "peek_every must be 1"),
        ({"peek_every": -3}, "peek_every must be 1"),
        ({"context": 0}, "context must be 1..6"),
        ({"context": 7}, "context must be 1..6"),
        ({"temperature": -1.0}, "temperature must be 0"),
        ({"temperature": math.nan}, "temperature must be 0"),
    ],
)
def test_bad_input_is_named(rotation, change, words):
    given_ = {"actions": torch.zeros(2, 5, 1), "observations": torch.zeros(2, 6, 2), **change}
    with pytest.raises(ValueError, match=words):
        rollout(rotation, given_.pop("actions"), given_.pop("observations"), **given_)
