"""The explorer of an episode draws what the one rollout says, at every point of its sliders."""

import numpy as np
import pytest
import torch

from wmcourse.evaluation.rollout import rollout
from wmcourse.interactive import Choice, Explorer, Slider, Stops, rollout_explorer

SLIDERS = {"horizon": Slider(10, 30, 10, default=20), "temperature": [0.0, 1.0], "peek_every": Stops([2, 5, None])}


def first(observations):
    return observations[:, 0]


@pytest.fixture
def episode(rotation, play_episodes):
    return play_episodes(rotation, [40])[0]


def explorer(models, episode, **options) -> Explorer:
    words = {"title": "How far?", "name": "first coordinate", "unit": "m"}
    return rollout_explorer(models, episode, first, **words, **{**SLIDERS, **options})


@pytest.mark.parametrize("peek_every", [2, 5, None])
def test_one_model_is_drawn_blind_and_with_looks(drifting_rotation, episode, peek_every) -> None:
    shown = explorer(drifting_rotation, episode)
    figure = shown.figure(horizon=30, peek_every=peek_every)
    curves = {trace.name: np.asarray(trace.y) for trace in figure.data}
    actions, observations = episode.actions[None, :30], episode.observations[None, :31]
    for name, every in (("imagined", None), ("corrected by peeks", peek_every)):
        told = rollout(drifting_rotation, actions, observations, peek_every=every)
        np.testing.assert_allclose(curves[name], told.believed.observation[0, :, 0], atol=1e-6)
    np.testing.assert_allclose(curves["real"], observations[0, :, 0])
    assert len(curves["peek"]) == (1 if peek_every is None else 1 + 30 // peek_every)
    words = shown.describe(horizon=30, peek_every=peek_every)
    assert ("never looking again" if peek_every is None else f"looking every {peek_every} steps") in words
    assert shown.figure(horizon=10).data[0].y.shape == (11,)


def test_a_slider_chooses_among_several(rotation, drifting_rotation, episode) -> None:
    shown = explorer(
        {"true": rotation, "wrong": drifting_rotation},
        episode,
        model_slider=Choice(["true", "wrong"], default="wrong", label="World"),
    )
    assert shown.controls["model"].label == "World" and shown.defaults["model"] == "wrong"
    real, blind, *_ = shown.figure(model="true").data
    np.testing.assert_allclose(blind.y, real.y, atol=1e-5)
    assert not np.allclose(shown.figure(model="wrong").data[1].y, real.y, atol=1e-2)


def test_what_is_fixed_has_no_slider(rotation, drifting_rotation, episode) -> None:
    shown = explorer({"true": rotation, "wrong": drifting_rotation}, episode, horizon=20, temperature=1.0)
    assert list(shown.controls) == ["model", "peek_every"]
    free = explorer(drifting_rotation, episode)
    for drawn, same in zip(
        shown.figure(model="wrong", peek_every=5).data, free.figure(temperature=1.0, peek_every=5).data, strict=True
    ):
        np.testing.assert_array_equal(drawn.y, same.y)
    assert "over 20 steps" in shown.describe() and "at temperature 1," in shown.describe()


def test_with_colors_all_are_drawn_before_they_look(rotation, drifting_rotation, episode) -> None:
    colors = {"true": "#111111", "wrong": "#eeeeee"}
    options = {"when": "expected", "context": 3, "peek_every": Stops([4, None])}
    shown = explorer({"true": rotation, "wrong": drifting_rotation}, episode, colors=colors, **options)
    true, wrong, real, look = shown.figure(horizon=20).data
    assert (true.name, wrong.name, real.name, wrong.line.color) == ("true", "wrong", "real", "#eeeeee")
    told = rollout(drifting_rotation, episode.actions[None], episode.observations[None], context=3, peek_every=4)
    np.testing.assert_allclose(wrong.y, told.expected.observation[0, :21, 0], atol=1e-6)
    assert list(look.x) == [0, 1, 2, 6, 10, 14, 18] and "true 0" in shown.describe()
    with pytest.raises(ValueError, match=r"no color: \['wrong'\]"):
        explorer({"true": rotation, "wrong": drifting_rotation}, episode, colors={"true": "#111111"})
    with pytest.raises(ValueError, match="at least one model"):
        explorer({}, episode)


def test_each_model_is_shown_what_it_takes(rotation, episode) -> None:
    asked = []

    def its_own(model):
        asked.append(model)
        return episode

    explorer(rotation, its_own, real=np.zeros(41)).figure()
    assert set(asked) == {rotation}
    shown = explorer(rotation, episode, real=torch.full((41,), 7.0).numpy())
    assert set(shown.figure().data[0].y) == {7.0}


def test_a_page_must_be_able_to_read_the_quantity(drifting_rotation, episode) -> None:
    explorer(drifting_rotation, episode, in_page="cartpole-dreamer")
    words = {"title": "How far?", "name": "distance", "unit": "m", "in_page": "cartpole-dreamer"}
    with pytest.raises(ValueError, match="needs several"):
        rollout_explorer(drifting_rotation, episode, lambda seen: seen[:, 0] - seen[:1, 0], **words, **SLIDERS)
    with pytest.raises(ValueError, match="a single model"):
        rollout_explorer({"a": drifting_rotation, "b": drifting_rotation}, episode, first, **words, **SLIDERS)
