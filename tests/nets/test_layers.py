"""Networks and normalization."""

import pytest
import torch

from wmcourse.nets.conv import ConvDecoder, ConvEncoder, over_batch
from wmcourse.nets.mlp import Normalizer, mlp


def test_mlp_equals_the_formula():
    net = mlp(3, 5, 2, layers=2)
    x = torch.randn(7, 3)
    weights = [(layer.weight, layer.bias) for layer in net if isinstance(layer, torch.nn.Linear)]
    hidden = x
    for weight, bias in weights[:-1]:
        before = hidden @ weight.T + bias
        hidden = torch.where(before > 0, before, before.exp() - 1)  # ELU (Clevert et al. 2016)
    torch.testing.assert_close(net(x), hidden @ weights[-1][0].T + weights[-1][1])


def test_out_scale_shrinks_the_first_guess():
    torch.manual_seed(0)
    plain = mlp(3, 64, 2)
    torch.manual_seed(0)
    scaled = mlp(3, 64, 2, out_scale=0.1)
    x = torch.randn(5, 3)
    torch.testing.assert_close(scaled(x), 0.1 * plain(x))


@pytest.mark.parametrize("channels", [1, 3])
def test_image_networks_keep_their_shapes(channels):
    image = torch.rand(2, channels, 64, 64)
    code = ConvEncoder(channels, 10, width=4)(image)
    assert code.shape == (2, 10)
    assert ConvDecoder(10, channels, width=4)(code).shape == image.shape


def test_every_pixel_is_seen_and_drawn():
    image = torch.rand(1, 1, 64, 64, requires_grad=True)
    ConvEncoder(1, 10, width=4)(image).square().sum().backward()
    assert (image.grad.abs() > 0).float().mean() > 0.99
    code = torch.randn(64, 10)
    assert (ConvDecoder(10, 1, width=4)(code).std(0) > 0).all()


def test_over_batch_equals_a_loop_over_leading_axes():
    net = torch.nn.Linear(4, 2)
    value = torch.randn(3, 5, 4)
    torch.testing.assert_close(over_batch(net, value, 1), torch.stack([net(row) for row in value]))
    image = torch.rand(2, 3, 1, 64, 64)
    encoder = ConvEncoder(1, 6, width=2)
    torch.testing.assert_close(over_batch(encoder, image, 3)[1], encoder(image[1]))


def test_normalizer_whitens_and_inverts():
    data = torch.randn(500, 3) * torch.tensor([0.01, 1.0, 300.0]) + torch.tensor([5.0, 0.0, -100.0])
    normalizer = Normalizer((3,))
    torch.testing.assert_close(normalizer(data), data)
    normalizer.fit(data)
    white = normalizer(data)
    torch.testing.assert_close(white.mean(0), torch.zeros(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(white.std(0), torch.ones(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(normalizer.inverse(white), data, atol=1e-3, rtol=1e-4)
    assert set(normalizer.state_dict()) == {"mean", "std"}


def test_normalizer_survives_a_constant_dimension():
    normalizer = Normalizer((2,))
    normalizer.fit(torch.tensor([[1.0, 2.0], [1.0, 3.0]]))
    assert torch.isfinite(normalizer(torch.tensor([[1.0, 2.5]]))).all()
