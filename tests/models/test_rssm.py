"""The RSSM: its interface, and every term of its loss, against torch.distributions and plain loops."""

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal, OneHotCategorical, kl_divergence
from torch.nn.functional import softplus

from wmcourse.data import Batch
from wmcourse.models import RSSM, RSSMConfig, WorldModel, first_look
from wmcourse.models.rssm import balanced_kl
from wmcourse.nets.latents import CategoricalLatent, DeterministicLatent, GaussianLatent

SMALL = {"deter_dim": 12, "stoch_dim": 5, "groups": 3, "classes": 4, "hidden_dim": 16}
RANDOM = ["gaussian", "categorical"]
LATENTS = [*RANDOM, "deterministic"]


def build(latent="gaussian", **options):
    torch.manual_seed(1)
    model = RSSM(RSSMConfig(latent=latent, **{**SMALL, **options}))
    with torch.no_grad():  # a latent that matters, so that no test passes because everything is about zero
        for parameter in model.parameters():
            parameter.mul_(1.5)
    return model


def windows(batch=3, time=7, action_dim=2, shape=(4,), first=()):
    is_first = torch.zeros(batch, time, dtype=torch.bool)
    is_first[:, 0] = True
    for b, t in first:
        is_first[b, t] = True
    return Batch(
        action=torch.randn(batch, time, action_dim) * ~is_first.unsqueeze(-1),
        observation=torch.randn(batch, time, *shape),
        reward=torch.randn(batch, time) * ~is_first,
        continues=(torch.rand(batch, time) > 0.2).float(),
        is_first=is_first,
    )


def distribution(model, parameters):
    """What the parameters mean, written without the package."""
    if isinstance(model.latent, GaussianLatent):
        mean, raw = parameters.chunk(2, -1)
        return Independent(Normal(mean, softplus(raw) + 0.1), 1)
    if isinstance(model.latent, DeterministicLatent):
        return Independent(Normal(parameters, 1.0), 1)
    probs = 0.99 * parameters.unflatten(-1, (3, 4)).softmax(-1) + 0.01 / 4
    return Independent(OneHotCategorical(probs=probs), 1)


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize(("shape", "action_dim"), [((4,), 2), ((7,), 1), ((1, 64, 64), 3), ((3, 64, 64), 2)])
def test_it_is_a_world_model_of_any_observation_and_action(latent, shape, action_dim):
    model = build(latent, observation_shape=shape, action_dim=action_dim)
    assert isinstance(model, WorldModel)
    start = model.initial(2)
    for state in (
        model.observe(start, torch.zeros(2, action_dim), torch.rand(2, *shape)),
        model.imagine(start, torch.rand(2, action_dim)),
    ):
        assert state.deter.shape == (2, 12) and state.stoch.shape == (2, 12 if latent == "categorical" else 5)
        prediction = model.decode(state)
        assert prediction.observation.shape == (2, *shape)
        assert prediction.reward.shape == prediction.continues.shape == (2,)
        assert ((prediction.continues > 0) & (prediction.continues < 1)).all()


@pytest.mark.parametrize("latent", RANDOM)
def test_temperature_zero_is_deterministic_and_the_mode(latent):
    model = build(latent)
    state = model.imagine(model.initial(4), torch.randn(4, 2))
    action, observation = torch.randn(4, 2), torch.randn(4, 4)
    for move in (lambda t: model.imagine(state, action, t), lambda t: model.observe(state, action, observation, t)):
        assert torch.equal(move(0.0).stoch, move(0.0).stoch)
        assert not torch.equal(move(1.0).stoch, move(1.0).stoch)
        assert torch.equal(move(0.0).deter, move(1.0).deter)
    parameters = model.prior_head(model.imagine(state, action, 0.0).deter)
    mode = distribution(model, parameters).mode
    torch.testing.assert_close(model.imagine(state, action, 0.0).stoch, mode.reshape(4, -1))


