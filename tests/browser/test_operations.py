"""The page's operations against PyTorch: small functions, of shapes in which a mistake would show."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from wmcourse.interactive.graph import CannotExport, Weights
from wmcourse.interactive.lowering import lower
from wmcourse.interactive.page_model import PageModel
from wmcourse.interactive.scripts import PLAYER, joined

torch.manual_seed(0)
SMALL, ROW, PICTURES = torch.randn(2, 3), torch.randn(3), torch.randn(2, 3, 7, 7)
MATRIX, KERNEL = torch.randn(3, 4), torch.randn(5, 3, 3, 3)
PAIR, MANY, BIAS = torch.randn(2, 5, 3), torch.randn(2, 3, 4), torch.randn(2, 1, 4)
NORM = nn.LayerNorm(3)
NORM.weight.data, NORM.bias.data = torch.randn(3), torch.randn(3)
CASES = {
    "broadcast": lambda x, y: x[:, None] * y[:, None] - y[:1] / (1 + x[:, None] ** 2),
    "power of a row": lambda x, y: torch.tensor([1.0, 2.0, 3.0]) ** (x + y),
    "sums": lambda x, y: torch.stack([x.sum(), x.mean(), (x * x).sum().sqrt(), y @ torch.ones(3), x.amax()]),
    "sums over axes": lambda z: z.sum((0, 2)) + z.mean((-1, 1), keepdim=True)[0, 0].mT,
    "any": lambda x, y: torch.stack([(x > 1).any(-1), (x > 9).any(-1)]).float(),
    "argmax": lambda x, y: torch.cat([x.argmax(-1), x.argmax()[None], x.argmax(-1).bool().long()]).float(),
    "one-hot": lambda x, y: F.one_hot(x.argmax(-1), 3).float(),
    "softmax": lambda x, y: x.softmax(-1) + x.log_softmax(-1) + x.logsumexp(-1, keepdim=True),
    "truth": lambda x, y: (x * 0.3).bool().float() + x.long() + (x > y).float() * (x == x),
    "bounds": lambda x, y: x.clamp(min=0.1) + x.clamp(-0.2, 0.2) + torch.clamp(x, min=y) + x.clamp(1.0, -1.0),
    "choice": lambda x, y: torch.where(x > y, x, 0.5) + torch.where(x > 0, torch.inf, y).clamp(max=2),
    "products": lambda x, y: torch.addmm(torch.ones(2, 4), x, MATRIX) + F.linear(x, MATRIX.T, y.sum().expand(4)),
    "products of members": lambda x, y: torch.baddbmm(BIAS, PAIR * x.mean() + y, MANY).relu().split([3, 1], -1)[0],
    "products without a bias": lambda x, y: torch.bmm(PAIR * x[0], MANY) + torch.bmm(PAIR + y, MANY),
    "views": lambda z: z.permute(2, 0, 3, 1)[1:5:2].flip(0)[:, 1, 2:5],
    "places": lambda x, y: x[:, [2, 0]] @ torch.ones(2, 2) + torch.cat([y[[1]], x.mT[1, :1]])[None],
    "pieces": lambda x, y: torch.cat([part * i for i, part in enumerate(x.split([1, 2], 1))], 1) + torch.stack([y, y]),
    "row": lambda x, y: torch.arange(24.0).view(1, 6, 4)[torch.arange(1), x[:1].argmax(-1)],
    "activations": lambda x, y: F.elu(x) + F.silu(y) + F.softplus(x) + x.sigmoid() * x.tanh() + x.relu() + x.sign(),
    "layer norm": lambda x, y: NORM(x),
    "root mean square": lambda x, y: x * (x.square().mean(-1, keepdim=True) + 1e-4).rsqrt(),
    "convolution": lambda z: F.conv2d(z, KERNEL, torch.ones(5), stride=2, padding=1),
    "convolution without padding": lambda z: F.conv2d(z, KERNEL[..., :2, :2], stride=3),
    "transposed convolution": lambda z: F.conv_transpose2d(
        z, KERNEL.transpose(0, 1), torch.ones(5), stride=2, padding=1
    ),
}
REFUSED = {
    "draws with": lambda x: torch.distributions.Normal(x, 1.0, validate_args=False).rsample(),
    "multinomial": lambda x: x.softmax(-1).multinomial(1),
    "aten.linalg_inv": lambda x: torch.linalg.inv(x[:, :2]),
    "cumsum": lambda x: x.cumsum(0),
    "no constant": lambda x: x @ x.mT,
    "matrices that are no constants": lambda x: torch.bmm(PAIR, x[:, :, None]),
    "not the last": lambda x: x.softmax(0),
    "kernel that is no constant": lambda x: F.conv2d(PICTURES + 0 * x.sum(), x.view(1, 3, 1, 2).expand(1, 3, 2, 2)),
    "square": lambda x: F.conv2d(PICTURES + 0 * x.sum(), KERNEL[..., :2]),
    "computed number": lambda x: MATRIX[x.argmax(-1)],
    "cannot be traced": lambda x: x if x.sum() > 0 else -x,
    "float16": lambda x: x.half(),
}


@pytest.fixture(scope="module")
def blank(chromium):
    page = chromium.new_page()
    page.add_script_tag(content=joined(PLAYER))
    yield page
    page.close()


@torch.no_grad()
@pytest.mark.parametrize("name", CASES)
def test_the_page_computes_what_pytorch_computes(blank, name):
    function, weights = CASES[name], Weights()
    given = {"z": PICTURES} if "z" in function.__code__.co_varnames else {"x": SMALL, "y": ROW}
    graph = lower(lambda **inputs: {"result": function(**inputs)}, given, weights, where=name)
    payload = PageModel({"it": graph}, weights, (1,), 1).payload()
    told = blank.evaluate(
        "([payload, given]) => Array.from(WM.model(payload).run('it', given).result)",
        [payload, {key: value.flatten().tolist() for key, value in given.items()}],
    )
    np.testing.assert_allclose(told, function(**given).float().flatten(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("named", REFUSED)
def test_what_a_page_cannot_do_is_named(named):
    with pytest.raises(CannotExport, match=named) as error:
        lower(lambda x: {"result": REFUSED[named](x)}, {"x": SMALL}, Weights(), where="Model.imagine")
    assert "Model.imagine" in str(error.value)
