"""A step in a code: its loss against a loop over episodes, starts and steps, written from the modules alone."""

import itertools

import pytest
import torch

from wmcourse.models.protocol import map_state
from wmcourse.models.transition import TICKS, LatentState, Transition, TransitionConfig

LATENT, ACTION = 3, 2
LENGTHS = torch.tensor([6, 2, 4])
PARTS = list(itertools.product([0, 5], [False, True], [False, True]))
"""(units of memory, keeps the last push, has a clock)"""
ALL_PARTS = pytest.mark.parametrize(("memory", "push", "clock"), PARTS)


def build(memory=0, push=False, clock=False, seed=0, **options):
    torch.manual_seed(seed)
    config = TransitionConfig(memory_dim=memory, clock=clock, hidden_dim=8, **options)
    return Transition(config, latent_dim=LATENT, action_dim=ACTION, keeps_push=push)


def encoded(seed=1, padding=0.0):
    """Latents (3, 7, Z) and one-hot actions (3, 6, A) of three episodes, padded with noise of size `padding`."""
    generator = torch.Generator().manual_seed(seed)
    steps = int(LENGTHS.max())
    latents = torch.randn(3, steps + 1, LATENT, generator=generator)
    actions = torch.eye(ACTION)[torch.randint(ACTION, (3, steps), generator=generator)]
    latents[torch.arange(steps + 1) > LENGTHS[:, None]] *= padding
    actions[torch.arange(steps) >= LENGTHS[:, None]] *= padding
    return latents, actions


def walk(model, before, after, action, memory, ticks):
    """(latent, memory) after one step from latent `before` with last push `after`: the modules, one row, no batch."""
    known = torch.cat([before, after, action])
    inputs = [known]
    if model.config.memory_dim:
        memory = model.gru(model.inflow(known[None]), memory[None])[0]
        inputs.append(memory)
    said = model.change(torch.cat(inputs))
    if model.config.clock:
        hour = min(ticks, TICKS - 1)
        return said[hour * len(before) : (hour + 1) * len(before)], memory
    return before + said, memory


def naive_loss(model, latents, actions, lengths, shown=None):
    """For each episode, from each of its steps on: a free rollout, compared as long as the episode lasts."""
    shown = latents if shown is None else shown
    keeps = model.push_dim > 0
    nothing = torch.zeros(model.push_dim)
    errors = []
    for b, length in enumerate(lengths.tolist()):
        memory, push = torch.zeros(model.config.memory_dim), nothing
        for t in range(length):
            if t > 0:
                _, memory = walk(model, shown[b, t - 1], push, actions[b, t - 1], memory, 0)
                push = actions[b, t - 1] if keeps else nothing
            latent, inner, last = shown[b, t], memory, push
            for k in range(min(model.config.loss_steps, length - t)):
                action = actions[b, t + k]
                latent, inner = walk(model, latent, last, action, inner, k)
                last = action if keeps else nothing
                errors.append((latent - latents[b, t + k + 1]).square().mean())
    return torch.stack(errors).mean()