@pytest.mark.parametrize("latent", LATENTS)
def test_the_prior_sees_no_observation_and_the_posterior_does(latent):
    model = build(latent)
    batch = windows()
    other = batch._replace(observation=batch.observation.clone())
    other.observation[:, -1] += 3.0
    torch.manual_seed(3)
    states, prior, posterior = model.infer(batch)
    torch.manual_seed(3)
    states_other, prior_other, posterior_other = model.infer(other)
    assert torch.equal(prior, prior_other)
    assert torch.equal(states.deter, states_other.deter)
    assert torch.equal(posterior[:, :-1], posterior_other[:, :-1])
    assert not torch.equal(posterior[:, -1], posterior_other[:, -1])


@pytest.mark.parametrize("latent", LATENTS)
def test_inference_equals_observing_step_by_step(latent):
    """An episode begins where the batch says so, not where an action happens to be zero."""
    model = build(latent)
    batch = windows(first=[(b, 4) for b in range(3)])
    batch.action[:, 2] = 0.0
    torch.manual_seed(3)
    states, prior, _ = model.infer(batch)
    torch.manual_seed(3)
    state = model.initial(3)
    for t in range(7):
        state = model.observe(state, None if t in (0, 4) else batch.action[:, t], batch.observation[:, t])
        torch.testing.assert_close(states.deter[:, t], state.deter)
        torch.testing.assert_close(states.stoch[:, t], state.stoch)
        torch.testing.assert_close(prior[:, t], model.prior_head(state.deter))


@pytest.mark.parametrize("latent", LATENTS)
def test_nothing_leaks_from_one_episode_into_the_next(latent):
    """Rewrite all that happened before the border: the states behind it are the same, to the last bit."""
    model = build(latent)
    batch = windows(first=[(0, 4), (2, 4)])
    other = Batch(*(field.clone() for field in batch))
    other.observation[:, :4] = torch.randn(3, 4, 4)
    other.action[:, 1:5] = torch.randn(3, 4, 2)  # even the action that led across the border
    states = []
    for each in (batch, other):
        torch.manual_seed(3)
        states.append(model.infer(each)[0].features)
    assert torch.equal(states[0][[0, 2], 4:], states[1][[0, 2], 4:])
    assert not torch.equal(states[0][1, 4:], states[1][1, 4:])  # without a border the past matters


def test_no_gradient_crosses_an_episodes_border():
    model = build()
    batch = windows(first=[(b, 4) for b in range(3)])
    batch.observation.requires_grad_(True)
    model.infer(batch)[0].features[:, 4:].sum().backward()
    assert batch.observation.grad[:, :4].abs().sum() == 0
    assert (batch.observation.grad[:, 4:].abs().sum(-1) > 0).all()


@pytest.mark.parametrize("latent", LATENTS)
def test_every_term_of_the_loss_equals_its_distribution(latent):
    model = build(latent, observation_std=0.3, kl_scale=0.7, free_nats=0.0)
    model.normalizer.fit(torch.randn(100, 4) * torch.tensor([1.0, 5.0, 0.1, 20.0]) + 3.0)
    batch = windows(first=[(1, 3)])
    torch.manual_seed(3)
    loss = model.loss(batch)
    torch.manual_seed(3)
    states, prior, posterior = model.infer(batch)

    flat = model.decode(type(states)(*(field.flatten(0, 1) for field in states)))
    scale = model.normalizer.std * 0.3  # a standard deviation in environment units
    likelihood = Normal(flat.observation, scale).log_prob(batch.observation.flatten(0, 1))
    best = Normal(0.0, scale).log_prob(torch.zeros(4))
    torch.testing.assert_close(loss.observation, -(likelihood - best).sum(-1).mean(), rtol=1e-4, atol=1e-4)
    arrived = ~batch.is_first.flatten()
    reward = -Normal(flat.reward, 1.0).log_prob(batch.reward.flatten()) - 0.5 * torch.log(torch.tensor(2 * torch.pi))
    torch.testing.assert_close(loss.reward, reward[arrived].mean())
    torch.testing.assert_close(loss.continues, -Bernoulli(flat.continues).log_prob(batch.continues.flatten()).mean())
    kl = kl_divergence(distribution(model, posterior), distribution(model, prior)).mean()
    torch.testing.assert_close(loss.kl, kl)
    torch.testing.assert_close(loss.total, loss.observation + loss.reward + loss.continues + 0.7 * loss.kl)


