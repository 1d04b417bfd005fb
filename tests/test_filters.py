"""Filters: every kind has kernels that score 1 by construction, and what is shown is what the kernel holds."""

import itertools

import drawing
import numpy as np
import pytest
import torch
from torch import nn

from scenessl.errors import UserError
from scenessl.explain import filters
from scenessl.explain.filters import CENTRE, COLOUR, EDGE, LOW, NO_KIND, Bank, describe, leading_patterns, pick, score
from scenessl.figures import filter_kinds, kernels
from scenessl.figures import filters as sheet
from scenessl.models import network, weights

SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], float)  # finds an upright edge
BAR = np.outer([-1, 2, -1], [1, 2, 1]).astype(float)  # finds a lying line
LAPLACIANS = [
    np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], float),
    np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], float),
]
BLURS = [np.ones((3, 3)), np.outer([1, 2, 1], [1, 2, 1]).astype(float)]
KERNELS = [(EDGE, SOBEL), (EDGE, SOBEL.T), (EDGE, SOBEL + SOBEL.T), (EDGE, BAR), (EDGE, BAR.T)]
KERNELS += [(CENTRE, kernel) for kernel in LAPLACIANS] + [(LOW, kernel) for kernel in BLURS]
MIXTURES = {"gray": ([1, 1, 1], True), "channels": ([0.3, -2, 1, 0.1, 0.7], False), "one": ([1], False)}


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def bank():
    return Bank.of(3, 3)


def scores(kernels, colour):
    return score(np.asarray(kernels, float), Bank.of(*np.shape(kernels)[2:]), colour=colour)[0]


def layer_of(kernels, **options):
    """A convolution with these kernels [out, in, h, w]."""
    kernels = torch.as_tensor(np.asarray(kernels), dtype=torch.float32)
    layer = nn.Conv2d(kernels.shape[1], len(kernels), kernels.shape[2:], bias=False, **options)
    layer.weight.data = kernels
    return layer


@pytest.mark.parametrize("mixture, colour", MIXTURES.values(), ids=MIXTURES)
@pytest.mark.parametrize("kind, kernel", KERNELS)
@pytest.mark.parametrize("scale", [1, -1, 1e-3])
def test_a_textbook_kernel_scores_one_whatever_its_sign_and_scale(kind, kernel, mixture, colour, scale):
    whole = scale * np.multiply.outer(mixture, kernel)
    found = scores([whole], colour)[0]
    assert found[kind] == pytest.approx(1)
    assert all(value < 0.9 for other, value in enumerate(found) if other != kind and not np.isnan(value))


@pytest.mark.parametrize(
    "kernel, degrees", [(SOBEL, 90), (SOBEL.T, 0), (SOBEL - SOBEL.T, 135), (SOBEL + SOBEL.T, 45), (BAR, 0), (BAR.T, 90)]
)
def test_the_orientation_runs_along_the_edge_counter_clockwise(kernel, degrees):
    assert describe(layer_of([[kernel]]), 1)["orientation"] == [degrees]


@pytest.mark.parametrize("degrees", range(0, 180, 10))
def test_a_turned_derivative_of_a_gaussian_is_found_at_its_angle(degrees):
    y, x = np.mgrid[2:-3:-1, -2:3]
    across = y * np.cos(np.radians(degrees)) - x * np.sin(np.radians(degrees))
    found = describe(layer_of([[across * np.exp(-(x**2 + y**2) * np.log(2))]]), 1)
    assert found["scores"][0, EDGE] == pytest.approx(1) and found["orientation"] == [degrees]


def test_a_sum_of_orthogonal_patterns_shares_its_energy():
    whole = 3 * SOBEL / np.linalg.norm(SOBEL) + 4 * BLURS[0] / 3
    found = scores([[whole]], colour=False)[0]
    assert found[EDGE] == pytest.approx(9 / 25) and found[LOW] == pytest.approx(16 / 25)


def test_a_score_is_the_largest_normalised_correlation_over_the_templates(random, bank):
    kernels = random.standard_normal((4, 6, 3, 3))
    found = scores(kernels, colour=False)
    for kernel, row in zip(kernels, found, strict=True):
        for kind, templates in bank.templates.items():
            shares = [sum((channel.ravel() @ t) ** 2 for channel in kernel) / (kernel**2).sum() for t in templates]
            assert row[kind] == pytest.approx(max(shares))


