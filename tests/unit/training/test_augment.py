"""Views: their range and size, what stays as it is, the same on every run."""

from __future__ import annotations

from dataclasses import replace

import torch

from tlstudio.training.augment import Augmentation, augment, drawn, mix, pairs_of

STILL = Augmentation(flip=False).scaled(0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(n: int = 4, edge: int = 24) -> torch.Tensor:
    return torch.randint(0, 256, (n, edge, edge, 3), dtype=torch.uint8, generator=generator(9))


def test_no_strength_leaves_images_as_they_are() -> None:
    pixels = images()
    assert torch.allclose(augment(pixels, STILL, drawn(len(pixels), generator())), pixels.float(), atol=1e-2)


def test_views_stay_within_the_range_and_take_the_size_asked_for() -> None:
    views = augment(images(8), Augmentation().scaled(3), drawn(len(images(8)), generator()), size=16)
    assert views.shape == (8, 16, 16, 3)
    assert views.min() >= 0 and views.max() <= 255


def test_mirroring_gives_the_image_or_its_mirror() -> None:
    pixels = images(16)
    for how, axis in ((replace(STILL, flip=True), 2), (replace(STILL, flip_vertical=True), 1)):
        views = augment(pixels, how, drawn(len(pixels), generator()))
        same = (views - pixels).abs().amax(dim=(1, 2, 3)) < 0.05
        mirrored = (views - pixels.flip(axis)).abs().amax(dim=(1, 2, 3)) < 0.05
        assert (same | mirrored).all() and same.any() and mirrored.any()


def test_grey_stays_grey() -> None:
    grey = images()[..., :1].expand(-1, -1, -1, 3).contiguous()
    views = augment(grey, Augmentation(), drawn(len(grey), generator()))
    assert (views.amax(dim=3) - views.amin(dim=3)).max() < 1e-2


def test_the_same_numbers_give_the_same_views() -> None:
    pixels, how = images(), Augmentation()
    assert torch.equal(
        augment(pixels, how, drawn(len(pixels), generator(1))), augment(pixels, how, drawn(len(pixels), generator(1)))
    )
    assert not torch.equal(
        augment(pixels, how, drawn(len(pixels), generator(1))), augment(pixels, how, drawn(len(pixels), generator(2)))
    )


def test_erasing_takes_one_rectangle_from_about_that_share() -> None:
    pixels = torch.randint(1, 256, (400, 20, 20, 3), dtype=torch.uint8, generator=generator())
    views = augment(pixels, replace(STILL, erase=0.5), drawn(len(pixels), generator()))
    changed = (views - pixels).abs().amax(dim=3) > 0.5
    hit = changed.flatten(1).any(dim=1)
    assert 0.4 < hit.float().mean() < 0.6
    assert changed[hit].float().mean(dim=(1, 2)).max() < 0.35


def test_mixing_keeps_targets_a_distribution_and_each_view_mostly_itself() -> None:
    views, targets = images(32).float(), torch.eye(4).repeat(8, 1)
    pairs = pairs_of(32, 0.2, generator())
    mixed, soft = (mix(each, each[pairs.other], pairs.share) for each in (views, targets))
    assert torch.allclose(soft.sum(dim=1), torch.ones(32))
    assert (soft.gather(1, targets.argmax(1, keepdim=True)) >= 0.5).all()
    assert mixed.shape == views.shape and not torch.equal(mixed, views)