def test_image_errors_are_summed_over_pixels():
    model = build(observation_shape=(1, 64, 64))
    batch = windows(batch=2, time=3, shape=(1, 64, 64))
    torch.manual_seed(3)
    loss = model.loss(batch)
    torch.manual_seed(3)
    images = model.reconstruct(model.infer(batch)[0].features)
    oracle = sum(0.5 * (images[b, t] - batch.observation[b, t]).square().sum() for b in range(2) for t in range(3)) / 6
    torch.testing.assert_close(loss.observation, oracle)


@pytest.mark.parametrize("latent", [GaussianLatent(5), CategoricalLatent(3, 4), DeterministicLatent(5)])
@pytest.mark.parametrize("balance", [0.0, 0.5, 0.8, 1.0])
def test_balancing_splits_the_gradient_and_keeps_the_value(latent, balance):
    posterior, prior = torch.randn(2, 6, latent.parameter_dim)
    posterior.requires_grad_(True), prior.requires_grad_(True)
    plain = latent.kl(posterior, prior).mean()
    balanced = balanced_kl(latent, posterior, prior, balance, free_nats=0.0)
    torch.testing.assert_close(balanced, plain)
    whole = torch.autograd.grad(plain, (posterior, prior))
    split = torch.autograd.grad(balanced, (posterior, prior))
    torch.testing.assert_close(split[0], (1 - balance) * whole[0])
    torch.testing.assert_close(split[1], balance * whole[1])


def test_below_the_free_nats_the_kl_teaches_nothing():
    latent = GaussianLatent(5)
    posterior, prior = (0.1 * torch.randn(2, 6, 10)).requires_grad_(True).unbind(0)
    kl = float(latent.kl(posterior, prior).mean().detach())
    free = balanced_kl(latent, posterior, prior, 0.8, free_nats=kl + 0.1)
    assert free.item() == pytest.approx(kl + 0.1)
    assert all(gradient.abs().sum() == 0 for gradient in torch.autograd.grad(free, (posterior, prior)))
    above = balanced_kl(latent, posterior, prior, 0.8, free_nats=kl - 0.01)
    assert all(gradient.abs().sum() > 0 for gradient in torch.autograd.grad(above, (posterior, prior)))


@pytest.mark.parametrize("latent", LATENTS)
def test_the_loss_trains_every_part(latent):
    model = build(latent, free_nats=0.0)
    model.loss(windows()).total.backward()
    still = [name for name, parameter in model.named_parameters() if parameter.grad is None or not parameter.grad.any()]
    assert still == []


def test_predictions_are_in_environment_units():
    model = build()
    state = first_look(model, torch.zeros(5, 4), 0.0)
    plain = model.decode(state).observation
    model.normalizer.mean.copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    model.normalizer.std.copy_(torch.tensor([0.1, 1.0, 10.0, 100.0]))
    units = torch.tensor([0.1, 1.0, 10.0, 100.0]), torch.tensor([1.0, 2.0, 3.0, 4.0])
    torch.testing.assert_close(model.decode(state).observation, plain * units[0] + units[1])
    same = first_look(model, units[1].expand(5, 4), 0.0)
    torch.testing.assert_close(same.stoch, state.stoch)  # the mean observation now is what zero was


def test_a_generator_repeats_the_loss():
    model, batch = build(), windows()
    totals = [model.loss(batch, torch.Generator().manual_seed(s)).total.item() for s in (1, 1, 2)]
    assert totals[0] == totals[1] != totals[2]


def test_the_loss_assumes_no_device():
    """What names no device is made elsewhere, where it is of no use to tensors on the CPU."""
    model, batch = build(blindness=0.5), windows()
    torch.manual_seed(0)
    expected = model.loss(batch).total
    torch.manual_seed(0)
    with torch.device("meta"):
        assert torch.equal(model.loss(batch).total, expected)


def test_weights_travel_by_state_dict():
    model, other = build(), RSSM(RSSMConfig(**SMALL))
    model.normalizer.fit(torch.randn(50, 4))
    other.load_state_dict(model.state_dict())
    action, observation = torch.randn(3, 2), torch.randn(3, 4)
    results = [each.decode(each.observe(each.initial(3), action, observation, 0.0)) for each in (model, other)]
    torch.testing.assert_close(results[0].observation, results[1].observation)
    assert isinstance(other, nn.Module)