@ALL_PARTS
@pytest.mark.parametrize("loss_steps", [1, 3, 9])
def test_the_loss_and_its_gradient_are_those_of_a_loop(memory, push, clock, loss_steps):
    """The gradient too: it goes through the whole rollout, not through its last step alone."""
    model = build(memory, push, clock, loss_steps=loss_steps)
    latents, actions = encoded()
    loss, oracle = model.loss(latents, actions, LENGTHS), naive_loss(model, latents, actions, LENGTHS)
    torch.testing.assert_close(loss, oracle)
    gradients = [torch.autograd.grad(each, list(model.parameters()), allow_unused=True) for each in (loss, oracle)]
    for (name, _), ours, theirs in zip(model.named_parameters(), *gradients, strict=True):
        torch.testing.assert_close(ours, theirs, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("loss_steps", [1, 3])
def test_what_episodes_are_padded_with_does_not_matter(loss_steps):
    model = build(5, True, True, loss_steps=loss_steps)
    clean, dirty = (model.loss(*encoded(padding=padding), LENGTHS) for padding in (0.0, 100.0))
    torch.testing.assert_close(clean, dirty)


def test_an_episode_counts_by_its_steps_whoever_is_beside_it():
    """One mean over all compared steps, as if each episode were alone."""
    model = build(5, True, loss_steps=3)
    latents, actions = encoded()
    total, count = 0.0, 0
    for b, length in enumerate(LENGTHS.tolist()):
        alone = model.loss(latents[b : b + 1, : length + 1], actions[b : b + 1, :length], LENGTHS[b : b + 1])
        compared = sum(min(3, length - t) for t in range(length))
        total, count = total + compared * alone, count + compared
    torch.testing.assert_close(model.loss(latents, actions, LENGTHS), total / count)


def test_the_gradient_of_a_rollout_reaches_every_weight():
    model = build(5, True, True, loss_steps=3)
    model.loss(*encoded(), LENGTHS).backward()
    for name, parameter in model.named_parameters():
        moved = parameter.grad.abs()
        if name == "change.2.weight":  # an output layer for each tick, of which the loss has gone through three
            by_tick = moved.unflatten(0, (TICKS, -1)).sum((1, 2))
            assert (by_tick > 0).tolist() == [tick < 3 for tick in range(TICKS)]
        else:
            assert moved.sum() > 0, name


@pytest.mark.parametrize("loss_steps", [1, 3])
def test_noise_is_added_to_what_is_shown_and_not_to_what_is_to_be_found(loss_steps):
    model = build(5, True, loss_steps=loss_steps, noise=0.3)
    latents, actions = encoded()
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(7))
    loss = model.loss(latents, actions, LENGTHS, torch.Generator().manual_seed(7))
    torch.testing.assert_close(loss, naive_loss(model, latents, actions, LENGTHS, latents + 0.3 * noise))


def test_without_noise_nothing_is_drawn():
    model, generator = build(), torch.Generator().manual_seed(7)
    before = generator.get_state()
    model.loss(*encoded(), LENGTHS, generator)
    assert torch.equal(generator.get_state(), before)


def test_the_loss_assumes_no_device():
    """What names no device is made elsewhere, where it is of no use to tensors on the CPU."""
    model, data = build(5, True, True, noise=0.2, loss_steps=3), encoded()
    torch.manual_seed(0)
    expected = model.loss(*data, LENGTHS)
    torch.manual_seed(0)
    with torch.device("meta"):
        assert torch.equal(model.loss(*data, LENGTHS), expected)


def test_perfect_prediction_costs_nothing():
    """Latents that the model itself makes, from every start and over every number of steps."""
    for steps in (1, 3):
        model = build(0, True, loss_steps=steps)
        _, actions = encoded()
        state = model.initial(3)._replace(latent=torch.randn(3, LATENT))
        latents = [state.latent]
        for t in range(6):
            state = model.advance(state, actions[:, t])
            latents.append(state.latent)
        assert model.loss(torch.stack(latents, 1), actions, LENGTHS).item() < 1e-12


@ALL_PARTS
def test_following_is_looking_again_and_again(memory, push, clock):
    model = build(memory, push, clock)
    latents, actions = encoded()
    states = model.follow(latents, actions)
    state = model.look(model.initial(3), None, latents[:, 0])
    for t in range(6):
        for ours, theirs in zip(states, state, strict=True):
            torch.testing.assert_close(ours[:, t], theirs)
        state = model.look(state, actions[:, t], latents[:, t + 1])


@ALL_PARTS
def test_a_state_has_columns_for_what_the_model_keeps_and_no_others(memory, push, clock):
    model = build(memory, push, clock)
    sizes = [LATENT, ACTION * push, memory, int(clock)]
    states = [model.initial(4)]
    states.append(model.look(states[0], torch.eye(2)[[0, 1, 1, 0]], torch.randn(4, LATENT)))
    states.append(model.advance(states[1], torch.eye(2)[[0, 1, 1, 0]]))
    for state in states:
        assert [part.shape[-1] for part in state] == sizes
        assert torch.equal(state.features, torch.cat(list(state), -1))
    assert all((part == 0).all() for part in states[0])


