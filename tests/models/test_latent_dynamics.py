"""Latent dynamics and ensembles as world models: what they know comes from the code, and members are on their own."""

import numpy as np
import pytest
import torch

from wmcourse.evaluation import rollout
from wmcourse.models import Ensemble, LatentDynamics, LatentDynamicsConfig, WorldModel, first_look, map_state
from wmcourse.models.autoencoder import AutoencoderConfig
from wmcourse.models.transition import TransitionConfig

ONE, TWO = AutoencoderConfig(width=2, latent_dim=5), AutoencoderConfig(width=2, latent_dim=5, frames=2)
KINDS = {
    "plain": LatentDynamicsConfig(ONE, TransitionConfig(hidden_dim=8)),
    "two_frames": LatentDynamicsConfig(TWO, TransitionConfig(hidden_dim=8)),
    "memory": LatentDynamicsConfig(ONE, TransitionConfig(hidden_dim=8, memory_dim=6)),
    "all": LatentDynamicsConfig(TWO, TransitionConfig(hidden_dim=8, memory_dim=6, clock=True), action_dim=3),
}
ALL = pytest.mark.parametrize("config", KINDS.values(), ids=KINDS.keys())


def single(config, seed=0):
    torch.manual_seed(seed)
    model = LatentDynamics(config).eval()
    model.transition.residual.fill_(0.5)
    return model


def several(config, members=3, seed=0):
    torch.manual_seed(seed)
    model = Ensemble(config, members).eval()
    for member in model.members:
        member.residual.fill_(0.5)
    return model


def played(model, batch=2, steps=6, seed=1):
    """Random one-hot actions and pictures (B, T, A), (B, T+1, C, 64, 64)."""
    generator = torch.Generator().manual_seed(seed)
    index = torch.randint(model.action_dim, (batch, steps), generator=generator)
    pictures = torch.rand(batch, steps + 1, *model.observation_shape, generator=generator)
    return torch.eye(model.action_dim)[index], pictures


def assert_same(ours, theirs):
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other)


@ALL
@pytest.mark.parametrize("build", [single, several])
def test_it_is_a_world_model(config, build):
    model = build(config)
    assert isinstance(model, WorldModel)
    assert model.observation_shape == (config.autoencoder.frames, 64, 64)
    actions, pictures = played(model)
    start = model.initial(2)
    seen = first_look(model, pictures[:, 0])
    imagined = model.imagine(seen, actions[:, 0])
    for state in (start, seen, imagined):
        assert [part.shape for part in state] == [part.shape for part in start]
        prediction = model.decode(state)
        assert prediction.observation.shape == (2, *model.observation_shape)
        assert prediction.reward is None and prediction.continues is None


@ALL
def test_the_closed_loop_of_a_rollout_is_what_training_follows(config):
    model = single(config)
    actions, pictures = played(model)
    with torch.no_grad():
        latents = model.autoencoder.encode(pictures.flatten(0, 1)).unflatten(0, pictures.shape[:2])
        followed = model.transition.follow(latents, actions)
    states = rollout(model, actions, pictures, peek_every=1).state
    assert_same(map_state(lambda part: part[:, :-1], states), followed)
    torch.testing.assert_close(states.latent, latents)


@ALL
def test_the_open_loop_is_the_transition_alone_and_its_pictures_are_decoded_latents(config):
    model = single(config)
    actions, pictures = played(model)
    made = rollout(model, actions, pictures[:, :1])
    with torch.no_grad():
        state = model.transition.look(model.initial(2), None, model.autoencoder.encode(pictures[:, 0]))
        for t in range(6):
            state = model.transition.advance(state, actions[:, t])
            assert_same(map_state(lambda part, t=t: part[:, t + 1], made.state), state)
            torch.testing.assert_close(
                made.expected.observation[:, t + 1], model.autoencoder.decode(state.latent), atol=1e-5, rtol=1e-4
            )


@ALL
@pytest.mark.parametrize("build", [single, several])
def test_temperature_zero_is_deterministic_and_one_is_not(config, build):
    model = build(config)
    actions, pictures = played(model)
    cold = [rollout(model, actions, pictures, temperature=0.0, seed=seed).state.latent for seed in (0, 1)]
    warm = [rollout(model, actions, pictures, temperature=1.0, seed=seed).state.latent for seed in (0, 0, 1)]
    assert torch.equal(cold[0], cold[1])
    assert torch.equal(warm[0], warm[1]) and not torch.equal(warm[0], warm[2])
    assert torch.equal(warm[0][:, 0], cold[0][:, 0])  # a look is certain at any temperature