@pytest.mark.usefixtures("unchecked_shapes")
def test_bad_input_is_named():
    model = build()
    state, action, observation = model.initial(2), torch.zeros(2, 2), torch.zeros(2, 4)
    with pytest.raises(ValueError, match=r"observation has shape \(2, 5\); this model needs \(batch, 4\)"):
        model.observe(state, action, torch.zeros(2, 5))
    with pytest.raises(ValueError, match="NaN"):
        model.observe(state, action, observation * torch.nan)
    with pytest.raises(ValueError, match="one_hot"):
        model.imagine(state, torch.zeros(2, 2, dtype=torch.long))
    with pytest.raises(ValueError, match=r"action has shape \(2, 3\)"):
        model.imagine(state, torch.zeros(2, 3))


def test_a_blind_step_believes_the_prior_and_never_the_observation():
    """With every step but the first withheld, what is observed there cannot matter to the beliefs."""
    model = build(blindness=1.0)
    batch = windows()
    model.blind_steps = lambda is_first, generator=None: ~is_first
    other = batch._replace(
        observation=torch.cat([batch.observation[:, :1], torch.randn_like(batch.observation[:, 1:])], 1)
    )
    beliefs = []
    for each in (batch, other):
        torch.manual_seed(0)
        beliefs.append(model.infer(each)[0].features)
    torch.testing.assert_close(beliefs[0], beliefs[1])
    model.blind_steps = lambda is_first, generator=None: torch.zeros_like(is_first)
    torch.manual_seed(0)
    assert not torch.allclose(model.infer(other)[0].features, beliefs[0])


def test_blindness_is_a_share_of_the_steps_that_differs_between_windows():
    model = build(blindness=0.6)
    is_first = torch.zeros(4000, 50, dtype=torch.bool)
    is_first[:, 0] = True
    blind = model.blind_steps(is_first, torch.Generator().manual_seed(0))
    assert not blind[:, 0].any()
    shares = blind[:, 1:].float().mean(1)
    assert abs(shares.mean().item() - 0.3) < 0.01  # uniform between 0 and 0.6
    assert shares.max().item() > 0.55
    assert shares.min().item() == 0.0
    assert build(blindness=0.0).blind_steps(is_first) is None


@pytest.mark.parametrize("latent", LATENTS)
def test_information_gain_is_the_kl_from_the_prior_to_the_posterior(latent):
    model, observation = build(latent), torch.randn(5, 4)
    state = first_look(model, torch.randn(5, 4))
    prior = distribution(model, model.prior_head(state.deter))
    posterior = distribution(model, model.posterior_head(torch.cat([state.deter, model.encoder(observation)], -1)))
    torch.testing.assert_close(model.information_gain(state.deter, observation), kl_divergence(posterior, prior))


def test_without_a_stochastic_path_no_temperature_changes_a_dream():
    model = build("deterministic")
    state = first_look(model, torch.randn(4, 4))
    action, observation = torch.randn(4, 2), torch.randn(4, 4)
    for move in (lambda t: model.imagine(state, action, t), lambda t: model.observe(state, action, observation, t)):
        assert torch.equal(move(5.0).features, move(0.0).features)
    torch.testing.assert_close(model.imagine(state, action).stoch, model.prior_head(model.recur(state, action)))
    assert not torch.equal(model.imagine(state, action).stoch, model.observe(state, action, observation).stoch)


@pytest.mark.parametrize("latent", LATENTS)
def test_without_correction_only_the_first_look_counts(latent):
    """Whatever is seen after it: the same beliefs, to the last bit. And their gradient reaches the first look alone."""
    model = build(latent, corrects=False)
    actions, observations, features = torch.randn(6, 3, 2), torch.randn(2, 6, 3, 4), []
    observations[1, 0] = observations[0, 0]
    observations.requires_grad_(True)
    for seen in observations:
        torch.manual_seed(3)
        state = model.initial(3)
        for action, observation in zip([None, *actions[1:]], seen, strict=True):
            state = model.observe(state, action, observation)
        features.append(state.features)
    assert torch.equal(*features)
    (torch.randn(3, model.feature_dim) * features[0]).sum().backward()
    looked = observations.grad[0].abs().sum(-1) > 0
    assert looked[0].all() and not looked[1:].any()


