"""Batched augmentation: a pure function of a batch of tiles, a policy and a generator.

Every step works on the whole batch with parameters drawn for each tile, on the batch's device, and
reads nothing back from it. Batches are float32 (N, C, S, S) on the 0..255 scale. The order is
that of the world: the pen, the hand, the neighbours and the scissors, the paper, the camera, the
sensor.
"""

import math
from collections.abc import Callable
from functools import cache

import torch
from torch import Generator, Tensor
from torch.nn import functional

from digits.data.policies import Policy, named

_DIM_INK, _LIGHT_PAPER = 0.25, 0.75  # the least ink and the most paper, as shares of white
_CLOUDS = 4  # clouds are a smooth surface over 4x4 random heights
_SPECKED = 0.25  # of a tile's pixels, at most
_KNOTS = 7  # an elastic displacement is a smooth surface over 7x7 random knots


def augment(images: Tensor, policy: str | Policy, generator: Generator) -> Tensor:
    """Tiles (N, C, S, S), uint8 or float on the 0..255 scale -> float32, likewise.

    The result depends on the arguments alone; the generator lies on the device of the images. Not
    for use under autocast, whose 16-bit products place pixels too roughly.

    Raises:
        DigitsError: no policy has this name.
    """
    policies = named(policy) if isinstance(policy, str) else (policy,)
    shares = images.to(torch.float32).tensor_split(len(policies))
    pairs = zip(shares, policies, strict=True)
    return torch.cat([_follow(chosen, share, generator) for share, chosen in pairs if len(share)])


def _follow(chosen: Policy, images: Tensor, generator: Generator) -> Tensor:
    drawn = vary_stroke(images, chosen.stroke, generator) if any(chosen.stroke) else images
    if chosen.line:
        drawn = torch.where(_some(images, chosen.line, generator), thin_lines(images), drawn)
    if chosen.outline:
        drawn = torch.where(_some(images, chosen.outline, generator), outline(drawn), drawn)
    images = warp(drawn, chosen, generator)
    if chosen.neighbour:
        images = add_neighbours(images, chosen.neighbour, generator)
    if chosen.cut:
        images = cut_sides(images, chosen.cut, generator)
    if chosen.inverted:
        images = invert_band(images, chosen.inverted, generator)
    if chosen.scratched:
        images = scratch(images, chosen.scratched, generator)
    if chosen.paper:
        images = lighten_paper(images, chosen.paper, generator)
    if chosen.resample:
        images = resample(images, chosen.resample, generator)
    if chosen.contrast or chosen.binary:
        images = vary_contrast(images, chosen.contrast, chosen.binary, generator)
    if chosen.noise:
        images = add_noise(images, chosen.noise, generator)
    if chosen.specks:
        images = strew(images, chosen.specks, generator)
    return images


def _uniform(images: Tensor, low: float, high: float, generator: Generator) -> Tensor:
    """One number from low..high for each tile: (N, 1, 1, 1)."""
    numbers = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device)
    return numbers * (high - low) + low


def _choice(images: Tensor, count: int, generator: Generator) -> Tensor:
    """A number of 0..count-1 for each tile: int64 (N,)."""
    return torch.randint(count, (len(images),), generator=generator, device=images.device)


def _some(images: Tensor, share: float, generator: Generator) -> Tensor:
    """True for a random share of the tiles: bool (N, 1, 1, 1)."""
    return _uniform(images, 0, 1, generator) < share


def vary_stroke(images: Tensor, px: tuple[float, float], generator: Generator) -> Tensor:
    """Move the stroke's edge outwards by a number of px drawn from px[0]..px[1] (in -1..1).

    A whole pixel is the maximum (or minimum) over the neighbours; fractions blend towards it.
    """
    amount = _uniform(images, *px, generator)
    grown = images.lerp(_extreme(images, torch.maximum, square=True), amount.clamp(min=0))
    return grown.lerp(_extreme(images, torch.minimum, square=False), (-amount).clamp(min=0))


