"""The figures: equal bytes, the data drawn are the data given, every label whole and inside, and clear complaints."""

import base64
import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from PIL import Image

from scenessl.errors import UserError
from scenessl.figures import (
    accuracy,
    class_responses,
    confusion,
    curves,
    early_latest,
    inversion,
    inversion_traces,
    overlay,
    pretext_sheet,
    same_filters,
    scorecam,
    scorecam_comparison,
    style,
)

AWKWARD = ["$a_b$", "_under_", "a<b & 'c'", 'x "y" -- z', "Zürich\nHauptbahnhof (Ostseite, bei Nacht und viel Regen)"]
MODELS = ["supervised", "rotation_scenes", "perturbation_scenes"]
SIDE = 24


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Return a function that draws with a module and gives the figure beside the file."""

    def draw(module, **arguments) -> Figure:
        figures = []
        whole = style.save

        def save(figure, path, **options):
            figures.append(figure)
            whole(figure, path, **options)

        monkeypatch.setattr(module, "save", save)
        module.draw(output=tmp_path / "figure.svg", **arguments)
        return figures[0]

    return draw


def texts(figure):
    """Return all visible texts of a figure, without what is empty."""
    return [text for text in figure.findobj(matplotlib.text.Text) if text.get_visible() and text.get_text().strip()]


def words(figure):
    return [text.get_text() for text in texts(figure)]


def write_table(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def write_run(folder, losses, selected, seed=0):
    """A history whose validation is one above train, and its selection."""
    columns = ["epoch", "running_loss", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
    rows = [[e, "" if e == 0 else loss, loss, 1 - loss / 9, loss + 1, 0.9 - loss / 9] for e, loss in enumerate(losses)]
    selection = folder / f"selection{seed}.json"
    selection.write_text(json.dumps({"selected_epoch": selected}))
    return write_table(folder / f"history{seed}.csv", columns, rows), selection


def write_predictions(path, target, predicted, names, part=2):
    probabilities = np.eye(len(names), dtype=np.float32)[predicted]
    part = np.full(len(target), part, np.uint8)
    np.savez(path, part=part, target=np.array(target, np.int16), probabilities=probabilities, names=np.array(names))
    return path


def many_predictions(path, random, classes, count=2000):
    names = [f"{AWKWARD[k % 5]} {k}" for k in range(classes)]
    target = random.integers(0, classes, count)
    predicted = np.where(random.random(count) < 0.8, target, random.integers(0, classes, count))
    return write_predictions(path, target, predicted, names)


def write_accuracies(path, seeds=(0,), validation=True):
    columns = ["model", "task", "seed", "validation_accuracy", "n_validation", "test_accuracy", "n_test"]
    rows = [["rotation", "rotation", 0, 0.97, 225, 0.96, 2985]]
    for index, model in enumerate(MODELS):
        for seed in seeds:
            share = 0.93 - 0.05 * index + 0.01 * seed
            rows.append([model, "scenes", seed, share if validation else "", 225 if validation else 0, share, 500])
    return write_table(path, columns, rows)


def write_explanations(folder, random, images=2, channels=1):
    """Crops, a choice in an order of its own, and maps of every model in the order of image ids."""
    crops = random.integers(0, 256, (9, channels, SIDE, SIDE)).astype(np.uint8)
    np.save(folder / "crops.npy", crops)
    ids = [7, 2, 5, 0, 8, 1, 6, 3][:images]
    entries = [{"number": n + 1, "image": i, "class": AWKWARD[n % 5], "label": 0} for n, i in enumerate(ids)]
    (folder / "choice.json").write_text(json.dumps({"images": entries}))
    paths = {}
    for model in MODELS:
        maps = random.random((images, 3, SIDE, SIDE)).astype(np.float32) * 5
        paths[model] = folder / f"{model}.npz"
        stored = sorted(ids)
        confidence = np.array([i / 10 for i in stored])
        np.savez(paths[model], maps=maps, layers=[8, 2, 1], images=np.array(stored, int), confidence=confidence)
    return {"maps": paths, "crops": folder / "crops.npy", "choice": folder / "choice.json"}


def write_inversion(path, random, filters=5, steps=20):
    trace = np.cumsum(random.random((filters + 1, steps + 1)), axis=1) - 0.25
    np.savez(
        path,
        images=random.integers(0, 256, (filters + 1, SIDE, SIDE, 3)).astype(np.uint8),
        filters=np.arange(filters) * 100,
        weight_sums=np.arange(filters) + 0.5,
        trace=trace,
        start=trace[:, 0],
        end=trace[:, -1],
        natural_max=random.random(filters + 1) * 9,
        natural_image=np.arange(filters + 1) % 9,
        moved=trace[:, -1] / 2,
        further_filters=np.array([700, 701]),
        further_images=random.integers(0, 256, (2, SIDE, SIDE, 3)).astype(np.uint8),
        further_end=np.array([1.5, 2.5]),
        responses=random.random((30, filters + 2)).astype(np.float32),
        response_images=np.arange(30),
    )
    return path


def write_samples(path, random, labels, boxes=None, images=3, views=2):
    arrays = {"images": random.integers(0, 256, (images, views, SIDE, SIDE, 3)).astype(np.uint8)}
    np.savez(path, **arrays, labels=np.array(labels), **({} if boxes is None else {"boxes": boxes}))
    return path


def write_classes(folder, images=30):
    """An index whose images go through five classes with awkward names."""
    (folder / "classes.json").write_text(json.dumps({"classes": AWKWARD[:5]}))
    index = write_table(folder / "index.csv", ["image", "label"], [[at, at % 5] for at in range(images)])
    return {"index": index, "classes": folder / "classes.json"}


def every_figure(folder, random):
    """Return (module, arguments) for each kind of figure, with awkward names where there are names."""
    history, selection = write_run(folder, [2.0, 1.0, 0.5], 2)
    accuracies = write_accuracies(folder / "accuracy.csv", seeds=(0, 1))
    explanations = write_explanations(folder, random, images=5)
    traces = {model: write_inversion(folder / f"inversion_{model}.npz", random) for model in MODELS}
    boxes = np.array([[0, SIDE - 4, 4], [3, 5, 4], [9, 9, 4]])
    samples = write_samples(folder / "samples.npz", random, AWKWARD[:2], boxes)
    return {
        "pretext": (pretext_sheet, {"samples": samples}),
        "curves": (curves, {"histories": [history], "selections": [selection]}),
        "confusion 2": (confusion, {"predictions": [many_predictions(folder / "2.npz", random, 2)]}),
        "confusion 15": (confusion, {"predictions": [many_predictions(folder / "15.npz", random, 15)]}),
        "confusion 40": (confusion, {"predictions": [many_predictions(folder / "40.npz", random, 40)]}),
        "confusion 70": (confusion, {"predictions": [many_predictions(folder / "70.npz", random, 70)]}),
        "accuracy": (accuracy, {"accuracies": accuracies, "classes": 15}),
        "early and latest": (early_latest, {"accuracies": accuracies, "early": MODELS[2], "latest": MODELS[1]}),
        "scorecam": (scorecam, explanations | {"maps": explanations["maps"][MODELS[1]]}),
        "comparison": (scorecam_comparison, explanations),
        "inversion": (inversion, {"inversion": traces[MODELS[0]], "crops": explanations["crops"]}),
        "traces": (inversion_traces, {"inversions": traces}),
        "same filters": (same_filters, {"inversions": traces}),
        "class responses": (class_responses, {"inversions": traces, **write_classes(folder)}),
    }


KINDS = ["pretext", "curves", "confusion 2", "confusion 15", "confusion 40", "confusion 70", "accuracy"]
KINDS += ["early and latest", "scorecam", "comparison", "inversion", "traces"]
KINDS += ["same filters", "class responses"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_same_inputs_same_bytes_whatever_the_users_settings(kind, tmp_path, random):
    module, arguments = every_figure(tmp_path, random)[kind]
    module.draw(output=tmp_path / "one.svg", **arguments)
    with matplotlib.rc_context(
        {"font.family": "serif", "lines.linewidth": 9, "svg.fonttype": "none", "axes.grid": True}
    ):
        module.draw(output=tmp_path / "two.svg", **arguments)
        assert matplotlib.rcParams["lines.linewidth"] == 9  # left as found
    one = (tmp_path / "one.svg").read_bytes()
    assert one == (tmp_path / "two.svg").read_bytes()
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(one).iter()}
    assert "text" not in tags and "date" not in tags  # outlines need no font


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_label_is_inside_and_none_lies_on_another(kind, tmp_path, random, drawn, monkeypatch):
    module, arguments = every_figure(tmp_path, random)[kind]
    figure = drawn(module, **arguments)
    boxes = []

    def record(text, renderer):  # called for what is drawn: ticks out of range exist as well
        if text.get_visible() and text.get_text().strip():
            boxes.append((text.get_text(), text.get_window_extent(renderer)))

    monkeypatch.setattr(matplotlib.text.Text, "draw", record)
    with style.look():
        figure.canvas.draw()
    width, height = figure.get_size_inches() * figure.dpi
    assert width <= 180 / 25.4 * figure.dpi
    outside = [text for text, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height]
    assert boxes and outside == []
    slack = 0.25 / 25.4 * figure.dpi  # boxes of two lines of text may touch
    for index, (text, box) in enumerate(boxes):
        for other, its in boxes[index + 1 :]:
            beside = box.x1 - slack < its.x0 or its.x1 - slack < box.x0
            assert beside or box.y1 - slack < its.y0 or its.y1 - slack < box.y0, (text, other)


def test_curves_draw_the_history_and_the_epoch_selected(tmp_path, drawn):
    history, selection = write_run(tmp_path, [2.0, 1.0, 0.5, 0.7], 2)
    figure = drawn(curves, histories=[history], selections=[selection])
    loss, percent, gap = figure.axes
    np.testing.assert_allclose(loss.lines[0].get_xydata(), [[0, 2], [1, 1], [2, 0.5], [3, 0.7]])
    np.testing.assert_allclose(loss.lines[1].get_ydata(), [3, 2, 1.5, 1.7])
    np.testing.assert_allclose(percent.lines[0].get_ydata(), [100 - 200 / 9, 100 - 100 / 9, 100 - 50 / 9, 100 - 70 / 9])
    np.testing.assert_allclose(gap.lines[0].get_ydata(), percent.lines[0].get_ydata() - percent.lines[1].get_ydata())
    marks = [line for line in loss.lines if line.get_marker() == "o"]
    assert [line.get_xydata().tolist() for line in marks] == [[[2, 1.5]]]
    assert list(loss.lines[2].get_xdata()) == [2, 2]
    assert {"train", "validation", "selected epoch (2)"} <= set(words(figure))


def test_the_mean_over_seeds_ends_where_the_first_seed_stops(tmp_path, drawn):
    runs = [write_run(tmp_path, [2.0, 1.0, 0.4, 0.2], 3), write_run(tmp_path, [2.0, 0.6], 1, seed=1)]
    figure = drawn(curves, histories=[r[0] for r in runs], selections=[r[1] for r in runs], validation_name="test")
    thick = max(figure.axes[0].lines, key=lambda line: line.get_linewidth())
    np.testing.assert_allclose(thick.get_xydata(), [[0, 2], [1, 0.8]])
    assert any(word.startswith("test ") for word in words(figure))
    assert "selected epochs (1, 3)" in words(figure)


@pytest.mark.parametrize(
    "content, complaint",
    [("", "no rows"), ("epoch,train_loss\n0,1\n", "lacks"), (None, "cannot read")],
)
def test_curves_name_a_history_that_is_of_no_use(content, complaint, tmp_path):
    _, selection = write_run(tmp_path, [1.0], 0)
    path = tmp_path / "other.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=complaint) as raised:
        curves.draw(histories=[path], selections=[selection], output=tmp_path / "x.svg")
    assert str(path) in str(raised.value)
    assert not (tmp_path / "x.svg").exists()


def test_curves_refuse_words_for_numbers_and_an_epoch_that_was_not_run(tmp_path):
    history, selection = write_run(tmp_path, [1.0, 0.5], 7)
    with pytest.raises(UserError, match="selected epoch 7"):
        curves.draw(histories=[history], selections=[selection], output=tmp_path / "x.svg")
    with pytest.raises(UserError, match="one selection per history"):
        curves.draw(histories=[history], selections=[], output=tmp_path / "x.svg")
    history.write_text(history.read_text().replace("0.5", "half"))
    with pytest.raises(UserError, match="no number"):
        curves.draw(histories=[history], selections=[selection], output=tmp_path / "x.svg")


def test_the_confusion_matrix_is_counted_over_seeds_and_normalised_by_rows(tmp_path, random, drawn):
    names = AWKWARD[:4]
    pairs = random.integers(0, 3, (2, 60, 2))  # the last class is never there
    paths = [write_predictions(tmp_path / f"{k}.npz", pair[:, 0], pair[:, 1], names) for k, pair in enumerate(pairs)]
    counts = np.zeros((4, 4))
    for target, predicted in pairs.reshape(-1, 2):
        counts[target, predicted] += 1
    figure = drawn(confusion, predictions=paths)
    mesh = next(artist for artist in figure.axes[0].collections if isinstance(artist, QuadMesh))
    shown = mesh.get_array().reshape(4, 4)
    np.testing.assert_allclose(shown[:3].filled(-1), counts[:3] / counts[:3].sum(axis=1, keepdims=True))
    assert shown.mask[3].all()
    first = f"{100 * counts[0, 1] / counts[0].sum():.1f}\n({counts[0, 1]:.0f})"
    assert first in words(figure)


def test_names_are_no_formulas_and_come_whole_or_with_an_ellipsis(tmp_path, drawn):
    target = np.arange(5)
    figure = drawn(confusion, predictions=[write_predictions(tmp_path / "p.npz", target, target, AWKWARD)])
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows[:4] == [f"{name} (1)" for name in AWKWARD[:4]]
    assert rows[4].startswith("Zürich Haupt") and rows[4].endswith("… (1)")
    assert not any(label.get_parse_math() for label in figure.axes[0].get_yticklabels())


def test_only_the_test_part_counts(tmp_path):
    path = write_predictions(tmp_path / "p.npz", [0, 1], [0, 1], ["a", "b"], part=1)
    with pytest.raises(UserError, match="no prediction of the test part"):
        confusion.draw(predictions=[path], output=tmp_path / "x.svg")


def test_seeds_with_other_classes_are_refused(tmp_path):
    one = write_predictions(tmp_path / "1.npz", [0, 1], [0, 1], ["a", "b"])
    other = write_predictions(tmp_path / "2.npz", [0, 1], [0, 1], ["a", "c"])
    with pytest.raises(UserError, match="other classes"):
        confusion.draw(predictions=[one, other], output=tmp_path / "x.svg")


def points(axes):
    """Return the points (x, y) of the error bars, row by row."""
    return [container.lines[0].get_xydata() for container in axes.containers]


def test_accuracy_draws_scene_models_only_with_wilson_intervals_and_chance(tmp_path, drawn):
    figure = drawn(accuracy, accuracies=write_accuracies(tmp_path / "a.csv"), classes=4)
    axes = figure.axes[0]
    np.testing.assert_allclose([row[0, 0] for row in points(axes)], [93, 88, 83])
    assert [label.get_text().replace("\n", "") for label in axes.get_yticklabels()] == MODELS
    chance = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert [list(line.get_xdata()) for line in chance] == [[25, 25]]
    bar = next(artist for artist in axes.containers[0].get_children() if isinstance(artist, LineCollection))
    for end in bar.get_segments()[0][:, 0] / 100:  # both ends solve Wilson's equation
        assert (end - 0.93) ** 2 == pytest.approx(1.959964**2 * end * (1 - end) / 500, rel=1e-4)


def test_accuracy_names_a_table_without_scene_models(tmp_path):
    path = write_table(tmp_path / "a.csv", ["model", "task", "seed", "test_accuracy", "n_test"], [["r", "x", 0, 1, 9]])
    with pytest.raises(UserError, match="no test accuracy"):
        accuracy.draw(accuracies=path, classes=2, output=tmp_path / "x.svg")
    path.write_text(path.read_text().replace("x,0,1", "scenes,0,93.6"))
    with pytest.raises(UserError, match="range 0 to 1"):
        accuracy.draw(accuracies=path, classes=2, output=tmp_path / "x.svg")


def test_early_and_latest_stand_per_part_and_validation_only_where_it_is(tmp_path, drawn):
    arguments = {"early": MODELS[2], "latest": MODELS[1], "labels": ("epoch 3", "epoch 6")}
    both = drawn(early_latest, accuracies=write_accuracies(tmp_path / "a.csv", seeds=(0, 1)), **arguments)
    np.testing.assert_allclose(points(both.axes[1])[0][:, 0], [83, 84])
    assert {"validation", "test", "epoch 3", "epoch 6"} <= set(words(both))
    one = drawn(early_latest, accuracies=write_accuracies(tmp_path / "b.csv", validation=False), **arguments)
    assert len(one.axes) == 1 and "validation" not in words(one)
    with pytest.raises(UserError, match="no test accuracy of nobody"):
        early_latest.draw(accuracies=tmp_path / "a.csv", early="nobody", latest=MODELS[1], output=tmp_path / "x.svg")


@pytest.mark.parametrize("channels", [1, 3])
def test_a_map_lies_half_and_half_over_the_gray_image_of_its_number(channels, tmp_path, random, drawn):
    explanations = write_explanations(tmp_path, random, images=2, channels=channels)
    path = explanations["maps"][MODELS[0]]
    figure = drawn(scorecam, **explanations | {"maps": path}, colour_map="viridis")
    image = np.load(explanations["crops"])[7].astype(float)  # image number 1
    gray = image[0] if channels == 1 else 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]
    heat = np.load(path)["maps"][1, 2]  # stored by image id: image 2, then image 7; the last layer
    expected = 0.5 * 255 * matplotlib.colormaps["viridis"](heat / heat.max())[..., :3] + 0.5 * gray[..., None]
    shown = [axes.images[0].get_array() for axes in figure.axes]
    np.testing.assert_allclose(shown[3], expected, atol=0.51)
    np.testing.assert_array_equal(shown[0], np.broadcast_to(image, (3, SIDE, SIDE)).transpose(1, 2, 0))
    assert {"features[8]", "features[2]", "features[1]", "confidence 0.70", "1", "2"} <= set(words(figure))


def test_an_empty_map_is_zero_and_says_so(tmp_path, random, drawn):
    explanations = write_explanations(tmp_path, random, images=1)
    path = explanations["maps"][MODELS[0]]
    stored = dict(np.load(path))
    stored["maps"][0, 1] = 0
    np.savez(path, **stored)
    assert words(drawn(scorecam, **explanations | {"maps": path})).count("zero map") == 1
    assert words(drawn(scorecam_comparison, **explanations)).count("zero map") == 1
    image = overlay.blended(np.full((2, 2, 3), 80, np.uint8), np.zeros((2, 2)), "gray")
    assert (image == 40).all()


def test_the_comparison_groups_models_by_layer(tmp_path, random, drawn):
    explanations = write_explanations(tmp_path, random, images=2)
    figure = drawn(scorecam_comparison, **explanations, names={MODELS[0]: "all $layers$"})
    rows = np.array([axes.images[0].get_array() for axes in figure.axes[:20]]).reshape(2, 10, SIDE, SIDE, 3)
    image = np.load(explanations["crops"])[2].repeat(3, axis=0).transpose(1, 2, 0)
    for layer in range(3):
        for column, model in enumerate(MODELS):
            heat = np.load(explanations["maps"][model])["maps"][0, layer]  # image 2 is number 2
            np.testing.assert_array_equal(rows[1, 1 + 3 * layer + column], overlay.blended(image, heat, "jet"))
    assert sum("$layers$" in word for word in words(figure)) >= 3


@pytest.mark.parametrize("images", [1, 2, 8])
def test_grids_fit_the_page(images, tmp_path, random, drawn):
    explanations = write_explanations(tmp_path, random, images=images)
    for figure in (
        drawn(scorecam_comparison, **explanations),
        drawn(scorecam, **explanations | {"maps": explanations["maps"][MODELS[0]]}),
    ):
        width, height = figure.get_size_inches() * 25.4
        assert width <= 170.5 and height <= 222


def test_without_a_common_image_the_figure_says_so(tmp_path, random, drawn):
    explanations = write_explanations(tmp_path, random, images=0)
    expected = ["No test image is classified correctly by all compared models."]
    assert words(drawn(scorecam_comparison, **explanations)) == expected
    assert words(drawn(scorecam, **explanations | {"maps": explanations["maps"][MODELS[0]]})) == expected


def test_score_cam_names_what_is_missing(tmp_path, random):
    explanations = write_explanations(tmp_path, random, images=2)
    arguments = explanations | {"maps": explanations["maps"][MODELS[0]], "output": tmp_path / "x.svg"}
    with pytest.raises(UserError, match="no colour map named 'jett'"):
        scorecam.draw(**arguments, colour_map="jett")
    choice = json.loads(explanations["choice"].read_text())
    choice["images"][1]["image"] = 4
    explanations["choice"].write_text(json.dumps(choice))
    with pytest.raises(UserError, match="no map of image 2"):
        scorecam.draw(**arguments)
    np.save(explanations["crops"], np.zeros((9, SIDE, SIDE), np.uint8))
    with pytest.raises(UserError, match="crops"):
        (tmp_path / "choice.json").write_text(json.dumps({"images": choice["images"][:1]}))
        scorecam.draw(**arguments)


def test_inversion_labels_carry_the_numbers(tmp_path, random, drawn):
    path = write_inversion(tmp_path / "i.npz", random)
    stored = dict(np.load(path))
    stored.update(start=np.full(6, -0.25), end=np.full(6, 12.34), moved=np.full(6, 9), natural_max=np.full(6, 1234.6))
    np.savez(path, **stored)
    crops = write_explanations(tmp_path, random)["crops"]
    figure = drawn(inversion, inversion=path, crops=crops)
    assert {"filter 200,  weight sum 2.5", "sum of the 5 filters"} <= set(words(figure))
    assert words(figure).count("−0.25 → 12.3,  moved 9;  real 1235") == 6
    for axes, image in zip(figure.axes[1::2], stored["natural_image"], strict=True):
        real = np.broadcast_to(np.load(crops)[image], (3, SIDE, SIDE)).transpose(1, 2, 0)
        np.testing.assert_array_equal(axes.images[0].get_array(), real)
    for axes, image in zip(figure.axes[::2], stored["images"], strict=True):
        shown = np.asarray(axes.images[0].get_array())
        assert (shown.min(), shown.max()) == (0, 255)
        inner = (shown > 0) & (shown < 255)  # stretched, not otherwise changed: a straight line
        assert np.corrcoef(shown[inner], image[inner])[0, 1] > 0.999


def test_traces_draw_every_objective_and_its_highest_real_value(tmp_path, random, drawn):
    paths = {model: write_inversion(tmp_path / f"{model}.npz", random, filters=3) for model in MODELS}
    figure = drawn(inversion_traces, inversions=paths)
    assert len(figure.axes) == 3 * 4
    for position, model in enumerate(MODELS):
        stored = np.load(paths[model])
        for index in range(4):
            trace, natural = figure.axes[4 * position + index].lines
            np.testing.assert_array_equal(trace.get_ydata(), stored["trace"][index])
            assert set(natural.get_ydata()) == {stored["natural_max"][index]}
            assert natural.get_linestyle() == "--"


def test_inversions_that_do_not_fit_their_filters_are_refused(tmp_path, random):
    path = write_inversion(tmp_path / "i.npz", random)
    stored = dict(np.load(path)) | {"filters": np.arange(4)}
    np.savez(path, **stored)
    with pytest.raises(UserError, match="do not fit 4 filters"):
        inversion.draw(inversion=path, crops=tmp_path / "crops.npy", output=tmp_path / "x.svg")
    with pytest.raises(UserError, match="do not fit 4 filters"):
        inversion_traces.draw(inversions={"m": path}, output=tmp_path / "x.svg")
    path.write_bytes(b"no archive")
    with pytest.raises(UserError, match="cannot read"):
        inversion.draw(inversion=path, crops=tmp_path / "crops.npy", output=tmp_path / "x.svg")


def test_the_same_filters_are_found_among_all_that_a_model_inverted(tmp_path, random, drawn):
    paths = {model: write_inversion(tmp_path / f"{model}.npz", random, filters=3) for model in MODELS}
    stored = dict(np.load(paths[MODELS[1]])) | {"filters": np.array([0, 200, 5]), "further_filters": np.array([100, 9])}
    np.savez(paths[MODELS[1]], **stored)
    figure = drawn(same_filters, inversions=paths)
    assert len(figure.axes) == 9 and words(figure).count("1.5, not chosen") == 1
    shown = np.asarray(figure.axes[4].images[0].get_array())  # second model, filter 100
    assert np.corrcoef(shown.ravel(), stored["further_images"][0].ravel())[0, 1] > 0.99
    np.savez(paths[MODELS[1]], **stored | {"further_filters": np.array([8, 9])})
    with pytest.raises(UserError, match="lacks filter 100"):
        same_filters.draw(inversions=paths, output=tmp_path / "x.svg")


def test_a_shared_range_keeps_what_differs_between_models(tmp_path, random, drawn):
    explanations = write_explanations(tmp_path, random, images=1)
    path = explanations["maps"][MODELS[1]]
    stored = dict(np.load(path))
    np.savez(path, **stored | {"maps": stored["maps"] / 100})
    figure = drawn(scorecam_comparison, **explanations, is_shared=True)
    top = np.load(explanations["maps"][MODELS[0]])["maps"][0, 0].max()
    image = np.load(explanations["crops"])[7].repeat(3, axis=0).transpose(1, 2, 0)
    third = np.load(explanations["maps"][MODELS[2]])["maps"][0, 0]
    expected = overlay.blended(image, stored["maps"][0, 0] / 100, "jet", max(top, third.max()))
    np.testing.assert_array_equal(figure.axes[2].images[0].get_array(), expected)


def test_maps_of_the_pretext_follow_those_of_the_scheme(tmp_path, random, drawn):
    explanations = write_explanations(tmp_path, random, images=2)
    path = explanations["maps"][MODELS[0]]
    stored = dict(np.load(path))
    np.savez(path, **stored, pretext_maps=stored["maps"][:, ::-1])
    figure = drawn(scorecam, **explanations | {"maps": path})
    shown = [axes.images[0].get_array() for axes in figure.axes[:7]]
    np.testing.assert_array_equal(shown[1], shown[6])
    assert "pretext, [8]" in words(figure)


def test_a_pretext_sheet_shows_the_views_in_order_and_rings_the_squares(tmp_path, random, drawn):
    boxes = np.array([[0, 20, 4], [3, 5, 4], [9, 9, 4]])
    path = write_samples(tmp_path / "s.npz", random, ["black", "white"], boxes)
    figure = drawn(pretext_sheet, samples=path)
    images = np.load(path)["images"]
    for axes, image in zip(figure.axes, images.reshape(-1, SIDE, SIDE, 3), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), image)
    ring = next(artist for artist in figure.axes[2].patches if isinstance(artist, Circle))
    assert ring.center == (6.5, 4.5)  # middle of columns 5 to 8 and rows 3 to 6
    assert ring.radius > 4 * 2**0.5 / 2  # round the corners of the square
    assert words(figure) == ["black", "white"] * 2  # two images stand side by side


def test_a_pretext_sheet_may_label_every_view(tmp_path, random, drawn):
    labels = [["a", "b"], ["c", "d"], ["e", "$f$"]]
    figure = drawn(pretext_sheet, samples=write_samples(tmp_path / "s.npz", random, labels))
    assert words(figure) == ["a", "b", "c", "d", "e", "$f$"]


@pytest.mark.parametrize(
    "labels, boxes, complaint",
    [(["one"], None, "labels"), (["a", "b"], np.zeros((2, 3)), "boxes")],
)
def test_a_pretext_sheet_refuses_what_does_not_fit(labels, boxes, complaint, tmp_path, random):
    path = write_samples(tmp_path / "s.npz", random, labels, boxes)
    with pytest.raises(UserError, match=complaint):
        pretext_sheet.draw(samples=path, output=tmp_path / "x.svg")


def test_photographs_are_stored_small_and_nearly_unchanged(tmp_path, random):
    ramp = np.add.outer(np.arange(150.0), np.arange(150.0))
    image = (ramp[..., None] * [0.5, 0.7, 0.8] + random.normal(0, 6, (150, 150, 3))).clip(0, 255).astype(np.uint8)
    sizes = []
    for photographs in (False, True):
        with style.look():
            figure = style.canvas(45, 45)
            style.picture(figure, 2, 2, 40, image)
            style.save(figure, tmp_path / "p.svg", photographs=photographs)
        sizes.append((tmp_path / "p.svg").stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]
    code = re.search(r"data:image/jpeg;base64,([^\"]+)", (tmp_path / "p.svg").read_text()).group(1)
    stored = np.asarray(Image.open(io.BytesIO(base64.b64decode(code)))).astype(float)
    assert stored.shape == image.shape
    assert (
        min(abs(stored - image).mean(), abs(stored[::-1] - image).mean()) < 5
    )  # of 255, with noise that no JPEG keeps


def test_a_large_picture_is_shrunk_to_what_print_can_show():
    image = np.full((400, 400, 3), 9, np.uint8)
    assert style.shrunk(image, 150).shape == (150, 150, 3)
    assert style.shrunk(image, 400) is image


@pytest.mark.parametrize(
    "text, expected",
    [("a\n b", "a b"), ("e\u0301", "é"), ("x\x00\udc80", "x\ufffd\ufffd"), ("$a_b$", "$a_b$")],
)
def test_plain_text_is_one_line_that_xml_can_hold(text, expected):
    assert style.plain(text) == expected


def test_text_is_shortened_and_wrapped_to_its_width():
    assert style.shortened("office", 30, 8) == "office"
    short = style.shortened("a very long name of a class", 20, 8)
    assert short.endswith("…") and style.text_width(short, 8) <= 20
    assert style.wrapped("epoch 3 (perturbation_3)", 35, 8) == "epoch 3\n(perturbation_3)"
    assert style.wrapped("perturbation_scenes", 20, 6) == "perturbation_\nscenes"
    lines = style.wrapped("words " * 20, 20, 8, lines=3).split("\n")
    assert len(lines) == 3 and lines[2].endswith("…")
    assert all(style.text_width(line, 8) <= 20 for line in lines)


def test_text_is_as_wide_as_matplotlib_draws_it():
    with style.look():
        figure = style.canvas(100, 20)
        style.write(figure, 5, 5, "Zürich Hauptbahnhof", 8)
        drawn = figure.texts[0].get_window_extent(figure.canvas.get_renderer()).width / figure.dpi * 25.4
    assert style.text_width("Zürich Hauptbahnhof", 8) == pytest.approx(drawn, rel=0.03)


@pytest.mark.parametrize(
    "value, expected",
    [(12.345, "12.3"), (-0.25, "−0.25"), (1234.6, "1235"), (56789.0, "5.68e+04"), (float("nan"), "not finite")],
)
def test_numbers_have_three_digits(value, expected):
    assert style.number(value) == expected


def test_other_file_types_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"\.svg or \.png"):
        style.save(style.canvas(10, 10), tmp_path / "x.jpg")


def test_figures_need_neither_torch_nor_pandas():
    names = [path.stem for path in Path(style.__file__).parent.glob("[a-z]*.py")]
    code = (
        f"import sys; from scenessl.figures import {', '.join(names)}; print({{'torch', 'pandas'}} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