@pytest.mark.parametrize("kernel", [SOBEL, LAPLACIANS[0], BLURS[0]])
def test_red_minus_green_is_wholly_colour_opponent(kernel):
    found = scores([np.multiply.outer([1, -1, 0], kernel)], colour=True)[0]
    assert found[COLOUR] == pytest.approx(1)
    np.testing.assert_allclose(found[[EDGE, CENTRE, LOW]], 0, atol=1e-12)


def test_red_alone_is_two_thirds_colour_and_a_third_gray():
    found = scores([np.multiply.outer([1, 0, 0], SOBEL)], colour=True)[0]
    assert found[COLOUR] == pytest.approx(2 / 3) and found[EDGE] == pytest.approx(1 / 3)


def test_colour_is_defined_for_red_green_and_blue_only():
    assert np.isnan(describe(layer_of([[SOBEL]]), 1)["scores"][0, COLOUR])
    grouped = describe(layer_of([[SOBEL]] * 3, groups=1), 1)
    assert np.isnan(grouped["scores"][:, COLOUR]).all()
    assert np.isfinite(describe(layer_of([[SOBEL] * 3]), 1)["scores"][0, COLOUR])


def test_random_kernels_score_less_and_five_in_a_hundred_exceed_the_level(random):
    drawn = describe(layer_of(random.standard_normal((400, 8, 3, 3))), 4)
    spatial = [EDGE, CENTRE, LOW]
    assert drawn["scores"][:, spatial].max() < 0.6
    exceeding = (drawn["scores"][:, spatial] > drawn["random"][spatial]).mean(0)
    assert (exceeding > 0.01).all() and (exceeding < 0.1).all()
    assert (drawn["kind"] == NO_KIND).mean() > 0.8


def test_the_kind_is_the_highest_score_that_chance_does_not_reach():
    found = filters.kind_of(
        np.array([[0.5, 0.6, np.nan, 0.1], [0.2, 0.2, np.nan, 0.2]]), np.array([0.4, 0.7, np.nan, 0.3])
    )
    assert found.tolist() == [EDGE, NO_KIND]


def test_zeros_score_zero_and_are_not_picked_before_they_must():
    found = describe(layer_of([np.zeros((2, 3, 3)), np.stack([SOBEL, SOBEL])]), 2)
    assert found["scores"][0, [EDGE, CENTRE, LOW]].tolist() == [0, 0, 0] and found["explained"][0] == 0
    assert found["picked"].tolist() == [1]
    assert all(np.isfinite(found[key]).all() for key in ("pattern", "orientation", "norm"))


def test_kinds_come_in_turn_and_no_filter_twice():
    table = np.array(
        [[0.9, 0.8, np.nan, 0.1], [0.5, 0.2, np.nan, 0.3], [0.9, 0.1, np.nan, 0.2], [0.1, 0.1, np.nan, 0.3]]
    )
    assert pick(table, np.ones(4, bool), 3) == ([0, 1, 3], [EDGE, CENTRE, LOW])
    assert pick(table, np.ones(4, bool), 9) == ([0, 1, 3, 2], [EDGE, CENTRE, LOW, EDGE])
    assert pick(table, np.array([False, True, True, True]), 2) == ([2, 1], [EDGE, CENTRE])


def test_each_pick_is_the_best_that_is_left(random):
    found = describe(layer_of(random.standard_normal((12, 3, 3, 3))), 8)
    taken = set()
    for index, kind in zip(found["picked"], found["picked_kind"], strict=True):
        left = [other for other in range(12) if other not in taken]
        assert found["scores"][index, kind] == found["scores"][left, kind].max()
        taken.add(index)
    assert found["picked_kind"].tolist() == [0, 1, 2, 3] * 2 and len(taken) == 8


def test_the_template_is_the_one_that_gave_the_score(random):
    kernels = random.standard_normal((6, 5, 3, 3))
    found = describe(layer_of(kernels), 6)
    for index, kind, template in zip(found["picked"], found["picked_kind"], found["template"], strict=True):
        share = ((kernels[index] * template).sum((1, 2)) ** 2).sum() / (kernels[index] ** 2).sum()
        assert share == pytest.approx(found["scores"][index, kind], rel=1e-4)


