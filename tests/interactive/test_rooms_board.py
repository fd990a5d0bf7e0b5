import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from wmcourse.envs import two_rooms
from wmcourse.envs.two_rooms import draw_rooms, free_positions, is_free
from wmcourse.evaluation.two_rooms import PLANNERS
from wmcourse.interactive import RoomsBoard
from wmcourse.interactive.page_model import ROWS, page_model, page_probe
from wmcourse.interactive.rooms_board import ACROSS, STUCK, TRUTH, position_probe
from wmcourse.interactive.scripts import rules
from wmcourse.models.jepa import JEPA, JEPAConfig
from wmcourse.viz.two_rooms import distance_map, map_places

REAL, IMAGINED = (0x1B, 0x24, 0x30), (0xD9, 0x66, 0x0A)


def jepa(name="a-jepa", **sizes):
    torch.manual_seed(0)
    model = JEPA(JEPAConfig(**{"embedding_dim": 8, "width": 2, "hidden_dim": 8, **sizes})).eval()
    torch.nn.init.normal_(model.predictor[-1].weight, std=0.1)
    model.manifest = SimpleNamespace(name=name)
    return model


def reader():
    """Some place near the middle, elsewhere for each embedding."""
    torch.manual_seed(1)
    layer = torch.nn.Linear(8, 2).requires_grad_(False)
    layer.weight.normal_(std=6)
    layer.bias.fill_(30)
    return layer


def board(models=None, **options):
    probes = options.pop("probes", {label: reader() for label in models or {}})
    return RoomsBoard(models, probes=probes, **{"title": "Set a goal.", "alt": "Two rooms.", **options})


def told(element, monkeypatch):
    monkeypatch.setenv("WMCOURSE_STATIC", "1")
    page = element._repr_mimebundle_()["text/html"]
    assert 'class="wm-rooms"' in page
    return json.loads(re.search(r'class="wm-data">(.*?)</script>', page, re.DOTALL)[1])


def test_the_page_has_what_the_script_needs_and_no_weights_but_the_probes(monkeypatch):
    element = board({"JEPA": jepa(), "without similarity": jepa("another")}, samples=50, plan_every=2, horizon=12)
    spec = told(element, monkeypatch)
    assert [(each["label"], each["model"]) for each in spec["models"]] == [
        ("JEPA", "a-jepa"),
        ("without similarity", "another"),
    ]
    assert [list(each["probe"]["graphs"]) for each in spec["models"]] == [["read"], ["read"]]
    assert (spec["truth"], spec["dream"], spec["planner"]) == (TRUTH, 0, "cem")
    start = {name: each["values"][each["start"]] for name, each in spec["controls"].items()}
    assert start == {"samples": 50, "horizon": 12, "iterations": 3, "planEvery": 2}
    assert spec["controls"]["horizon"]["values"] == list(range(3, 31))
    assert (spec["start"], spec["goal"]) == tuple(map(list, ACROSS))
    assert set(element.page_models) == {"a-jepa", "another"}


def test_the_numbers_of_the_searches_and_of_the_world_are_those_of_the_course():
    own, cem, mppi = board().spec["own"], PLANNERS["cem"], PLANNERS["mppi"]
    assert (own["cem"]["initStd"], own["cem"]["beta"]) == (cem.init_std, cem.noise_beta)
    assert own["mppi"] == {"std": mppi.std, "temperature": mppi.temperature, "beta": mppi.noise_beta}
    numbers = json.loads(re.search(r"WM\.rules = (.*);", rules())[1])["two_rooms"]
    for name, value in numbers.items():
        own = getattr(two_rooms, name, None) or getattr(two_rooms, f"_{name}")
        assert value == (list(own) if isinstance(own, tuple) else own)


@torch.no_grad()
def test_a_jepa_is_exported_for_many_futures_at_once_and_its_probe_too():
    model, probe = jepa(), reader()
    graphs = page_model(model).graphs
    assert set(graphs) == {"begin", "observe", "imagine", "plan"}, "it decodes nothing"
    assert graphs["plan"].inputs == {"embedding": (ROWS, 8), "action": (ROWS, 2)}
    read = page_probe(model, probe).graphs["read"]
    assert (read.inputs, set(read.outputs)) == ({"embedding": (ROWS, 8)}, {"reading"})


def test_all_places_of_the_page_are_on_the_floor():
    assert is_free(torch.tensor([*ACROSS, *STUCK])).all()
    assert is_free(map_places()).all()


@torch.no_grad()
def test_the_probe_finds_the_dot():
    model = jepa(embedding_dim=32, width=8)
    torch.nn.init.normal_(model.encoder.head[1].weight, std=0.05)
    probe = position_probe(model, places=1000)
    places = free_positions(200, torch.Generator().manual_seed(9))
    off = (probe(model.encode(draw_rooms(places))) - places).norm(dim=-1)
    guessed = (places.mean(0) - places).norm(dim=-1)
    assert off.mean() < 0.6 * guessed.mean() and all(
        torch.equal(each, each.half().float()) for each in probe.parameters()
    )


@torch.no_grad()
def test_a_map_is_nought_at_the_goal_and_that_of_a_straight_line_is_pythagoras():
    goal = torch.tensor([11.0, 51.0])
    for model in (None, jepa()):
        far = distance_map(model, goal)
        assert far.shape == (32, 32) and far[25, 5] == pytest.approx(0, abs=1e-5) and far.max() > 1e-4
    assert distance_map(None, goal)[25, 8] == 6


@pytest.mark.parametrize(("models", "options"), [(None, {}), ({"JEPA": jepa()}, {"iterations": 1})])
def test_the_still_picture_shows_the_way_and_the_futures(models, options):
    picture = np.asarray(Image.open(io.BytesIO(board(models, **options).still)).convert("RGB")).astype(int)
    for color in (REAL, IMAGINED):
        assert (np.abs(picture - color).max(axis=-1) < 24).sum() > 300
    assert board(models, **options, horizon=3).still != board(models, **options).still


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": " "}, "needs a title"),
        ({"alt": ""}, "an alt"),
        ({"planner": "gradient"}, "none of cem, mppi, shooting"),
        ({"samples": 7}, r"samples must be 8\.\.256"),
        ({"horizon": 31}, "not one of the values"),
        ({"iterations": 7}, "not one of the values"),
        ({"plan_every": 11}, "not one of the values"),
        ({"imagine_with": "another"}, "among"),
        ({"probes": {"another": reader()}}, "among"),
        ({"models": {TRUTH: jepa()}}, "among"),
        ({"start": (32.0, 50.0)}, "no place"),
        ({"goal": (70.0, 20.0)}, "no place"),
        ({"models": {"other": jepa(action_dim=3)}}, "actions of 2 numbers"),
        ({"models": {"unnamed": JEPA(JEPAConfig())}}, r"wmcourse\.load"),
        ({"models": {"no model": SimpleNamespace(manifest=SimpleNamespace(name="x"))}}, "must be a JEPA"),
    ],
)
def test_bad_input_is_refused(changed, said):
    with pytest.raises(ValueError, match=said):
        board(**changed)
