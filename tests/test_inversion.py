"""The ascent rises, its regularisers do what they say, and a batch is nothing but its images."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import silu

from scenessl.explain.ascent import Ascent, ascend, objective
from scenessl.explain.inversion import (
    SHIFT,
    TURN,
    ZOOM,
    Units,
    goals,
    highest,
    invert,
    natural,
    start_image,
    to_uint8,
    top_filters,
)
from scenessl.explain.regularisers import (
    blurred,
    decayed,
    gaussian_kernel,
    motion,
    moved,
    sixteen_motions,
    without_small_contributions,
    without_small_norms,
)
from scenessl.explain.responses import responses_to_views
from scenessl.tasks import perturbation
from scenessl.training.data import Data
from scenessl.training.state import State

SIDE = 20
PLAIN = Ascent(
    steps=40, step_size=0.2, decay=0.0, blur=0.0, last_blur=0.0, blur_every=1, small_norm=0.0, small_contribution=0.0,
    clip_every=1, shift=0.0, turn=0.0, zoom=0.0, colour=1.0, noise=0.1,
)  # fmt: skip
FULL = replace(
    PLAIN, decay=0.001, blur=4.0, last_blur=2.0, small_norm=5.0, small_contribution=5.0, clip_every=5, shift=12.0,
    turn=5.0, zoom=0.05, colour=0.3,
)  # fmt: skip
LIMITS = (torch.full((1, 3, 1, 1), -2.0), torch.full((1, 3, 1, 1), 2.0))


class Toy(nn.Module):
    """Two blocks whose last one is Sequential(convolution, batch norm, SiLU in place)."""

    def __init__(self, bias=0.0):
        super().__init__()
        torch.manual_seed(1)
        self.features = nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.SiLU(inplace=True)),
            nn.Sequential(nn.Conv2d(8, 12, 1, bias=False), nn.BatchNorm2d(12), nn.SiLU(inplace=True)),
        )
        self.features[1][1].running_mean.normal_(0, 0.2)
        self.features[1][1].running_var.uniform_(0.01, 0.1)
        nn.init.constant_(self.features[1][1].bias, bias)


@pytest.fixture
def model():
    return Toy().eval()


def normalise(images):
    return images.float() / 64 - 2


def crops(number, channels=3):
    return np.random.default_rng(0).integers(0, 256, (number, channels, SIDE, SIDE), dtype=np.uint8)


def climb(model, filters, settings, *, rows=None, seed=0):
    units, wanted = Units(model, filters), goals(len(filters))
    wanted = wanted if rows is None else wanted[rows]
    kind = next(model.parameters()).dtype
    start = start_image(SIDE, settings.noise, 0).expand(len(wanted), -1, -1, -1).to(kind)
    return ascend(units, wanted.to(kind), start, LIMITS, settings, seed=seed, report=list)


def run(model, settings=FULL, **changes):
    asked = {"filters": 5, "seed": 0, "report": list, **changes}
    return invert(model, crops(6), range(6), normalise, settings, **asked)


@pytest.mark.parametrize("settings", [PLAIN, FULL])
def test_every_image_rises(model, settings):
    _, trace = climb(model, [0, 3, 5], settings)
    assert trace.shape == (4, 40)
    assert (trace[:, -5:].mean(1) > trace[:, 0] + 0.5).all()


@pytest.mark.parametrize("settings", [PLAIN, FULL])
def test_a_batch_gives_what_its_images_give_one_by_one(model, settings):
    together, traces = climb(model.double(), [0, 3, 5], settings)
    for row in range(4):
        alone, trace = climb(model, [0, 3, 5], settings, rows=[row])
        torch.testing.assert_close(together[row : row + 1], alone, atol=1e-9, rtol=0)
        torch.testing.assert_close(traces[row : row + 1], trace, atol=1e-9, rtol=0)


def test_the_ascent_is_repeatable_and_its_seed_matters(model):
    assert torch.equal(climb(model, [2], FULL)[0], climb(model, [2], FULL)[0])
    assert not torch.equal(climb(model, [2], FULL)[0], climb(model, [2], FULL, seed=1)[0])


def test_pixels_stay_between_black_and_white(model):
    images, _ = climb(model, [0, 3], replace(PLAIN, step_size=3.0))
    assert images.min() == -2 and images.max() == 2


def test_a_flat_start_escapes():
    sleeping = Toy(bias=-1.2785).eval()  # SiLU's minimum: its own gradient is about 0 there
    units = Units(sleeping, [0])
    gray = torch.zeros(1, 3, SIDE, SIDE)
    before, after = units(gray + 1e-3 * start_image(SIDE, 1, 0))
    assert after.max() < 0 and before.max() < 0
    _, trace = climb(sleeping, [0], replace(PLAIN, steps=60))
    assert trace[0, 0] < 0
    assert trace[0, -1] > 0.5


def test_a_filter_below_the_minimum_is_pushed_up():
    asleep = torch.tensor([[-4.0]], requires_grad=True)
    silu_of = silu(asleep)
    (plain,) = torch.autograd.grad(silu_of.sum(), asleep, retain_graph=True)
    (ours,) = torch.autograd.grad(objective(asleep, silu_of, torch.ones(1, 1)).sum(), asleep)
    assert plain < 0 < ours


def test_the_objective_is_the_activation_once_the_filter_is_awake():
    before, wanted = torch.tensor([[-3.0, 2.0], [0.5, 1.0]]), torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    after = silu(before)
    expected = torch.tensor([-3.0 + after[0, 1], after[1, 1]])
    torch.testing.assert_close(objective(before, after, wanted), expected)


def test_a_dead_filter_gives_neither_nan_nor_motion(model):
    nn.init.zeros_(model.features[1][0].weight)
    images, trace = climb(model, [0, 1], PLAIN)
    assert torch.isfinite(images).all() and torch.isfinite(trace).all()
    torch.testing.assert_close(images[0], start_image(SIDE, PLAIN.noise, 0)[0])


def test_tiny_gradients_still_move_the_image(model):
    model.features[1][0].weight.data *= 1e-25
    model.features[1][1].running_mean.zero_()
    images, _ = climb(model, [0], replace(PLAIN, steps=1))
    change = images[0] - start_image(SIDE, PLAIN.noise, 0)[0]
    assert change.square().mean().sqrt() == pytest.approx(PLAIN.step_size, rel=0.01)


def test_units_are_the_model_s_own_maps(model):
    images = torch.randn(2, 3, SIDE, SIDE)
    with torch.no_grad():
        before, after = Units(model, [4, 1])(images)
        middle = model.features[1][1](model.features[1][0](model.features[0](images)))
    torch.testing.assert_close(before, middle[:, [4, 1]].mean((2, 3)), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(after, silu(middle)[:, [4, 1]].mean((2, 3)), atol=1e-5, rtol=1e-4)


def test_the_filters_are_those_with_the_highest_signed_sums():
    convolution = nn.Conv2d(320, 50, 1, bias=False)
    sums = convolution.weight.detach().numpy().sum((1, 2, 3), dtype=np.float64)
    filters, values = top_filters(convolution, 5)
    assert filters == np.argsort(-sums, kind="stable")[:5].tolist()
    np.testing.assert_allclose(values, np.sort(sums)[::-1][:5], rtol=1e-6)
    nn.init.ones_(convolution.weight)
    assert top_filters(convolution, 5)[0] == [0, 1, 2, 3, 4]


def test_goals_are_each_filter_and_their_sum():
    assert goals(3).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]


def test_further_goals_are_single_filters_that_the_sum_leaves_out():
    assert goals(2, 1).tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_filters_of_a_reference_are_inverted_where_they_are_not_chosen_anyway(model):
    alone = run(model)
    other = next(number for number in range(12) if number not in alone["filters"])
    both = run(model, reference=[alone["filters"][2], other])
    assert both["further_filters"].tolist() == [other]
    assert both["further_images"].shape == (1, SIDE, SIDE, 3) and both["images"].shape == alone["images"].shape
    assert both["responses"].shape == (6, 6) and alone["responses"].shape == (6, 5)
    np.testing.assert_allclose(both["responses"][:, 5].max(), both["further_natural_max"][0])
    weights = model.features[1][0].weight.detach().numpy().reshape(12, -1)
    np.testing.assert_allclose(both["further_weight_sums"], weights[[other]].sum(1), rtol=1e-5)
    np.testing.assert_allclose(both["absolute_sums"], np.abs(weights[both["filters"]]).sum(1), rtol=1e-5)
    assert both["absolute_filters"].tolist() == np.argsort(-np.abs(weights).sum(1))[:5].tolist()


def test_sixteen_motions_are_all_signs_of_one_shift_turn_and_scaling():
    matrices = torch.stack(sixteen_motions(4, 10, 0.1, 100))
    assert len({tuple(matrix.flatten().tolist()) for matrix in matrices}) == 16
    zooms = matrices[:, :, :2].det().sqrt()
    turns = torch.rad2deg(torch.atan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    assert sorted(zooms.round(decimals=4).unique().tolist()) == pytest.approx([0.9, 1.1])
    assert sorted(turns.round(decimals=2).unique().tolist()) == pytest.approx([-10, 10])
    assert ((matrices[:, :, 2] * 50).abs() - 4).abs().max() < 1e-4


def test_what_survives_motions_is_measured_on_moved_images(model):
    result = run(model)
    shown = normalise(torch.from_numpy(result["images"]).permute(0, 3, 1, 2))
    motions = sixteen_motions(SHIFT * SIDE / 224, TURN, ZOOM, SIDE)
    with torch.no_grad():
        maps = [model.features(moved(shown, one))[:, result["filters"].tolist()].mean((2, 3)) for one in motions]
    own = torch.stack(maps).mean(0)
    np.testing.assert_allclose(result["moved"], [*own.diagonal(), own[5].sum()], atol=1e-4)


class Pictures:
    """Crops in memory."""

    side = SIDE

    def batch(self, ids):
        return torch.from_numpy(crops(8)[ids.numpy()])


def test_filters_are_asked_about_every_view(model, monkeypatch):
    monkeypatch.setattr("scenessl.training.views.normalise", normalise)
    data, asked = Data(torch.zeros(8).long(), [], {}, Pictures()), {"rotation": {}, "perturbation": {"square": 6}}
    found = responses_to_views(model, [4, 0, 2], data, range(8), tasks=asked, seed=0, device=torch.device("cpu"))
    assert found["views_rotation"].shape == (8, 4, 3) and found["views_perturbation"].shape == (8, 2, 3)
    for turn in range(4):
        turned = torch.from_numpy(np.rot90(crops(8), turn, (2, 3)).copy())
        with torch.no_grad():
            means = model.features(normalise(turned))[:, [4, 0, 2]].mean((2, 3))
        np.testing.assert_allclose(found["views_rotation"][:, turn], means, atol=1e-4)
    assert found["tested"].tolist() == list(range(8))
    assert perturbation.VIEWS == 2 and not np.allclose(*found["views_perturbation"].swapaxes(0, 1)[:2])


def test_invert_gives_what_the_contract_says(model):
    result = run(model)
    assert result["images"].shape == (6, SIDE, SIDE, 3) and result["images"].dtype == np.uint8
    assert result["trace"].shape == (6, FULL.steps + 1)
    for name in ("start", "end", "natural_max", "natural_mean"):
        assert result[name].shape == (6,) and result[name].dtype == np.float32
    assert (result["end"] > result["start"]).all()
    assert result["filters"].tolist() == top_filters(model.features[1][0], 5)[0]
    assert json.loads(str(result["settings"])) == {**asdict(FULL), "filters": 5, "seed": 0}


def test_start_and_end_are_those_of_the_images_themselves(model):
    result = run(model)
    shown = normalise(torch.from_numpy(result["images"]).permute(0, 3, 1, 2))
    with torch.no_grad():
        maps = model.features(shown)[:, result["filters"].tolist()].mean((2, 3))
    own = [maps[row, row] for row in range(5)] + [maps[5].sum()]
    np.testing.assert_allclose(result["end"], own, atol=1e-4)
    np.testing.assert_array_equal(result["trace"][:, [0, -1]], np.stack([result["start"], result["end"]], 1))


def test_fewer_filters_than_asked_are_all(model):
    assert len(run(model, replace(FULL, steps=2), filters=99)["filters"]) == 12


def test_natural_finds_the_real_images_that_excite_most(model):
    pictures, ids = crops(7), [6, 2, 4, 1]
    found = highest(natural(Units(model, [3, 0]), goals(2), pictures, ids, normalise, batch=3), ids)
    with torch.no_grad():
        maps = model.features(normalise(torch.from_numpy(pictures[ids])))[:, [3, 0]].mean((2, 3))
    table = torch.cat([maps, maps.sum(1, keepdim=True)], 1)
    np.testing.assert_allclose(found["natural_max"], table.amax(0), atol=1e-5)
    np.testing.assert_allclose(found["natural_mean"], table.mean(0), atol=1e-5)
    assert found["natural_image"].tolist() == [ids[row] for row in table.argmax(0)]


def test_gray_crops_are_shown_in_three_equal_channels(model):
    gray = crops(3, channels=1)
    units, wanted = Units(model, [3]), goals(1)
    one = natural(units, wanted, gray, range(3), normalise)
    three = natural(units, wanted, np.repeat(gray, 3, 1), range(3), normalise)
    np.testing.assert_array_equal(one, three)


def test_natural_needs_an_image(model):
    with pytest.raises(ValueError, match="at least one image"):
        natural(Units(model, [0]), goals(1), crops(1), [], normalise)


@pytest.mark.parametrize("breaks", [False, True])
def test_the_model_is_left_as_it_was_found(breaks):
    model = Toy().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def report(line):
        if breaks:
            raise RuntimeError("stop")

    try:
        run(model, report=report)
    except RuntimeError:
        assert breaks
    assert all(module.training for module in model.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_progress_is_reported(model):
    lines = []
    run(model, report=lines.append)
    assert len(lines) == 2 and "step 40 of 40" in lines[-1]


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.2])
def test_blur_equals_scipy_s(sigma):
    ndimage = pytest.importorskip("scipy.ndimage", reason="scipy is not installed")
    images = torch.randn(2, 3, 24, 24)
    expected = ndimage.gaussian_filter(images.numpy(), (0, 0, sigma, sigma), mode="mirror", radius=(0, 0, 9, 9))
    np.testing.assert_allclose(blurred(images, sigma), expected, atol=2e-4)


def test_blur_keeps_flat_images_and_sizes():
    assert gaussian_kernel(1.3, 4).sum() == pytest.approx(1)
    flat = torch.full((1, 3, 8, 9), 0.7)
    torch.testing.assert_close(blurred(flat, 1.0), flat)
    images = torch.randn(1, 3, 8, 8)
    assert torch.equal(blurred(images, 0.0), images)


def test_a_blur_wider_than_the_image_still_works():
    images = torch.randn(1, 3, 8, 8)
    assert blurred(images, 5.0).std() < images.std() / 2


def test_decay_is_a_power():
    images = torch.randn(1, 3, 4, 4)
    twice = decayed(decayed(images, 0.1), 0.1)
    torch.testing.assert_close(twice, images * 0.9**2)


def test_small_norms_go():
    images = torch.randn(2, 3, 10, 10) * torch.tensor([1.0, 50.0]).view(2, 1, 1, 1)
    kept = without_small_norms(images, 30)
    norms = images.norm(dim=1).flatten(1)
    for image in range(2):
        gone = (kept[image] == 0).all(0).flatten()
        assert gone.sum() == 30
        assert norms[image][gone].max() < norms[image][~gone].min()
    assert torch.equal(without_small_norms(images, 0), images)


def test_small_contributions_go():
    images, gradient = torch.randn(1, 3, 10, 10), torch.randn(1, 3, 10, 10)
    kept = without_small_contributions(images, gradient, 20)
    size = np.abs((images * gradient).numpy().sum(1)).ravel()
    gone = (kept[0] == 0).all(0).flatten().numpy()
    assert sorted(np.argsort(size)[:20]) == np.flatnonzero(gone).tolist()


def test_no_motion_is_the_identity():
    images = torch.randn(2, 3, 9, 9)
    still = motion(torch.Generator().manual_seed(0), side=9, shift=0, turn=0, zoom=0)
    torch.testing.assert_close(moved(images, still), images, atol=1e-5, rtol=0)


def test_a_shift_by_whole_pixels_is_exact():
    images = torch.randn(1, 3, 9, 9)
    right = torch.tensor([[1.0, 0.0, 2 * 2 / 9], [0.0, 1.0, -1 * 2 / 9]])  # look 2 to the right, 1 up
    torch.testing.assert_close(moved(images, right)[..., 1:, :-2], images[..., :-1, 2:], atol=1e-4, rtol=0)


def test_motions_keep_their_bounds():
    generator = torch.Generator().manual_seed(0)
    matrices = torch.stack([motion(generator, side=100, shift=4, turn=10, zoom=0.1) for _ in range(200)])
    zooms = matrices[:, :, :2].det().sqrt()
    turns = torch.rad2deg(torch.atan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    assert 0.9 <= zooms.min() < 0.92 and 1.08 < zooms.max() <= 1.1
    assert 9 < turns.abs().max() <= 10
    assert 3.5 < (matrices[:, :, 2] * 50).abs().max() <= 4


def test_a_gray_ascent_gives_a_gray_image(model):
    images, _ = climb(model, [0], replace(PLAIN, colour=0.0, noise=0.0))
    torch.testing.assert_close(images[:, 0], images[:, 2])
    assert images.std() > 0.1


def test_to_uint8_undoes_the_normalisation():
    pictures = torch.from_numpy(crops(2))
    limits = (normalise(torch.zeros(1, 3, 1, 1)), normalise(torch.full((1, 3, 1, 1), 255.0)))
    assert torch.equal(to_uint8(normalise(pictures), limits), pictures)


@pytest.mark.parametrize("seen", [1, 2])
def test_a_killed_inversion_goes_on_after_its_last_twenty_steps(model, tmp_path, seen):
    whole, lines = run(model), []

    def killed(line):
        lines.append(line)
        if len(lines) > seen - 1:
            raise KeyboardInterrupt

    state = State(tmp_path / "s", "a")
    with pytest.raises(KeyboardInterrupt):
        run(model, report=killed, state=state)
    lines.clear()
    again = run(model, report=lines.append, state=state)
    assert len(lines) == 40 // 20 - (seen - 1)
    assert all(np.array_equal(again[name], whole[name]) for name in whole)
