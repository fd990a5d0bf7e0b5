"""A JEPA: what it remembers, what it predicts, and how it is read, rolled out and taken to a page."""

import numpy as np
import pytest
import torch
from torch import nn

from wmcourse.data.episode import Episode
from wmcourse.data.walks import film, take_walks
from wmcourse.evaluation import drift, horizon_table, rollout
from wmcourse.interactive.page_model import page_model
from wmcourse.models import Probed, WorldModel, first_look
from wmcourse.models.jepa import JEPA, JEPAConfig, JEPAState

SMALL = JEPAConfig(embedding_dim=4, width=2, hidden_dim=6)


@pytest.fixture
def model():
    model = JEPA(SMALL).eval()
    model.fit_pictures(torch.rand(5, 3, 64, 64))
    model.predictor[-1].weight.data.mul_(10)
    return model


@pytest.fixture(scope="module")
def walk():
    dice = torch.Generator().manual_seed(0)
    walks = take_walks(3, 5, dice)
    return walks.actions, film(walks.positions, "plain", dice)


def elu(x):
    return np.where(x > 0, x, np.expm1(x))


def numpy_predict(model, embedding, action):
    """z + f(z, a / 4), layer by layer, in double precision."""
    inputs = np.concatenate([embedding, action / 4], axis=-1).astype(np.float64)
    layers = [(each.weight.detach().double().numpy(), each.bias.detach().numpy()) for each in model.predictor[::2]]
    for weight, bias in layers[:-1]:
        inputs = elu(inputs @ weight.T + bias)
    return embedding + inputs @ layers[-1][0].T + layers[-1][1]


def numpy_encode(model, picture):
    """Convolutions as loops over windows, in double precision."""
    seen = 3 * (picture.double() - model.mean.double()).numpy()
    for convolution in model.encoder.layers[::2]:
        weight, bias = convolution.weight.detach().double().numpy(), convolution.bias.detach().double().numpy()
        (size, _), (step, _), (edge, _) = convolution.kernel_size, convolution.stride, convolution.padding
        seen = np.pad(seen, ((0, 0), (edge, edge), (edge, edge)))
        places = range(0, seen.shape[1] - size + 1, step)
        seen = elu(
            np.array(
                [
                    [np.einsum("oikl,ikl->o", weight, seen[:, y : y + size, x : x + size]) + bias for x in places]
                    for y in places
                ]
            ).transpose(2, 0, 1)
        )
    linear = model.encoder.head[1]
    return linear.weight.detach().double().numpy() @ seen.reshape(-1) + linear.bias.detach().double().numpy()


@torch.no_grad()
def test_it_encodes_and_predicts_as_a_slow_copy_does(model, walk):
    actions, pictures = walk
    seen = pictures[0, :2]
    embedding = model.encode(seen)
    np.testing.assert_allclose(embedding, [numpy_encode(model, each) for each in seen], atol=1e-5)
    predicted = model.imagine(JEPAState(embedding), actions[0, :2]).embedding
    np.testing.assert_allclose(predicted, numpy_predict(model, embedding.numpy(), actions[0, :2].numpy()), atol=1e-5)
    assert (predicted - embedding).abs().max() > 0.05


def test_the_mean_picture_is_subtracted_and_half_precision_holds_it():
    model, pictures = JEPA(SMALL), torch.rand(7, 3, 64, 64)
    model.fit_pictures(pictures)
    torch.testing.assert_close(model.mean, pictures.mean(0), atol=1e-3, rtol=0)
    assert torch.equal(model.mean, model.mean.half().float())
    assert (model.normalize(model.mean[None]) == 0).all()


@torch.no_grad()
def test_a_look_says_all_whatever_was_believed_or_done(model, walk):
    _, pictures = walk
    fresh = first_look(model, pictures[:, 0])
    assert torch.equal(fresh.embedding, model.encode(pictures[:, 0]))
    for _ in range(2):
        before = JEPAState(10 * torch.randn(3, 4))
        assert torch.equal(model.observe(before, torch.randn(3, 2), pictures[:, 0]).embedding, fresh.embedding)