@pytest.mark.parametrize("build", [single, several])
def test_gradients_reach_the_transition_and_not_the_autoencoder(build):
    model = build(KINDS["all"])
    actions, pictures = played(model)
    state = first_look(model, pictures[:, 0])
    for t in range(2):
        state = model.imagine(model.observe(state, actions[:, t], pictures[:, t + 1]), actions[:, t], 0.0)
    model.decode(state).observation.square().mean().backward()
    for name, parameter in model.named_parameters():
        if name.startswith("autoencoder."):
            assert parameter.grad is None and not parameter.requires_grad
        else:
            assert parameter.grad.abs().sum() > 0, name


def alike(config, members=3):
    """An ensemble of equal members, and the single model that each of them is."""
    one, many = single(config), several(config, members)
    many.autoencoder.load_state_dict(one.autoencoder.state_dict())
    for member in many.members:
        member.load_state_dict(one.transition.state_dict())
    return one, many


@ALL
@pytest.mark.parametrize("peek_every", [None, 1, 2])
def test_equal_members_are_one_model_and_never_disagree(config, peek_every):
    one, many = alike(config)
    actions, pictures = played(one)
    ours, theirs = (rollout(model, actions, pictures, peek_every=peek_every) for model in (many, one))
    for part, alone in zip(ours.state, theirs.state, strict=True):
        assert part.shape == (*alone.shape[:2], 3, *alone.shape[2:])
        for member in range(3):
            torch.testing.assert_close(part[:, :, member], alone)
    for mine, other in ((ours.expected, theirs.expected), (ours.believed, theirs.believed)):
        torch.testing.assert_close(mine.observation, other.observation, atol=1e-5, rtol=1e-4)
    last = map_state(lambda part: part[:, -1], ours.state)
    assert many.disagreement(last).max() < 1e-6


@ALL
def test_each_member_goes_its_own_way(config):
    """Rewrite the weights of one: the others notice nothing, in closed loop and in open loop."""
    model = several(config)
    actions, pictures = played(model)
    before = rollout(model, actions, pictures, peek_every=3).state
    with torch.no_grad():
        for parameter in model.members[1].parameters():
            parameter.add_(0.5)
    after = rollout(model, actions, pictures, peek_every=3).state
    for old, new in zip(before, after, strict=True):
        assert torch.equal(old[:, :, [0, 2]], new[:, :, [0, 2]])
    assert not torch.equal(before.latent[:, 1, 1], after.latent[:, 1, 1])


def test_members_start_different_and_draw_their_own_noise():
    model = several(KINDS["memory"])
    actions, pictures = played(model)
    states = rollout(model, actions, pictures).state
    assert len({tuple(states.latent[0, 1, member].tolist()) for member in range(3)}) == 3
    _, many = alike(KINDS["memory"])
    warm = rollout(many, actions, pictures, temperature=1.0, seed=0).state
    assert len({tuple(warm.latent[0, 1, member].tolist()) for member in range(3)}) == 3


def test_disagreement_is_none_at_a_look_and_that_of_numpy_afterwards():
    model = several(KINDS["two_frames"], members=4)
    actions, pictures = played(model)
    seen = first_look(model, pictures[:, 0])
    assert torch.equal(model.disagreement(seen), torch.zeros(2))
    with torch.no_grad():
        state = model.imagine(seen, actions[:, 0], 0.0)
    oracle = np.sqrt(state.latent.numpy().var(axis=1, ddof=1).mean(axis=-1))
    np.testing.assert_allclose(model.disagreement(state), oracle, rtol=1e-5)


def test_an_ensemble_expects_the_mean_of_what_its_members_expect():
    model = several(KINDS["two_frames"])
    state = map_state(torch.randn_like, model.initial(2))
    with torch.no_grad():
        pictures = model.pictures(state)
        each = [model.autoencoder.decode(state.latent[:, member]) for member in range(3)]
        torch.testing.assert_close(pictures, torch.stack(each, 1), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(model.decode(state).observation, sum(each) / 3, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("build", [single, several])
@pytest.mark.usefixtures("unchecked_shapes")
def test_unfit_inputs_are_named(build):
    model = build(KINDS["plain"])
    start, action, picture = model.initial(2), torch.zeros(2, 2), torch.zeros(2, 1, 64, 64)
    with pytest.raises(ValueError, match=r"observation has shape \(2, 64, 64\); this model needs \(batch, 1, 64, 64\)"):
        model.observe(start, action, picture[:, 0])
    with pytest.raises(ValueError, match="dtype torch.uint8"):
        model.observe(start, action, picture.byte())
    with pytest.raises(ValueError, match=r"action has shape \(2, 3\)"):
        model.imagine(start, torch.zeros(2, 3))
    with pytest.raises(ValueError, match="NaN"):
        model.imagine(start, action / 0)
