import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from wmcourse.envs import pendulum
from wmcourse.evaluation.pendulum import PLANNERS
from wmcourse.interactive import PlanningBoard
from wmcourse.interactive.page_model import ROWS, field_name, page_model
from wmcourse.interactive.scripts import rules
from wmcourse.models.ensemble import EnsembleConfig, ProbabilisticEnsemble
from wmcourse.models.vae import VAE, VAEConfig

REAL, IMAGINED = (0x1B, 0x24, 0x30), (0xD9, 0x66, 0x0A)


def ensemble(name="an-ensemble", **sizes):
    torch.manual_seed(0)
    model = ProbabilisticEnsemble(EnsembleConfig(**{"hidden_dim": 8, **sizes})).eval()
    model.manifest = SimpleNamespace(name=name)
    return model


def board(models=None, **options):
    return PlanningBoard(models, **{"title": "Swing it up.", "alt": "A fan.", **options})


def told(element, monkeypatch):
    monkeypatch.setenv("WMCOURSE_STATIC", "1")
    page = element._repr_mimebundle_()["text/html"]
    assert 'class="wm-planning"' in page
    return json.loads(re.search(r'class="wm-data">(.*?)</script>', page, re.DOTALL)[1])


def test_the_page_has_what_the_script_needs_and_no_weights(monkeypatch):
    models = {"five networks": ensemble(), "after 200 random steps": ensemble("an-early-one")}
    element = board(models, early="after 200 random steps", imagine_with="five networks", samples=50, plan_every=4)
    spec = told(element, monkeypatch)
    assert spec["models"] == [
        {"label": "five networks", "model": "an-ensemble", "early": False},
        {"label": "after 200 random steps", "model": "an-early-one", "early": True},
    ]
    assert (spec["truth"], spec["dream"], spec["planner"]) == ("the true equations", 1, "cem")
    controls = spec["controls"]
    assert controls["samples"]["values"] == [8, 16, 32, 50, 64, 128, 256]
    start = {name: each["values"][each["start"]] for name, each in controls.items()}
    assert start == {"samples": 50, "horizon": 20, "iterations": 3, "temperature": 1.0, "planEvery": 4}
    assert controls["horizon"]["texts"][0] == "3 steps, 0.15 s"
    assert set(element.page_models) == {"an-ensemble", "an-early-one"}


def test_the_numbers_of_the_searches_and_of_the_world_are_those_of_the_course():
    own, cem = board().spec["own"], PLANNERS["cem"]
    assert own["cem"] == {"initStd": cem.init_std, "minStd": cem.min_std, "elites": cem.elites / cem.samples, "beta": 0}
    assert own["mppi"] == {"std": PLANNERS["mppi"].std, "beta": 0}
    numbers = json.loads(re.search(r"WM\.rules = (.*);", rules())[1])["pendulum"]
    assert numbers and all(value == getattr(pendulum, name) for name, value in numbers.items())


def test_a_cloud_is_exported_for_many_futures_at_once_and_its_fields_keep_apart_from_what_is_seen():
    graphs = page_model(ensemble(members=3, particles=2)).graphs
    assert set(graphs) == {"begin", "observe", "imagine", "decode", "plan"}
    assert graphs["plan"].inputs == {"believed_observation": (ROWS, 6, 3), "reward": (ROWS, 6), "action": (ROWS, 1)}
    assert set(graphs["plan"].outputs) == {"believed_observation", "reward", "earned", "seen"}
    assert graphs["observe"].inputs["observation"] == (1, 3)
    assert [field_name(name) for name in ("deter", "observation")] == ["deter", "believed_observation"]


def test_a_model_without_particles_is_not_asked_to_plan():
    assert set(page_model(VAE(VAEConfig(latent_dim=5, width=2)).eval()).graphs) == {"encode", "decode"}


@pytest.mark.parametrize(("models", "options"), [(None, {}), ({"five": ensemble()}, {"imagine_with": "five"})])
def test_the_still_picture_shows_the_pendulum_and_its_futures(models, options):
    picture = np.asarray(Image.open(io.BytesIO(board(models, **options).still)).convert("RGB")).astype(int)
    for color in (REAL, IMAGINED):
        assert (np.abs(picture - color).max(axis=-1) < 24).sum() > 500
    assert board(models, **options).still == board(models, **options).still
    assert board(models, **options, horizon=3).still != board(models, **options).still


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": " "}, "needs a title"),
        ({"planner": "gradient"}, "none of cem, mppi, shooting"),
        ({"samples": 7}, r"samples must be 8\.\.256"),
        ({"horizon": 41}, "not one of the values"),
        ({"iterations": 7}, "not one of the values"),
        ({"plan_every": 0}, "not one of the values"),
        ({"imagine_with": "another"}, "among the labels"),
        ({"early": "another"}, "among the labels"),
        ({"models": {"the true equations": ensemble()}}, "among the labels"),
        ({"models": {"other": ensemble(action_dim=2)}}, "Pendulum's 3 numbers from 1 action"),
        ({"models": {"unnamed": ProbabilisticEnsemble(EnsembleConfig())}}, r"wmcourse\.load"),
    ],
)
def test_bad_input_is_refused(changed, said):
    with pytest.raises(ValueError, match=said):
        board(**changed)