def test_the_leading_pattern_is_the_first_singular_vector(random):
    kernels = random.standard_normal((5, 7, 3, 3))
    patterns, explained = leading_patterns(kernels)
    for kernel, pattern, share in zip(kernels, patterns, explained, strict=True):
        _, values, right = np.linalg.svd(kernel.reshape(7, 9))
        assert share == pytest.approx(values[0] ** 2 / (values**2).sum())
        assert abs(pattern.ravel() @ right[0]) == pytest.approx(1)
        assert (pattern * kernel.sum(0)).sum() >= 0
    assert (np.nanmax(scores(kernels, colour=False), axis=1) <= explained + 1e-9).all()


@pytest.mark.parametrize("size", [(3, 3), (4, 4), (5, 5), (7, 7), (3, 5)])
def test_templates_are_of_unit_length_and_of_sum_zero_but_for_low_pass(size):
    made = Bank.of(*size)
    for kind, templates in made.templates.items():
        np.testing.assert_allclose(np.linalg.norm(templates, axis=1), 1)
        if kind != LOW:
            np.testing.assert_allclose(templates.sum(1), 0, atol=1e-9)
    assert len(made.angles) == len(made.templates[EDGE])
    odd, even = made.templates[EDGE][0::2], made.templates[EDGE][1::2]
    assert all(np.isfinite(rows).all() for rows in itertools.chain(odd, even))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filters")
    model = network.build("small_resnet", 3)
    weights.save(model.state_dict(), folder / "w.safetensors", network="small_resnet")
    ask = {"model": folder / "w.safetensors", "layers": ["features.0.0", "features.1.0.conv1"], "shown": 8}
    filters.write_filters(**ask, output=folder / "one.npz")
    filters.write_filters(**ask, output=folder / "two.npz")
    return folder, model


def test_the_file_holds_the_models_kernels_the_same_bytes_each_time(written):
    folder, model = written
    assert (folder / "one.npz").read_bytes() == (folder / "two.npz").read_bytes()
    with np.load(folder / "one.npz") as found:
        for place, name in enumerate(("features.0.0", "features.1.0.conv1")):
            assert str(found[f"name_{place}"]) == name
            kernels = model.get_submodule(name).weight.detach().numpy()
            np.testing.assert_array_equal(found[f"kernels_{place}"], kernels)
            assert found[f"scores_{place}"].shape == (len(kernels), 4)
            assert found[f"picked_{place}"].shape == found[f"picked_kind_{place}"].shape == (8,)
            defined = found[f"scores_{place}"][:, [EDGE, CENTRE, LOW] + [COLOUR] * (place == 0)]
            assert defined.min() >= 0 and defined.max() <= 1
        assert found["kinds"].tolist() == list(filters.KINDS)


@pytest.mark.parametrize(
    "name, reason", [("features.9", "no convolution"), ("features.2.0.shortcut.0", "smaller than 3x3")]
)
def test_a_wrong_layer_is_named_with_those_there_are(written, name, reason, tmp_path):
    with pytest.raises(UserError, match=rf"filters.layers: {name} .*{reason}.*features\.0\.0, "):
        filters.write_filters(model=written[0] / "w.safetensors", layers=[name], shown=2, output=tmp_path / "x.npz")
    assert not (tmp_path / "x.npz").exists()


def write_layers(path, layers, shown=8):
    """A filters file of some convolutions."""
    arrays = {"kinds": np.array(filters.KINDS)}
    for place, layer in enumerate(layers):
        found = {"name": np.array(f"features.{place}.0")} | describe(layer, shown)
        arrays |= {f"{key}_{place}": array for key, array in found.items()}
    np.savez(path, **arrays)
    return path


torch.manual_seed(0)
LAYERS = {
    "colour": nn.Conv2d(3, 32, 3),
    "few": nn.Conv2d(3, 2, 5),
    "slices": nn.Conv2d(20, 24, 3),
    "many slices": nn.Conv2d(64, 64, 3),
    "patterns alone": nn.Conv2d(70, 80, 3),
    "by channel": nn.Conv2d(300, 300, 3, groups=300),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LAYERS)