def test_without_correction_every_step_but_the_first_is_the_imagined_one():
    """Also where the memory happens to be zero, and the action too."""
    model, observation = build(corrects=False), torch.randn(4, 4)
    state, action = model.initial(4), torch.cat([torch.zeros(2, 2), torch.randn(2, 2)])
    imagined = model.imagine(state, action, 0.0).features
    torch.testing.assert_close(model.observe(state, action, observation, 0.0).features, imagined)
    corrected = build().observe(state, None, observation, 0.0).features
    torch.testing.assert_close(model.observe(state, None, observation, 0.0).features, corrected)
    assert not torch.allclose(corrected, imagined)


@pytest.mark.parametrize("latent", LATENTS)
def test_without_correction_training_looks_only_where_an_episode_begins(latent):
    """At the border inside a window it looks again; `blindness` has nothing to add."""
    model = build(latent, corrects=False, blindness=0.5)
    batch = windows(first=[(0, 4)])
    batch.observation.requires_grad_(True)
    other = torch.where(batch.is_first.unsqueeze(-1), batch.observation, torch.randn(3, 7, 4))
    features = []
    for observation in (batch.observation, other):
        torch.manual_seed(3)
        features.append(model.infer(batch._replace(observation=observation))[0].features)
    assert torch.equal(*features)
    (torch.randn(3, 7, model.feature_dim) * features[0]).sum().backward()
    assert torch.equal(batch.observation.grad.abs().sum(-1) > 0, batch.is_first)


def test_without_correction_inference_still_equals_observing_step_by_step():
    """What is trained is what is used: deterministic, so that both draw nothing."""
    model = build("deterministic", corrects=False)
    batch = windows()
    batch.action[:, 3] = 0.0  # an action like any other: no episode begins here
    states, prior, _ = model.infer(batch)
    state = model.initial(3)
    for t in range(7):
        state = model.observe(state, batch.action[:, t] if t else None, batch.observation[:, t])
        torch.testing.assert_close(states.features[:, t], state.features)
    torch.testing.assert_close(states.stoch[:, 1:], prior[:, 1:])


HEADS = {"observation": "decoder", "reward": "reward_head", "continues": "continue_head"}


def gradients(model, loss):
    """The gradient of `loss` in each parameter, zeros where it does not reach."""
    names, parameters = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad(loss, parameters, allow_unused=True, retain_graph=True)
    return {
        name: torch.zeros_like(parameter) if gradient is None else gradient
        for name, parameter, gradient in zip(names, parameters, found, strict=True)
    }


@pytest.mark.parametrize("head", HEADS)
def test_a_probes_loss_trains_its_head_and_nothing_below(head):
    own = {name for name, _ in build().named_parameters() if name.startswith(HEADS[head])}
    for probes in ((), (head,)):
        model = build(probes=probes)
        loss = getattr(model.loss(windows()), head)
        reached = {name for name, gradient in gradients(model, loss).items() if gradient.any()}
        assert reached >= own
        assert (reached == own) == bool(probes)


@pytest.mark.parametrize("probes", [("observation",), ("reward",), ("continues",), ("observation", "reward")])
def test_probes_change_no_loss_and_no_gradient_but_their_own_below_them(probes):
    """Oracle below the heads: the whole model's loss with the probes' terms subtracted."""
    whole, probed = (build(reward_scale=3.0, continue_scale=2.0, free_nats=0.0, probes=each) for each in ((), probes))
    batch, losses = windows(first=[(1, 3)]), []
    for model in (whole, probed):
        torch.manual_seed(3)
        losses.append(model.loss(batch))
    torch.testing.assert_close(losses[0][:5], losses[1][:5])
    weights = {"observation": 1.0, "reward": 3.0, "continues": 2.0}
    rest = losses[0].total - sum(weights[head] * getattr(losses[0], head) for head in probes)
    in_heads, below = gradients(whole, losses[0].total), gradients(whole, rest)
    for name, gradient in gradients(probed, losses[1].total).items():
        expected = in_heads if name.split(".")[0] in HEADS.values() else below
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-4, msg=name)
