import base64
import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from wmcourse.interactive import LatentSliders
from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.models.vae import VAE, VAEConfig

PICTURES = torch.randint(256, (3, 3, 64, 64), generator=torch.Generator().manual_seed(0)) / 255


def loaded(model, name):
    model.manifest = SimpleNamespace(name=name)
    return model.eval()


@pytest.fixture
def models():
    plain = Autoencoder(AutoencoderConfig(color=True, latent_dim=4, width=2))
    return {"VAE": loaded(VAE(VAEConfig(latent_dim=5, width=2)), "a-vae"), "plain": loaded(plain, "a-plain-one")}


@torch.no_grad()
def test_the_sliders_come_in_the_order_in_which_codes_vary_and_reach_them_all(models):
    model = models["VAE"]
    head = model.encoder.head[1]
    head.weight.zero_()
    head.weight[:5] = torch.tensor([1.0, 5.0, 0.0, 9.0, 2.0])[:, None] * torch.randn(head.weight.shape[1])
    codes = model.encode(PICTURES)
    told = LatentSliders(model, pictures=PICTURES, title="t", alt="a").spec["models"][0]
    assert told["order"] == [3, 1, 4, 0, 2]
    assert told["span"] >= codes.abs().max() and told["dimension"] == 5
    head.weight.zero_()
    assert LatentSliders(model, pictures=PICTURES, title="t", alt="a").spec["models"][0]["span"] == 3


def test_the_page_holds_the_pictures_bit_by_bit_and_no_weights(models, monkeypatch):
    monkeypatch.setenv("WMCOURSE_STATIC", "1")
    sliders = LatentSliders(models, pictures=PICTURES, title="Drag.", alt="Pictures.")
    page = sliders._repr_mimebundle_()["text/html"]
    told = json.loads(re.search(r'class="wm-data">(.*?)</script>', page, re.DOTALL)[1])
    for address, picture in zip(told["pictures"], PICTURES, strict=True):
        shown = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))
        np.testing.assert_array_equal(np.asarray(shown).transpose(2, 0, 1), (picture * 255).round().byte())
    assert [each["model"] for each in told["models"]] == list(sliders.page_models) == ["a-vae", "a-plain-one"]
    assert {name for model in sliders.page_models.values() for name in model.graphs} == {"encode", "decode"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"pictures": PICTURES[:1]}, "2 to 8 pictures"),
        ({"pictures": PICTURES[:, :1]}, r"a-vae sees pictures of \(3, 64, 64\)"),
        ({"sliders": 0}, "a slider or more"),
        ({"alt": " "}, "needs a title"),
        ({"models": VAE(VAEConfig(latent_dim=5, width=2))}, r"wmcourse\.load"),
    ],
)
def test_bad_input_is_refused(models, changed, said):
    with pytest.raises(ValueError, match=said):
        LatentSliders(**{"models": models, "pictures": PICTURES, "title": "t", "alt": "a", **changed})
