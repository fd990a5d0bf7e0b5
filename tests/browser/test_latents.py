"""Sliders over codes, in a page of their own: whatever the reader does, what is drawn is what PyTorch decodes."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from wmcourse.envs.dodge import DodgeGames, as_observation
from wmcourse.interactive import LatentSliders
from wmcourse.interactive.widget import PageWidget
from wmcourse.models.autoencoder import Autoencoder, AutoencoderConfig
from wmcourse.models.vae import VAE, VAEConfig

TOLD = (
    "document.querySelector('.wm-latents').wmLatents.map(({latent, shown}) => [Array.from(latent), Array.from(shown)])"
)


@pytest.fixture(scope="module")
def models():
    torch.manual_seed(0)
    vae = VAE(VAEConfig(latent_dim=5, width=2))
    plain = Autoencoder(AutoencoderConfig(color=True, latent_dim=4, width=2))
    for name, model in (("a-vae", vae), ("a-plain-one", plain)):
        model.manifest = SimpleNamespace(name=name)
    return {"VAE": vae.eval(), "plain autoencoder": plain.eval()}


@pytest.fixture(scope="module")
def pictures():
    games = DodgeGames(3, np.random.default_rng(0))
    for action in np.random.default_rng(1).integers(3, size=(60, 3)):
        games.step(action)
    return as_observation(games.pictures())


@pytest.fixture(scope="module")
def site(models, pictures, write_page):
    element = LatentSliders(models, pictures=pictures, title="Drag.", alt="Pictures.", sliders=2)
    return write_page(element, element.page_models)


@pytest.fixture
def page(site, visit):
    opened = visit(site)
    opened.page.wait_for_selector(".wm-latents.wm-ready")
    yield opened.page
    assert (opened.requests, opened.errors) == ([], [])


@torch.no_grad()
def told(page, models):
    """The codes; the pictures are checked to be what they decode to."""
    codes = []
    for model, (latent, shown) in zip(models.values(), page.evaluate(TOLD), strict=True):
        codes.append(torch.tensor(latent, dtype=torch.float32))
        np.testing.assert_allclose(shown, model.decode(codes[-1][None]).flatten(), atol=1e-5)
    return codes


@torch.no_grad()
def test_a_real_picture_is_encoded_and_a_walk_goes_straight_from_code_to_code(page, models, pictures):
    def encoded(number):
        return [model.encode(pictures[number : number + 1])[0] for model in models.values()]

    def shows(expected):
        for code, wanted in zip(told(page, models), expected, strict=True):
            np.testing.assert_allclose(code, wanted, atol=1e-5)

    shows(encoded(0))
    page.locator(".wm-thumbnail").nth(2).click()
    shows(encoded(2))
    walk = page.get_by_label("Walk between two real pictures")
    walk.press("Home")
    shows(encoded(1))  # where the walk to the picture began
    for _ in range(5):
        walk.press("ArrowRight")
    shows([0.75 * start + 0.25 * end for start, end in zip(encoded(1), encoded(2), strict=True)])


def test_a_slider_moves_one_number_of_one_code(page, models):
    before = told(page, models)
    slider = page.locator(".wm-panel").first.locator("input[type=range]").first
    axis = int(slider.get_attribute("aria-label")[2:-1])
    slider.press("End")
    after = told(page, models)
    assert after[0][axis] == 3.0 and slider.get_attribute("aria-valuetext") == "3.0"
    changed = [(old != new).nonzero().flatten().tolist() for old, new in zip(before, after, strict=True)]
    assert changed == [[axis], []]


def test_a_random_code_is_normal_and_the_same_for_both(page, models):
    page.get_by_role("button", name="random code").press("Enter")
    one, other = told(page, models)
    assert one[:4].tolist() == other.tolist()
    drawn = np.array(
        page.evaluate(
            """() => Array.from({ length: 300 }, () => {
               document.querySelector('.wm-buttons button').click();
               return Array.from(document.querySelector('.wm-latents').wmLatents[0].latent); })"""
        )
    )
    assert abs(drawn.mean()) < 0.1 and abs(drawn.std() - 1) < 0.1
    page.get_by_role("button", name="all zeros").click()
    assert [code.abs().max() for code in told(page, models)] == [0, 0]


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_a_phone_and_a_desk(site, visit, width):
    page = visit(site, width=width).page
    page.wait_for_selector(".wm-latents.wm-ready")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    first, second = (canvas.bounding_box() for canvas in page.locator(".wm-canvas").all())
    assert min(first["width"], second["width"]) >= 256
    assert (first["y"] == second["y"]) is (width == 1280), "side by side where there is room"
    shown = [page.locator(f".wm-panel:nth-child({n}) > .wm-controls input").count() for n in (1, 2)]
    assert shown == [2, 2] and page.locator("details").first.inner_text().startswith("3 more")
    for button in page.locator(".wm-latents .wm-button").all():
        assert button.bounding_box()["height"] >= 44


def test_in_jupyterlab_the_same_script_is_a_module_of_its_own(chromium, models, pictures):
    element = LatentSliders(models, pictures=pictures, title="Drag.", alt="Pictures.", sliders=2)
    payloads = {name: model.payload() for name, model in element.page_models.items()}
    state = {"kind": element.kind, "spec": element.spec, "models": payloads, "identity": "x"}
    page = chromium.new_page()
    page.set_content("<div id=cell></div>")
    page.evaluate(
        """async ([script, state]) => {
             const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
             const { default: { render } } = await import(url);
             const model = { get: (name) => state[name] }, el = document.getElementById("cell");
             window.clean = await render({ model, el }); }""",
        [PageWidget._esm.default_value, state],
    )
    assert page.locator("#cell .wm-latents.wm-ready .wm-title").inner_text() == "Drag."
    told(page, models)
    page.evaluate("window.clean()")
    page.close()