def _extreme(images: Tensor, pick: Callable[..., Tensor], square: bool) -> Tensor:
    """The maximum or minimum over each pixel's 3x3 square, or over the cross in it.

    Four slices compared in place: 3 times faster than max_pool2d on the CPU.
    """
    result = images.clone()
    pick(result[..., 1:], images[..., :-1], out=result[..., 1:])
    pick(result[..., :-1], images[..., 1:], out=result[..., :-1])
    source = result.clone() if square else images
    pick(result[..., 1:, :], source[..., :-1, :], out=result[..., 1:, :])
    pick(result[..., :-1, :], source[..., 1:, :], out=result[..., :-1, :])
    return result


def thin_lines(images: Tensor) -> Tensor:
    """Keep the ridge of each stroke: where the smoothed ink is highest along x or along y."""
    blur = _resamplers(images.device, images.shape[-1])[
        2, 0
    ]  # 2-D and on the right: one product, not one a tile
    smooth = ((images @ blur).mT.contiguous() @ blur).mT
    padded = functional.pad(smooth, (1, 1, 1, 1))
    beside = torch.maximum(padded[..., 1:-1, :-2], padded[..., 1:-1, 2:])
    above = torch.maximum(padded[..., :-2, 1:-1], padded[..., 2:, 1:-1])
    ridge = (smooth > torch.minimum(beside, above)) & (images > 80)
    return torch.where(ridge, images, 0.0)


def outline(images: Tensor) -> Tensor:
    """Leave a line of a pixel about the ink: what it gains when its edge moves outwards by one."""
    return _extreme(images, torch.maximum, square=False) - images


def warp(images: Tensor, policy: Policy, generator: Generator) -> Tensor:
    """Rotate, slant, scale, shift, and bend elastically (Simard et al. 2003), in one resampling."""
    ranges = (policy.rotation_deg, policy.slant, policy.scale, policy.aspect, policy.shift_px)
    if not any((*ranges, policy.elastic_px)):
        return images
    size = images.shape[-1]
    flow = _affine(images, policy, generator)  # (N, 2, 3)
    terms = 3
    if policy.elastic_px:
        knots = torch.randn(len(images), 2, _KNOTS**2, generator=generator, device=images.device)
        amount = _uniform(images, 0, policy.elastic_px * 2 / size, generator).squeeze(-1)
        flow, terms = torch.cat([flow, knots * amount], dim=2), 3 + _KNOTS**2
    grid = flow @ _basis(images.device, size)[:terms]  # (N, 2, S * S), as x and y in -1..1
    grid = grid.mT.reshape(-1, size, size, 2)
    return functional.grid_sample(images, grid, align_corners=False)


def _affine(images: Tensor, policy: Policy, generator: Generator) -> Tensor:
    """From the coordinates of the result to those of the source: (N, 2, 3)."""
    drawn = torch.rand(6, len(images), generator=generator, device=images.device) * 2 - 1
    angle = drawn[0] * math.radians(policy.rotation_deg)
    slant = drawn[1] * policy.slant
    aspect = 1 + drawn[3] * policy.aspect
    size_x = (1 + drawn[2] * policy.scale) / aspect.sqrt()
    size_y = size_x * aspect
    shift_x, shift_y = drawn[4:] * (policy.shift_px * 2 / images.shape[-1])
    cos, sin = angle.cos(), angle.sin()
    row_x = torch.stack([cos / size_x, (slant * cos - sin) / size_y, shift_x], dim=1)
    row_y = torch.stack([sin / size_x, (slant * sin + cos) / size_y, shift_y], dim=1)
    return torch.stack([row_x, row_y], dim=1)


