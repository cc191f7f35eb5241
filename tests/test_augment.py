"""Batched augmentation against a per-image loop, and what each step promises."""

import dataclasses
import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from digits.data import augment as augmentation
from digits.data.augment import augment
from digits.data.policies import POLICIES, Policy
from digits.errors import DigitsError

STEPS: dict[str, str | Policy] = {
    "stroke": Policy(stroke=(-0.5, 1.0)),
    "line": Policy(line=0.5),
    "affine": Policy(rotation_deg=20, slant=0.3, scale=0.2, aspect=0.2, shift_px=2),
    "elastic": Policy(elastic_px=1.5),
    "neighbour": Policy(neighbour=0.8),
    "cut": Policy(cut=0.8),
    "resample": Policy(resample=0.8),
    "contrast": Policy(contrast=0.5),
    "binary": Policy(binary=0.5),
    "noise": Policy(noise=20),
    "outline": Policy(outline=0.5),
    "inverted": Policy(inverted=0.5),
    "scratched": Policy(scratched=0.5),
    "paper": Policy(paper=0.5),
    "specks": Policy(specks=0.5),
} | {name: name for name in POLICIES if name != "none"}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def digits(count: int = 8) -> Tensor:
    """Tiles with a bar, an arm and a foot each, that no symmetry maps onto themselves: uint8."""
    tiles = torch.zeros(count, 1, 28, 28, dtype=torch.uint8)
    for index, tile in enumerate(tiles):
        tile[0, 5 : 22 - index % 5, 11 + index % 4 : 14 + index % 4] = 200 + index % 50
        tile[0, 8:11, 16:23] = 255
        tile[0, 19:22, 5:12] = 180
    return tiles


@pytest.mark.parametrize("name", STEPS)
def test_result_is_float_tiles_of_the_same_scale(name: str) -> None:
    result = augment(digits(), STEPS[name], generator())
    assert result.shape == (8, 1, 28, 28)
    assert result.dtype == torch.float32
    assert result.min() >= 0
    assert result.max() <= 255.01


@pytest.mark.parametrize("name", STEPS)
def test_the_generator_alone_decides(name: str) -> None:
    tiles = digits()
    before = tiles.clone()
    torch.manual_seed(1)
    first = augment(tiles, STEPS[name], generator(3))
    torch.manual_seed(2)
    assert torch.equal(first, augment(tiles, STEPS[name], generator(3)))
    assert not torch.equal(first, augment(tiles, STEPS[name], generator(4)))
    assert torch.equal(tiles, before)


@pytest.mark.parametrize("name", STEPS)
def test_equal_tiles_are_changed_differently(name: str) -> None:
    result = augment(digits(1).repeat(32, 1, 1, 1), STEPS[name], generator())
    assert len({tuple(tile.flatten().tolist()) for tile in result}) > 1


def test_nothing_happens_when_all_ranges_are_zero() -> None:
    assert torch.equal(augment(digits(), "none", generator()), digits().float())
    assert set(dataclasses.asdict(Policy()).values()) == {0.0, (0.0, 0.0)}


def test_a_mixture_gives_each_policy_an_even_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICIES, "half", (Policy(), Policy(shift_px=3)))
    changed = (augment(digits(), "half", generator()) != digits()).flatten(1).any(dim=1)
    assert changed.tolist() == [False] * 4 + [True] * 4


def test_a_mixture_takes_a_batch_of_one() -> None:
    assert augment(digits()[:1], "mixed", generator()).shape == (1, 1, 28, 28)


@pytest.mark.parametrize("side", [16, 20, 32])
def test_neighbours_look_in_at_tiles_of_any_size(side: int) -> None:
    tiles = torch.zeros(64, 1, side, side)
    tiles[1::2] = 255
    result = augment(tiles, Policy(neighbour=1.0), generator())[::2]
    assert (result.amax(dim=(1, 2, 3)) == 255).all()


def test_tiny_ranges_change_next_to_nothing() -> None:
    barely = Policy(rotation_deg=1e-4, elastic_px=1e-4, contrast=1e-5, noise=1e-4)
    assert (augment(digits(), barely, generator()) - digits()).abs().max() < 0.1