@torch.no_grad()
def test_imagination_is_markov_and_has_no_noise(model, walk):
    """Where two pasts lead to the same embedding, the same future follows, at any temperature."""
    actions, pictures = walk
    seen = first_look(model, pictures[:, 0])
    for t in range(2):
        seen = model.imagine(seen, actions[:, t])
    other = JEPAState(seen.embedding.clone())
    for t in range(2, 5):
        seen, other = model.imagine(seen, actions[:, t], 0.0), model.imagine(other, actions[:, t], 3.0)
    assert torch.equal(seen.embedding, other.embedding)
    assert torch.equal(seen.features, seen.embedding)


def test_alone_it_is_rolled_out_and_shows_nothing(model, walk):
    actions, pictures = walk
    open_loop, closed = (rollout(model, actions, pictures, peek_every=every) for every in (None, 1))
    embedding = model.encode(pictures[:, 0]).detach()
    for t in range(6):
        torch.testing.assert_close(open_loop.state.embedding[:, t], embedding)
        torch.testing.assert_close(closed.state.embedding[:, t], model.encode(pictures[:, t]).detach())
        embedding = model.predict(embedding, actions[:, min(t, 4)]).detach()
    assert open_loop.expected.observation is None and open_loop.expected.reward is None
    assert isinstance(model, WorldModel)


class Fading(nn.Module):
    """A picture of one brightness, read off the first number of the embedding."""

    def forward(self, features):
        return features[:, :1, None, None].expand(-1, 3, 64, 64)


def test_with_a_probe_it_is_measured_like_any_other(model, walk):
    actions, pictures = walk
    probed = Probed(model, Fading())
    assert isinstance(probed, WorldModel)
    episodes = [Episode(p, a, torch.zeros(5), terminated=False) for p, a in zip(pictures, actions, strict=True)]
    followed = rollout(probed, actions, pictures, peek_every=2)
    brightness = followed.state.embedding[..., 0]
    assert torch.equal(followed.believed.observation[..., 2, 30, 40], brightness)
    measured = drift(probed, episodes, peek_every=None)
    expected = [model.encode(pictures[:, 0])[:, 0]]
    state = model.encode(pictures[:, 0])
    for action in actions.unbind(1):
        state = model.predict(state, action)
        expected.append(state[:, 0])
    error = (torch.stack(expected, 1)[..., None, None, None] - pictures).abs().mean((2, 3, 4)).detach()
    torch.testing.assert_close(measured.expected.error[:, 1:, 0], error[:, 1:])
    assert len(horizon_table(probed, episodes, horizons=(1, 2)).nmse) == 2


def test_what_does_not_fit_is_named(model, unchecked_shapes):
    seen, action = torch.rand(2, 3, 64, 64), torch.zeros(2, 2)
    for wrong, words in (
        (lambda: first_look(model, seen[:, :1]), r"this model needs \(batch, 3, 64, 64\)"),
        (lambda: first_look(model, (255 * seen).byte()), "needs floats"),
        (lambda: model.imagine(model.initial(2), action[:, :1]), r"this model needs \(batch, 2\)"),
        (lambda: model.observe(model.initial(2), action * torch.nan, seen), "NaN"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()


def test_it_runs_in_the_page(model):
    """The page carries each weight once; a look needs the picture alone, a step the embedding and the action."""
    exported = page_model(model)
    numbers = sum(array.size for array in exported.weights.arrays)
    parameters = sum(each.numel() for each in model.parameters()) + model.mean.numel()
    assert parameters <= numbers < parameters + 100
    names = {name: {each.name for each in graph.operations} for name, graph in exported.graphs.items()}
    assert set(names) == {"begin", "observe", "imagine", "plan"}  # it has no head that could decode
    assert "conv" in " ".join(names["begin"]) and "conv" not in " ".join(names["imagine"])