@cache
def _basis(device: torch.device, size: int) -> Tensor:
    """The functions that a warp is a sum of, over all pixels: x, y, 1 and a bump for each knot.

    Float32 (3 + knots, S * S). The bumps are Gaussian, as wide as the knots are apart (4.7 of
    28 px; Simard et al. smooth with 4), of mean square 1 when each knot is drawn with deviation 1.
    """
    line = (torch.arange(size) * 2 + 1) / size - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    knots = torch.linspace(-1, 1, _KNOTS)
    bump = torch.exp(-0.5 * ((line[None] - knots[:, None]) * (_KNOTS - 1) / 2) ** 2)  # (knots, S)
    bumps = torch.einsum("ay,bx->abyx", bump, bump).reshape(_KNOTS**2, size**2)
    bumps /= bumps.square().sum(0).mean().sqrt()
    plane = torch.stack([x, y, torch.ones_like(x)]).flatten(1)
    return torch.cat([plane, bumps]).to(device)


@cache
def _depths(device: torch.device, size: int) -> Tensor:
    """How many pixels each pixel lies from the left, right, top and bottom side: (4, 1, S, S)."""
    line = torch.arange(size)
    y, x = torch.meshgrid(line, line, indexing="ij")
    last = size - 1
    return torch.stack([x, last - x, y, last - y])[:, None].to(device)


def _strip(images: Tensor, share: float, sides: int, px: float, generator: Generator) -> Tensor:
    """True on a strip of 1..px at one of the first `sides` sides of a share of the tiles."""
    depths = _depths(images.device, images.shape[-1])
    depth = depths[_choice(images, sides, generator)]  # (N, 1, S, S)
    width = _uniform(images, 1, px, generator) * _some(images, share, generator)
    return depth < width


def add_neighbours(images: Tensor, share: float, generator: Generator) -> Tensor:
    """Let the tile before it in the batch look in by up to 6 px, from the left or the right."""
    strip = _strip(images, share, 2, 6, generator)
    side = images.shape[-1]
    # From one digit to the next: the left neighbour's column 20 of 28 is at the left border.
    apart = round(20 / 28 * side)
    others = images.roll(1, 0)
    bits = functional.pad(others[..., apart:], (0, apart))
    bits[..., apart:] = others[..., : side - apart]
    return torch.where(strip, torch.maximum(images, bits), images)


def cut_sides(images: Tensor, share: float, generator: Generator) -> Tensor:
    """Blank a strip of up to 7 px (the ink begins at 4) at one side of a share of the tiles."""
    return images.masked_fill(_strip(images, share, 4, 7, generator), 0)


def invert_band(images: Tensor, share: float, generator: Generator) -> Tensor:
    """Turn a band across a share of the tiles to its negative, or all but a band."""
    side = images.shape[-1]
    across = _depths(images.device, side)[_choice(images, 2, generator) * 2]  # x or y
    ends = [_uniform(images, 0, side, generator) for _ in range(2)]
    within = (across >= torch.minimum(*ends)) & (across < torch.maximum(*ends))
    turned = (within ^ _some(images, 0.5, generator)) & _some(images, share, generator)
    return torch.where(turned, 255 - images, images)


def scratch(images: Tensor, share: float, generator: Generator) -> Tensor:
    """Draw a line of 1 to 3 px of any direction across a share of the tiles: wavy by up to 3 px,
    half of them dashed."""
    line = torch.arange(images.shape[-1], device=images.device) - (images.shape[-1] - 1) / 2
    angle = _uniform(images, 0, math.pi, generator)
    along = line * angle.cos() + line[:, None] * angle.sin()
    across = line[:, None] * angle.cos() - line * angle.sin()
    wave = _uniform(images, 0, 3, generator) * (along * _uniform(images, 0.2, 1, generator)).sin()
    distance = (across - _uniform(images, -10, 10, generator) - wave).abs()
    ink = (_uniform(images, 1, 2, generator) - distance).clamp(0, 1)
    gaps = (along * _uniform(images, 0.5, 2, generator)).sin() < 0
    ink = ink.masked_fill(gaps & _some(images, 0.5, generator), 0)
    ink *= _uniform(images, 100, 255, generator) * _some(images, share, generator)
    return torch.maximum(images, ink)