def test_floats_and_bytes_give_the_same() -> None:
    results = [augment(tiles, "strong", generator()) for tiles in (digits(), digits().double())]
    assert torch.equal(*results)


def test_unknown_policies_are_named_with_the_known_ones() -> None:
    with pytest.raises(DigitsError, match="'heavy'; known are none, light, elastic, strong"):
        augment(digits(), "heavy", generator())


def test_affine_agrees_with_a_loop_over_the_images() -> None:
    """The oracle: torch's own affine grid, one image at a time, from matrices of plain numbers."""
    policy = STEPS["affine"]
    batched = augment(digits(16), policy, generator(5))
    drawn = torch.rand(6, 16, generator=generator(5)) * 2 - 1
    for index, tile in enumerate(digits(16).float()):
        turn, slant, scale, aspect, shift_x, shift_y = drawn[:, index].tolist()
        angle = math.radians(turn * policy.rotation_deg)
        rotation = torch.tensor(
            [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        )
        shear = torch.tensor([[1, slant * policy.slant], [0, 1]])
        width = (1 + scale * policy.scale) / math.sqrt(1 + aspect * policy.aspect)
        size = torch.diag(torch.tensor([1 / width, 1 / width / (1 + aspect * policy.aspect)]))
        shift = torch.tensor([[shift_x], [shift_y]]) * policy.shift_px / 14
        matrix = torch.cat([rotation @ shear @ size, shift], dim=1)
        grid = functional.affine_grid(matrix[None], [1, 1, 28, 28], align_corners=False)
        alone = functional.grid_sample(tile[None], grid, align_corners=False)[0]
        assert torch.allclose(batched[index], alone, atol=0.05)


def test_stroke_agrees_with_pooling() -> None:
    tiles = digits().float()
    wider = augment(tiles, Policy(stroke=(1, 1)), generator())
    assert torch.equal(wider, functional.max_pool2d(tiles, 3, 1, 1))
    cross = [tiles.roll(step, axis) for axis in (2, 3) for step in (-1, 1)]  # ink ends before sides
    worn = augment(tiles, Policy(stroke=(-1, -1)), generator())
    assert torch.equal(worn, torch.stack([tiles, *cross]).amin(0))


def test_elastic_displacement_is_smooth_and_as_large_as_said() -> None:
    functions = augmentation._basis(torch.device("cpu"), 28)[3:]
    fields = torch.randn(2000, len(functions), generator=generator()) @ functions
    assert fields.square().mean().sqrt() == pytest.approx(1, abs=0.05)
    steps = fields.reshape(-1, 28, 28).diff(dim=2)
    assert steps.square().mean().sqrt() < 0.25  # white noise would have 1.4


def test_neighbours_come_from_the_batch_and_stay_at_the_side() -> None:
    tiles = torch.zeros(64, 1, 28, 28)
    tiles[1::2] = 255  # every other tile is full, so it looks into the empty ones
    result = augment(tiles, Policy(neighbour=1.0), generator())[::2]
    assert (result.amax(dim=(1, 2, 3)) == 255).all()
    assert (result[..., 6:22] == 0).all()
    left, right = (result[..., 0].amax(dim=(1, 2)) > 0, result[..., -1].amax(dim=(1, 2)) > 0)
    assert (left ^ right).all()
    assert 5 < left.sum() < 27


def test_cuts_take_a_strip_from_one_of_four_sides() -> None:
    result = augment(torch.full((400, 1, 28, 28), 255.0), Policy(cut=0.5), generator())
    middle = 14
    ends = [result[..., middle, 0], result[..., middle, -1], result[..., 0, middle]]
    missing = torch.cat([*ends, result[..., -1, middle]], dim=1) == 0
    assert missing.sum(dim=1).max() == 1
    assert 150 < missing.any(dim=1).sum() < 250
    assert (missing.sum(dim=0) > 25).all()
    assert (result[..., 7:21, 7:21] == 255).all()


def test_resampling_keeps_the_ink_and_loses_the_detail() -> None:
    table = augmentation._resamplers(torch.device("cpu"), 28)[:, 0]
    assert torch.equal(table[0], torch.eye(28))
    tiles = digits().float()
    for matrix in table[1:]:
        blurred = matrix @ tiles @ matrix.mT
        assert blurred.sum() == pytest.approx(float(tiles.sum()), rel=0.05)
        assert blurred.diff(dim=3).abs().sum() < tiles.diff(dim=3).abs().sum()


def test_lines_are_thin_and_lie_on_the_stroke() -> None:
    bar = torch.zeros(1, 1, 28, 28)
    bar[..., 4:24, 12:15] = torch.tensor([150.0, 255.0, 150.0])
    line = augmentation.thin_lines(bar)
    assert ((line > 0).sum(dim=3)[..., 6:22] == 1).all()
    assert (line[..., 6:22, 13] == 255).all()


def test_binary_tiles_are_black_and_of_one_ink() -> None:
    soft = functional.avg_pool2d(digits().float(), 3, 1, 1)
    result = augment(soft, Policy(binary=1.0), generator())
    assert all(len(tile.unique()) == 2 for tile in result)


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    grey = torch.full((2000, 1, 28, 28), 128.0)
    deviations = augment(grey, Policy(noise=20), generator()).std(dim=(1, 2, 3))
    assert 19 < deviations.max() < 21
    assert deviations.mean() == pytest.approx(10, abs=0.5)


def test_an_outline_is_what_a_wider_pen_adds() -> None:
    tiles = digits().float()
    left = augment(tiles, Policy(outline=1.0), generator())
    cross = [tiles.roll(step, axis) for axis in (2, 3) for step in (-1, 1)]  # ink ends before sides
    assert torch.equal(left, torch.stack([tiles, *cross]).amax(0) - tiles)


def test_inverted_is_one_band_or_all_but_one() -> None:
    tiles = torch.zeros(400, 1, 28, 28)
    result = augment(tiles, Policy(inverted=1.0), generator())
    assert set(result.unique().tolist()) == {0.0, 255.0}
    lying = (result == result[..., :1]).all(dim=(1, 2, 3))  # the same in all columns
    assert 150 < lying.sum() < 250
    profile = torch.where(lying[:, None], result[:, 0, :, 0], result[:, 0, 0])
    assert (profile.diff(dim=1) != 0).sum(dim=1).max() == 2
    assert 150 < (profile[:, 0] == 255).sum() < 250


def test_scratches_go_across_and_cover_little() -> None:
    result = augment(torch.zeros(400, 1, 28, 28), Policy(scratched=1.0), generator())
    inked = (result > 50).float().mean(dim=(1, 2, 3))
    assert 0.02 < inked.mean() < 0.15 and inked.max() < 0.3
    whole = (result > 0).any(dim=2).all(dim=2) | (result > 0).any(dim=3).all(dim=2)
    assert 0.3 < whole.float().mean() < 0.95  # from side to side, or dashed


def test_paper_gets_lighter_and_ink_stays_above_it() -> None:
    tiles = digits(1).repeat(400, 1, 1, 1).float()
    result = augment(tiles, Policy(paper=1.0), generator())
    paper, ink = result[..., tiles[0, 0] == 0], result[..., tiles[0, 0] == 255]
    assert paper.mean() > 40 and paper.max() <= 0.75 * 255
    assert (ink.mean(dim=(1, 2)) > paper.mean(dim=(1, 2))).float().mean() > 0.95
    even = paper.flatten(1).std(dim=1) < 1
    assert 150 < even.sum() < 250


def test_specks_are_few_and_of_any_grey() -> None:
    result = augment(torch.zeros(400, 1, 28, 28), Policy(specks=1.0), generator())
    share = (result > 0).float().mean(dim=(1, 2, 3))
    assert share.max() < 0.3 and 0.1 < share.mean() < 0.15
    assert result[result > 0].mean() == pytest.approx(127.5, abs=3)
