"""What the tasks show: exact turns, exact squares, labels that fit."""

import pytest
import torch

from scenessl.tasks import perturbation, rotation, scenes


@pytest.fixture
def images():
    return torch.randint(1, 255, (5, 3, 24, 24), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_scenes_show_every_image_once(images):
    shown, targets = scenes.show(images, torch.arange(5), torch.Generator())
    assert torch.equal(shown, images)
    assert targets.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("side", [24, 25, 224])
def test_turns_are_exact_pixel_turns_counter_clockwise(side):
    images = torch.randint(0, 256, (2, 3, side, side), dtype=torch.uint8)
    shown, targets = rotation.show(images, torch.zeros(2), torch.Generator())
    for turn in range(4):
        assert torch.equal(shown[targets == turn], torch.rot90(images, turn, dims=(2, 3)))


def test_every_image_is_shown_in_all_turns(images):
    shown, targets = rotation.show(images, torch.zeros(5), torch.Generator())
    assert len(shown) == 20
    assert torch.bincount(targets).tolist() == [5, 5, 5, 5]


def test_square_is_exactly_its_size_and_wholly_inside(images):
    generator = torch.Generator().manual_seed(1)
    shown, targets = perturbation.show(images, torch.zeros(5), generator, square=10)
    changed = (shown != images.repeat(2, 1, 1, 1)).all(1)
    assert changed.flatten(1).sum(1).tolist() == [100] * 10
    assert changed.any(2).sum(1).tolist() == [10] * 10  # ten rows and ten columns: a square, not a scatter
    assert changed.any(1).sum(1).tolist() == [10] * 10
    for view, target in zip(shown, targets, strict=True):
        value = (0, 255)[int(target)]
        assert (view == value).all(0).sum() == 100


def test_both_views_of_an_image_have_the_square_at_the_same_place(images):
    shown, _ = perturbation.show(images, torch.zeros(5), torch.Generator().manual_seed(2), square=10)
    assert torch.equal((shown[:5] != images), (shown[5:] != images))


def test_squares_reach_every_corner_and_never_leave():
    images = torch.full((4000, 1, 12, 12), 7, dtype=torch.uint8)
    corners = perturbation.draw_corners(images, torch.Generator().manual_seed(0), 10)
    assert corners.min() == 0
    assert corners.max() == 2
    assert len({tuple(corner) for corner in corners.tolist()}) == 9


def test_the_images_themselves_stay_as_they_are(images):
    before = images.clone()
    rotation.show(images, torch.zeros(5), torch.Generator())
    perturbation.show(images, torch.zeros(5), torch.Generator(), square=3)
    assert torch.equal(images, before)


@pytest.mark.parametrize("task, outputs", [(scenes, 7), (rotation, 4), (perturbation, 2)])
def test_outputs_are_named(task, outputs):
    assert len(task.target_names([f"class {number}" for number in range(7)])) == outputs