def test_the_clock_counts_steps_since_the_last_look():
    model = build(clock=True)
    action, latent = torch.eye(2)[[0, 1]], torch.randn(2, LATENT)
    state = model.look(model.initial(2), None, latent)
    for ticks in range(4):
        assert state.clock.tolist() == [[ticks], [ticks]]
        state = model.advance(state, action)
    assert model.look(state, action, latent).clock.tolist() == [[0], [0]]


def test_the_clock_changes_the_step_and_stops_at_its_last_tick():
    model = build(clock=True)
    state = model.initial(1)._replace(latent=torch.randn(1, LATENT))
    after = [
        model.advance(state._replace(clock=torch.tensor([[float(ticks)]])), torch.eye(2)[:1]).latent
        for ticks in (0, 1, TICKS - 1, TICKS, 10 * TICKS)
    ]
    assert not torch.equal(after[0], after[1])
    assert torch.equal(after[2], after[3]) and torch.equal(after[3], after[4])


def test_only_the_memory_knows_what_was_before_a_look():
    latent, action = torch.randn(2, LATENT), torch.eye(2)
    for memory, alike in ((0, True), (5, False)):
        model = build(memory, True, True)
        begun = [
            model.advance(model.initial(2)._replace(latent=torch.randn(2, LATENT)), torch.eye(2)) for _ in range(2)
        ]
        seen = [model.look(state, action, latent) for state in begun]
        assert torch.equal(seen[0].features, seen[1].features) == alike
        assert torch.equal(seen[0].latent, latent) and torch.equal(seen[0].push, action)


def test_an_action_of_zeros_is_remembered_like_any_other():
    model = build(5, True)
    state = map_state(torch.randn_like, model.initial(3))
    action = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    seen = model.look(state, action, torch.randn(3, LATENT))
    known = torch.cat([state.latent, state.push, action], -1)
    torch.testing.assert_close(seen.memory, model.gru(model.inflow(known), state.memory))
    assert torch.equal(seen.push, action)


def test_a_network_that_says_zero_leaves_the_latent_where_it_is():
    model = build(5, True)
    with torch.no_grad():
        model.change[-1].weight.zero_()
        model.change[-1].bias.zero_()
    state = map_state(torch.randn_like, model.initial(4))
    assert torch.equal(model.advance(state, torch.eye(2)[[0, 1, 0, 1]]).latent, state.latent)


@ALL_PARTS
def test_the_residual_is_the_root_mean_square_of_the_one_step_errors(memory, push, clock):
    model = build(memory, push, clock)
    latents, actions = encoded(padding=50.0)
    model.fit_residual(latents, actions, torch.arange(6) < LENGTHS[:, None])
    state, errors = model.look(model.initial(3), None, latents[:, 0]), []
    for t in range(6):
        off = model.advance(state, actions[:, t]).latent - latents[:, t + 1]
        errors += [off[b] for b in range(3) if t < LENGTHS[b]]
        state = model.look(state, actions[:, t], latents[:, t + 1])
    assert len(errors) == LENGTHS.sum()
    torch.testing.assert_close(model.residual, torch.stack(errors).square().mean(0).sqrt())


def test_temperature_multiplies_noise_of_the_residuals_size_and_of_the_latent_alone():
    model = build(5, True)
    model.residual.copy_(torch.tensor([0.1, 1.0, 5.0]))
    state = map_state(torch.randn_like, model.initial(1))
    many = LatentState(*(part.expand(40_000, -1) for part in state))
    assert model.perturbed(many, 0.0) is many
    for temperature in (0.5, 1.0):
        moved = model.perturbed(many, temperature)
        spread = (moved.latent - state.latent).square().mean(0).sqrt()
        torch.testing.assert_close(spread, temperature * model.residual, rtol=0.03, atol=0)
        assert all(torch.equal(moved[i], many[i]) for i in (1, 2, 3))