def lighten_paper(images: Tensor, share: float, generator: Generator) -> Tensor:
    """Make the paper of a share of the tiles grey, of half of these in clouds, and the ink dimmer
    against it; what is brighter than white is white."""
    shape = (len(images), 1, _CLOUDS, _CLOUDS)
    heights = torch.rand(shape, generator=generator, device=images.device)
    clouds = functional.interpolate(heights, images.shape[-2:], mode="bicubic").clamp(0, 1)
    clouds = clouds.masked_fill(_some(images, 0.5, generator), 1)
    paper = clouds * _uniform(images, 0, _LIGHT_PAPER * 255, generator)
    spoiled = (images * _uniform(images, _DIM_INK, 1, generator) + paper).clamp(max=255)
    return torch.where(_some(images, share, generator), spoiled, images)


def strew(images: Tensor, share: float, generator: Generator) -> Tensor:
    """Give up to a quarter of the pixels of a share of the tiles any grey."""
    amount = _uniform(images, 0, _SPECKED, generator) * _some(images, share, generator)
    drawn = torch.rand(2, *images.shape, generator=generator, device=images.device)
    return torch.where(drawn[0] < amount, drawn[1] * 255, images)


def resample(images: Tensor, share: float, generator: Generator) -> Tensor:
    """Blur a share of the tiles, or bring them to a low resolution and back, smoothly or in blocks.

    All of these are A @ image @ A^T, with A drawn from one table.
    """
    table = _resamplers(images.device, images.shape[-1])
    drawn = 1 + _choice(images, len(table) - 1, generator)
    drawn = drawn * _some(images, share, generator).flatten()  # the first one changes nothing
    chosen = table[drawn]  # (N, 1, S, S)
    return chosen @ images @ chosen.mT


@cache
def _resamplers(device: torch.device, side: int) -> Tensor:
    """Matrices (K, 1, S, S) that act on the rows: identity, four blurs, low resolutions."""
    same = torch.eye(side)
    line = torch.arange(side, dtype=torch.float32)
    bells = [torch.exp(-0.5 * ((line - line[:, None]) / px) ** 2) for px in (0.5, 0.7, 0.9, 1.2)]
    bells = [bell * (bell > 1e-3) for bell in bells]  # the tails are denormal, 4 times slower
    matrices = [same, *(bell / bell.sum(0).max() for bell in bells)]
    for size in (12, 14, 17, 20):
        shape = (size, side)
        low = functional.interpolate(same[None, None], shape, mode="bilinear", antialias=True)
        matrices.append(functional.interpolate(low, same.shape, mode="bilinear")[0, 0])
        matrices.append(functional.interpolate(low, same.shape, mode="nearest")[0, 0])
    return torch.stack(matrices)[:, None].to(device)


def vary_contrast(images: Tensor, amount: float, binary: float, generator: Generator) -> Tensor:
    """Ink and gamma by a factor of up to 1 + amount either way; a share is made black and white."""
    threshold = _uniform(images, 60, 160, generator)
    hard = (images > threshold) * 255.0
    images = torch.where(_some(images, binary, generator), hard, images)
    limit = math.log1p(amount)
    gamma = _uniform(images, -limit, limit, generator).exp()
    ink = _uniform(images, -limit, limit / 2, generator).exp()
    return ((images / 255).clamp(0, 1) ** gamma * (255 * ink)).clamp(max=255)


def add_noise(images: Tensor, deviation: float, generator: Generator) -> Tensor:
    """Uniform noise, its deviation drawn from 0..deviation for each tile; stays in 0..255.

    Drawn as 64-bit numbers of eight bytes: 6 times faster than a normal number for each pixel.
    """
    shape, low, high = (len(images), images[0].numel() // 8), -(2**63), 2**63 - 1
    words = torch.randint(low, high, shape, generator=generator, device=images.device)
    noise = words.view(torch.uint8).view(images.shape).to(torch.float32)  # deviation 73.9
    amount = _uniform(images, 0, deviation / 73.9, generator)
    return torch.addcmul(images, noise.sub_(127.5), amount).clamp_(0, 255)