def test_every_label_is_whole(kind, tmp_path, monkeypatch):
    path = write_layers(tmp_path / "f.npz", [LAYERS[kind]])
    drawing.check_labels(drawing.figure_of(sheet, monkeypatch, tmp_path, filters=path, layer=0), monkeypatch)
    drawing.check_labels(drawing.figure_of(filter_kinds, monkeypatch, tmp_path, filters=path), monkeypatch)


@pytest.mark.parametrize("shown", [1, 5, 16])
def test_the_picked_filters_of_two_layers_fit_the_page(shown, tmp_path, monkeypatch):
    path = write_layers(tmp_path / "f.npz", [LAYERS["colour"], LAYERS["slices"]], shown)
    drawing.check_labels(drawing.figure_of(filter_kinds, monkeypatch, tmp_path, filters=path), monkeypatch)


def test_drawn_twice_the_figures_have_the_same_bytes(tmp_path):
    path = write_layers(tmp_path / "f.npz", [LAYERS["few"], LAYERS["slices"]])
    drawing.same_bytes(sheet, tmp_path, filters=path, layer=1)
    drawing.same_bytes(filter_kinds, tmp_path, filters=path)


def test_zero_is_mid_gray_and_a_kernel_is_scaled_by_its_own_largest_weight():
    kernel = np.zeros((3, 3, 3))
    kernel[0, 0] = [0.5, -0.5, 0]
    kernel[2, 1] = [0.25, 0, 0]
    inside = kernels.painted(kernel)[kernels.DOTS // 2 :: kernels.DOTS, kernels.DOTS // 2 :: kernels.DOTS].astype(int)
    assert inside[0, 0].tolist() == [255, 0, 128] and inside[1, 1].tolist() == [128] * 3
    assert inside[2, 1].tolist() == [191, 128, 128]
    assert (kernels.painted(np.zeros((3, 3, 1)))[5:15, 5:15] == 128).all()


def test_every_slice_of_every_filter_is_drawn(tmp_path, monkeypatch):
    layer = nn.Conv2d(5, 4, 3)
    path = write_layers(tmp_path / "f.npz", [layer])
    figure = drawing.figure_of(sheet, monkeypatch, tmp_path, filters=path, layer=0)
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    whole = layer.weight.detach().numpy()
    expected = [[kernels.painted(part[..., None], np.abs(kernel).max()) for part in kernel] for kernel in whole]
    for tiles in expected:
        assert any(np.array_equal(image, kernels.strip(tiles)) for image in shown)


def test_the_picked_filters_are_named_with_kind_score_and_what_chance_reaches(tmp_path, monkeypatch):
    noise = np.random.default_rng(0).standard_normal((1, 4, 3, 3))
    edge = np.multiply.outer([1, -2, 0, 1], SOBEL)[None]
    path = write_layers(tmp_path / "f.npz", [layer_of(np.concatenate([noise, edge]))], shown=2)
    found = np.load(path)
    said = drawing.words(drawing.figure_of(filter_kinds, monkeypatch, tmp_path, filters=path))
    assert found["picked_0"].tolist() == [1, 0]
    assert {"oriented edge, 90°", f"filter 1: 1.00  (random {found['random_0'][EDGE]:.2f})"} <= set(said)
    assert "leading pattern: 100 %" in said and "centre-surround (?)" in said


def test_a_filters_file_that_does_not_fit_is_named(tmp_path):
    path = write_layers(tmp_path / "f.npz", [LAYERS["few"]])
    with pytest.raises(UserError, match="no layer 2"):
        sheet.draw(filters=path, layer=1, output=tmp_path / "x.svg")
    stored = dict(np.load(path))
    np.savez(path, **stored | {"norm_0": stored["norm_0"][:1]})
    with pytest.raises(UserError, match=r"features\.0\.0 do not fit together"):
        filter_kinds.draw(filters=path, output=tmp_path / "x.svg")
    del stored["pattern_0"]
    np.savez(path, **stored)
    with pytest.raises(UserError, match="lacks pattern_0"):
        filter_kinds.draw(filters=path, output=tmp_path / "x.svg")
    assert not (tmp_path / "x.svg").exists()
