"""A small V-JEPA: what it may see, who learns, who follows; and a twin that differs in its target alone."""

from dataclasses import replace

import pytest
import torch
from torch import Generator
from torch.nn.functional import layer_norm

from wmcourse.models.video_jepa import VideoConfig, VideoJEPA
from wmcourse.nets.patches import clips, tubelets
from wmcourse.nets.tubes import SHORT_RANGE, Tubes, draw_tubes

TINY = VideoConfig(
    frames=4, side=16, tubelet=(2, 4, 4), width=16, depth=2, heads=2, predictor_width=16, predictor_depth=1
)
TWIN = replace(TINY, target="pixels")


def masked(config: VideoConfig, batch: int = 3) -> tuple[torch.Tensor, Tubes]:
    """Clips and a mask for each."""
    generator = Generator().manual_seed(5)
    clip = torch.rand(batch, config.frames, config.side, config.side, generator=generator)
    return clip, draw_tubes(batch, config.grid, SHORT_RANGE, generator)


def cover(model: VideoJEPA, clip: torch.Tensor, which: torch.Tensor, value: float) -> torch.Tensor:
    """The clip with some of its tubelets painted over."""
    tokens = tubelets(clip, model.config.tubelet)
    painted = tokens.scatter(1, which[..., None].expand(-1, -1, tokens.shape[-1]), value)
    return clips(painted, model.config.grid, model.config.tubelet)


@pytest.mark.parametrize("config", [TINY, TWIN], ids=["embedding", "pixels"])
def test_what_is_hidden_never_enters_the_encoder(config: VideoConfig) -> None:
    model = VideoJEPA(config)
    clip, tubes = masked(config)
    predicted = model.predict(model.tokens(clip), tubes)
    unseen = cover(model, clip, tubes.hidden, 0.7)
    torch.testing.assert_close(model.predict(model.tokens(unseen), tubes), predicted, rtol=0, atol=0)
    changed = cover(model, clip, tubes.seen[:, :1], 0.7)
    assert (model.predict(model.tokens(changed), tubes) - predicted).abs().amax((1, 2)).min() > 1e-6


def test_a_prediction_knows_which_place_it_is_for() -> None:
    model = VideoJEPA(TINY)
    clip, tubes = masked(TINY)
    tokens = model.tokens(clip)
    turned = Tubes(tubes.seen.flip(1), tubes.hidden.flip(1))
    torch.testing.assert_close(
        model.predict(tokens, turned).flip(1), model.predict(tokens, tubes), rtol=1e-4, atol=1e-5
    )
    assert model.predict(tokens, tubes).std(dim=1).min() > 1e-4


def test_errors_are_those_of_the_paper_and_of_the_pixels() -> None:
    clip, tubes = masked(TINY)
    model, twin = VideoJEPA(TINY), VideoJEPA(TWIN)
    for each in (model, twin):
        each.fit_pixels(clip)
    answers = layer_norm(model.target(model.tokens(clip)), (16,))
    for clip_number in range(3):
        hidden = tubes.hidden[clip_number]
        off = model.predict(model.tokens(clip), tubes)[clip_number] - answers[clip_number, hidden]
        torch.testing.assert_close(model.errors(clip, tubes)[clip_number], off.abs().mean(dim=1))
        pixels = tubelets((clip - twin.mean) / twin.std, (2, 4, 4))[clip_number, hidden]
        off = twin.predict(twin.tokens(clip), tubes)[clip_number] - pixels
        torch.testing.assert_close(twin.errors(clip, tubes)[clip_number], off.square().mean(dim=1))


def test_no_gradient_reaches_the_target() -> None:
    model = VideoJEPA(TINY)
    clip, tubes = masked(TINY)
    model.errors(clip, tubes).mean().backward()
    assert all(each.grad is None and not each.requires_grad for each in model.target.parameters())
    learners = [*model.encoder.parameters(), *model.predictor.parameters()]
    assert all(each.grad is not None and each.grad.abs().sum() > 0 for each in learners)


def test_the_slow_copy_follows_by_an_exact_average() -> None:
    model = VideoJEPA(TINY)
    before = {name: value.clone() for name, value in model.target.named_parameters()}
    with torch.no_grad():
        for each in model.encoder.parameters():
            each.add_(torch.randn_like(each))
    model.follow(0.9)
    fast = dict(model.encoder.named_parameters())
    for name, slow in model.target.named_parameters():
        torch.testing.assert_close(slow, 0.9 * before[name] + 0.1 * fast[name])
    VideoJEPA(TWIN).follow(0.9)


def test_twins_have_the_same_encoder_to_begin_with() -> None:
    made = []
    for config in (TINY, TWIN):
        torch.manual_seed(8)
        made.append(VideoJEPA(config))
    for left, right in zip(*[each.encoder.state_dict().items() for each in made], strict=True):
        assert left[0] == right[0]
        torch.testing.assert_close(left[1], right[1], rtol=0, atol=0)
    assert made[1].target is None and made[0].predictor.leave.out_features == TINY.width
    assert made[1].predictor.leave.out_features == TINY.pixels == 32


def test_others_are_given_the_slow_copy_and_the_whole_clip() -> None:
    model = VideoJEPA(TINY).eval()
    clip, _ = masked(TINY)
    before = model.represent(clip)
    with torch.no_grad():
        for each in model.encoder.parameters():
            each.zero_()
    torch.testing.assert_close(model.represent(clip), before)
    assert before.shape == (3, 32, 16)


def test_blocks_begin_with_weights_of_their_own() -> None:
    one, two, _ = VideoJEPA(TINY).encoder.layers
    assert not torch.equal(one.linear1.weight, two.linear1.weight)


def test_pixels_are_normalized_by_what_was_fitted() -> None:
    model = VideoJEPA(TWIN)
    clip = 0.3 + 0.1 * torch.randn(50, 4, 16, 16)
    model.fit_pixels(clip)
    tokens = model.tokens(clip)
    assert tokens.mean().abs() < 0.01 and abs(tokens.std() - 1) < 0.01
