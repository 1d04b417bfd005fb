"""Class activation maps: exact by a closed form and two libraries, of images chosen by a stated rule."""

import drawing
import matplotlib
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from test_scorecam import Toy
from torch import nn
from toy_runs import CLASSES, OPTIONS, OUTPUTS, SIDE, made_data, made_run

from scenessl.data.crops import normalise
from scenessl.errors import UserError
from scenessl.explain import cam
from scenessl.explain.cam import border_share, chosen_images, class_maps, explain, linear_of, spread, write_cam
from scenessl.explain.predicted import Answers, read_answers
from scenessl.figures import cam as sheet
from scenessl.figures.overlay import blended
from scenessl.models import network
from scenessl.training.views import Views, load_task


@pytest.fixture
def model():
    return Toy().eval()


def photographs(number, side=17):
    return torch.randint(0, 256, (number, 3, side, side), generator=torch.Generator().manual_seed(4)).byte()


def test_a_map_is_equation_2_written_out(model):
    maps, linear = torch.rand(2, 10, 5, 5), model.classifier[1]
    found = class_maps(maps, linear, [3, 0])
    for image, target in enumerate((3, 0)):
        for x, y in np.ndindex(5, 5):
            expected = sum(linear.weight[target, k] * maps[image, k, x, y] for k in range(10))
            assert found[image, x, y].item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize("make", [Toy, lambda: network.build("small_resnet", 4)])
def test_the_mean_of_the_map_and_the_bias_make_the_logit(make):
    torch.manual_seed(0)
    trained = make().eval()
    pixels, targets = photographs(5, 16), np.array([0, 1, 2, 3, 0])
    found = explain(trained, pixels, targets)
    with torch.no_grad():
        logits = trained(normalise(pixels))[range(5), targets].numpy()
    bias = linear_of(trained).bias.detach().numpy()[targets]
    np.testing.assert_allclose(found["coarse"].mean((1, 2)) + bias, logits, atol=1e-4)
    assert found["gap"] < 1e-4


def test_maps_equal_those_of_torch_cam(model):
    methods = pytest.importorskip("torchcam.methods", reason="torch-cam is not installed")
    pixels = photographs(3)
    ours = explain(model, pixels, np.array([2, 0, 3]))["coarse"]
    for image, target in enumerate((2, 0, 3)):
        with methods.CAM(model, model.features[2], fc_layer="classifier.1", input_shape=(3, 17, 17)) as method:
            model(normalise(pixels[image : image + 1]))
            theirs = method(target, normalized=False)[0].numpy()[0]
        # theirs is cut off at zero, which ours is not
        np.testing.assert_allclose(ours[image].clip(0), theirs.clip(0), atol=1e-4)
        assert theirs.max() > 0


def test_maps_equal_grad_cam_before_its_relu_times_the_number_of_places(model):
    pixels, targets = photographs(2), [1, 2]
    maps = model.features(normalise(pixels)).detach().requires_grad_()
    logits = model.classifier(maps.mean((2, 3)))[range(2), targets]
    (slopes,) = torch.autograd.grad(logits.sum(), maps)
    expected = (slopes.mean((2, 3), keepdim=True) * maps).sum(1) * maps[0, 0].numel()
    np.testing.assert_allclose(explain(model, pixels, np.array(targets))["coarse"], expected.detach(), atol=1e-4)


def test_maps_are_spread_from_their_own_lowest_to_their_highest_value():
    coarse = torch.randn(3, 4, 4) * torch.tensor([1e-6, 1.0, 1e6]).view(3, 1, 1) - 5
    coarse[2] = 7.0
    maps, low, high = spread(coarse, 16)
    large = F.interpolate(coarse[:, None], (16, 16), mode="bilinear")[:, 0]
    assert maps[:2].amin((1, 2)).tolist() == [0, 0] and maps[:2].amax((1, 2)).tolist() == [1, 1]
    torch.testing.assert_close(low[:2, None, None] + maps[:2] * (high - low)[:2, None, None], large[:2])
    assert (maps[2] == 0).all() and low[2] == high[2] == 7


def test_the_border_share_has_closed_forms():
    even, middle, corner = torch.ones(32, 32), torch.zeros(32, 32), torch.zeros(32, 32)
    middle[4:28, 4:28] = 0.3
    corner[3, 31] = 1
    shares = border_share(torch.stack([even, middle, corner, torch.zeros(32, 32)]))
    assert shares.tolist() == [1 - 0.75**2, 0, 1, 0]


def test_a_deeper_classifier_has_no_such_maps(tmp_path):
    data = made_data(tmp_path)
    run = made_run(tmp_path, data, "scenes", fc_layers=2)
    with pytest.raises(UserError, match=r"2 linear layers .*fc_layers: 1"):
        write(run, [run], data, tmp_path / "x.npz")
    assert not (tmp_path / "x.npz").exists()


def test_the_model_is_left_as_it_was_found(model):
    model.train()
    model.features[1].eval()
    modes = [module.training for module in model.modules()]
    explain(model, photographs(2), np.array([0, 1]))
    assert [module.training for module in model.modules()] == modes
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())


# The choice of images


def save_answers(path, labels, probabilities, parts):
    """Predictions of one view per image, from each label's probabilities [n, K]."""
    np.savez(
        path,
        image=np.arange(len(labels)),
        part=np.array(parts),
        view=np.zeros(len(labels), np.uint8),
        target=np.array(labels),
        probabilities=np.array(probabilities, np.float32),
        names=np.array(CLASSES),
    )
    return path


@pytest.fixture
def judged(tmp_path):
    """Two models' predictions of 60 validation and 90 test images of three classes."""
    random, labels, parts = np.random.default_rng(1), np.arange(150) % 3, [1] * 60 + [2] * 90
    tables = []
    for model in range(2):
        scores = random.normal(0, 1, (150, 3)) + 1.3 * np.eye(3)[labels]
        tables.append(np.exp(scores) / np.exp(scores).sum(1, keepdims=True))
        save_answers(tmp_path / f"{model}.npz", labels, tables[-1], parts)
    return labels, np.array(tables, np.float32), [tmp_path / "0.npz", tmp_path / "1.npz"]


@pytest.mark.parametrize("wanted", [1, 2, 3, 5])
def test_images_come_by_the_references_recall_and_the_mean_probability(judged, wanted):
    labels, tables, paths = judged
    right = tables.argmax(2) == labels
    order = sorted(range(3), key=lambda c: (-right[0, :60][labels[:60] == c].mean(), c))
    expected = []
    for label in order[:wanted]:
        shared = [i for i in range(60, 150) if labels[i] == label and right[:, i].all()]
        expected.append(max(shared, key=lambda i: (tables[0, i, label] + tables[1, i, label], -i)))
    assert chosen_images(paths, wanted) == expected


def test_a_class_that_no_model_shares_is_passed_over(tmp_path):
    right, wrong = np.eye(3), np.roll(np.eye(3), 1, axis=1)
    parts = [1, 1, 1, 2, 2, 2]
    one = save_answers(tmp_path / "1.npz", [0, 1, 2] * 2, [*right, *right], parts)
    other = save_answers(tmp_path / "2.npz", [0, 1, 2] * 2, [*right, wrong[0], *right[1:]], parts)
    none = save_answers(tmp_path / "3.npz", [0, 1, 2] * 2, [*right, *wrong], parts)
    assert chosen_images([one, other], 2) == [4, 5]
    assert chosen_images([one, other], 3) == [4, 5]
    assert chosen_images([one, none], 3) == []
    with pytest.raises(UserError, match="at least one model that answers to labels"):
        chosen_images([], 3)


def test_without_a_validation_part_the_test_part_gives_the_recall(tmp_path):
    tables = np.eye(3)[[0, 1, 2, 1, 1, 2]]  # of class 0 one of two is found
    path = save_answers(tmp_path / "1.npz", [0, 1, 2] * 2, tables, [2] * 6)
    assert chosen_images([path], 3) == [1, 2, 0]


def answers_of(confidence, right):
    """One view per image; two outputs."""
    confidence = np.array(confidence)
    places = np.arange(len(confidence))
    target = np.where(right, 0, 1)
    return Answers(places, places * 0, target, np.stack([confidence, 1 - confidence], 1), np.array(["a", "b"]))


def test_candidates_are_right_and_sure():
    rows, floor = cam.confident_rows(answers_of([0.95, 0.99, 0.9, 0.97, 0.6], [1, 0, 1, 1, 1]))
    assert rows.tolist() == [0, 2, 3] and floor == 0.9


def test_without_sure_answers_the_top_decile_is_taken():
    confidence = np.linspace(0.51, 0.89, 100)
    rows, floor = cam.confident_rows(answers_of(confidence, [1] * 100))
    assert rows.tolist() == list(range(90, 100)) and floor == confidence[90]
    rows, floor = cam.confident_rows(answers_of(confidence, [0] * 100))
    assert rows.tolist() == [] and np.isnan(floor)


def test_a_sample_is_drawn_only_where_there_are_too_many(monkeypatch):
    rows = np.arange(0, 300, 3)
    assert cam.sampled(rows, 0) is rows
    monkeypatch.setattr(cam, "SEARCHED", 20)
    drawn = cam.sampled(rows, 0)
    assert len(set(drawn)) == 20 and set(drawn) <= set(rows) and (np.diff(drawn) > 0).all()
    assert cam.sampled(rows, 0).tolist() == drawn.tolist() != cam.sampled(rows, 1).tolist()


@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_odd_view_has_the_largest_border_share_whatever_the_batches(model, size, monkeypatch):
    monkeypatch.setattr(cam, "BATCH", 5)
    pixels, rows = photographs(40), np.arange(1, 40, 2)
    targets = np.arange(40) % 4
    shares = explain(model, pixels, targets)["border"]
    expected = max(rows, key=lambda row: shares[row])
    assert cam.odd_row(model, iter(pixels.split(size)), rows, targets) == expected
    assert cam.odd_row(model, iter(pixels.split(size)), rows[:0], targets) is None


# From files to a file


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Give data, and a run of every task and a second one of the labels."""
    folder = tmp_path_factory.mktemp("study")
    data = made_data(folder)
    runs = {task: made_run(folder, data, task) for task in OUTPUTS}
    return data, runs | {"second": made_run(folder, data, "scenes", seed=1)}


def write(run, class_runs, data, path, classes=3):
    paths = [other["predictions"] for other in class_runs]
    write_cam(**run, choice_predictions=paths, classes=classes, data=data, seed=0, device="cpu", output=path)
    return dict(np.load(path))


def written(study, name, path, **options):
    data, runs = study
    return write(runs[name], [runs["scenes"], runs["second"]], data, path, **options)


@pytest.mark.parametrize("name", ["scenes", "second", "rotation", "perturbation"])
def test_the_file_holds_the_views_that_the_network_saw_and_their_maps(study, name, tmp_path):
    data, runs = study
    found, task = written(study, name, tmp_path / "x.npz"), runs[name]["task"]
    views = Views(load_task(task), data, torch.device("cpu"), OPTIONS[task])
    inputs = torch.cat([shown for shown, _ in views.evaluation(data.parts["test"], 0, "test")])
    answers, trained = read_answers(runs[name]["predictions"], "test"), network.rebuild(runs[name]["model"])
    assert found["odd"].sum() == 1 and found["odd"][-1]
    for row in range(len(found["image"])):
        place = answers.place(found["image"][row], found["view"][row])
        shown = normalise(torch.from_numpy(found["views"][row])[None])
        torch.testing.assert_close(shown[0], inputs[place], rtol=0, atol=0)
        target = int(found["target"][row])
        with torch.no_grad():
            chances = trained(shown).softmax(1)[0]
            coarse = torch.einsum("k,khw->hw", trained.classifier[1].weight[target], trained.features(shown)[0])
        assert target == answers.target[place] and chances.argmax() == found["predicted"][row]
        assert found["probability"][row] == pytest.approx(chances[target].item(), abs=1e-5)
        np.testing.assert_allclose(found["coarse"][row], coarse, atol=1e-4)
    assert found["maps"].shape == (len(found["image"]), SIDE, SIDE)
    assert found["maps"].min() == 0 and found["maps"].max() == 1 and found["gap"] < 1e-3
    assert found["even"] == pytest.approx(1 - 0.75**2)


def test_all_models_show_the_same_images_and_a_pretext_other_views_of_them(study, tmp_path):
    found = {name: written(study, name, tmp_path / f"{name}.npz") for name in ("scenes", "second", "rotation")}
    images = found["scenes"]["image"][:-1].tolist()
    assert images and images == found["second"]["image"][:-1].tolist() == found["rotation"]["image"][:-1].tolist()
    assert found["scenes"]["view"].max() == 0 and (found["scenes"]["target"] == found["scenes"]["predicted"]).all()
    assert found["rotation"]["view"][:-1].tolist() == [1, 2, 3][: len(images)]
    turned = [torch.rot90(study[0].crops.batch([image])[0], turn, (1, 2)) for turn, image in enumerate(images, start=1)]
    np.testing.assert_array_equal(found["rotation"]["views"][:-1], torch.stack(turned))


@pytest.mark.parametrize("name", ["scenes", "rotation"])
def test_no_candidate_is_odder_than_the_odd_one(study, name, tmp_path):
    data, runs = study
    found = written(study, name, tmp_path / "x.npz")
    answers, trained = read_answers(runs[name]["predictions"], "test"), network.rebuild(runs[name]["model"])
    rows, floor = cam.confident_rows(answers)
    assert found["candidates"] == found["searched"] == len(rows) and found["floor"] == pytest.approx(floor)
    turn = {int(view): view * int(name == "rotation") for view in answers.view}
    pixels = [torch.rot90(data.crops.batch([answers.image[r]])[0], turn[int(answers.view[r])], (1, 2)) for r in rows]
    shares = explain(trained, torch.stack(pixels), answers.target[rows])["border"]
    assert found["border"][-1] == pytest.approx(shares.max(), abs=1e-5)
    assert answers.place(found["image"][-1], found["view"][-1]) in rows


def test_twice_gives_the_same_bytes(study, tmp_path):
    written(study, "rotation", tmp_path / "a.npz")
    written(study, "rotation", tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_predictions_of_other_images_are_refused(study, tmp_path):
    (tmp_path / "other").mkdir()
    other = made_data(tmp_path / "other", test=41)
    with pytest.raises(UserError, match="not of this study's test images"):
        written((other, study[1]), "rotation", tmp_path / "x.npz")


def test_a_model_that_finds_nothing_has_no_maps_and_its_figure_says_so(study, tmp_path, monkeypatch):
    data, runs = study
    stored = dict(np.load(runs["scenes"]["predictions"]))
    stored["probabilities"] = np.roll(np.eye(3, dtype=np.float32)[stored["target"]], 1, axis=1)
    np.savez(tmp_path / "p.npz", **stored)
    run = runs["scenes"] | {"predictions": tmp_path / "p.npz"}
    found = write(run, [run], data, tmp_path / "x.npz")
    assert found["maps"].shape == (0, SIDE, SIDE) and found["odd"].shape == (0,) and found["candidates"] == 0
    figure = drawing.figure_of(sheet, monkeypatch, tmp_path, cam=tmp_path / "x.npz")
    assert drawing.words(figure) == [sheet.NONE]


# The figure


@pytest.mark.parametrize("name, classes", [("scenes", 3), ("rotation", 3), ("rotation", 1)])
def test_every_label_is_whole(study, name, classes, tmp_path, monkeypatch):
    written(study, name, tmp_path / "x.npz", classes=classes)
    drawing.check_labels(drawing.figure_of(sheet, monkeypatch, tmp_path, cam=tmp_path / "x.npz"), monkeypatch)


@pytest.mark.parametrize("times", [2, 3])
def test_many_maps_still_fit_the_page(study, times, tmp_path, monkeypatch):
    found = written(study, "scenes", tmp_path / "x.npz")
    many = {key: np.concatenate([array] * times) if array.ndim and key != "names" else array
            for key, array in found.items()}  # fmt: skip
    np.savez(tmp_path / "x.npz", **many)
    drawing.check_labels(drawing.figure_of(sheet, monkeypatch, tmp_path, cam=tmp_path / "x.npz"), monkeypatch)


def test_each_view_stands_above_its_map_and_what_was_said(study, tmp_path, monkeypatch):
    found = written(study, "rotation", tmp_path / "x.npz")
    figure = drawing.figure_of(sheet, monkeypatch, tmp_path, cam=tmp_path / "x.npz", colour_map="viridis")
    shown = [axes.images[0].get_array() for axes in figure.axes]
    for row, view in enumerate(found["views"].transpose(0, 2, 3, 1)):
        np.testing.assert_array_equal(shown[2 * row], view)
        np.testing.assert_array_equal(shown[2 * row + 1], blended(view, found["maps"][row], "viridis"))
    said = drawing.words(figure)
    answers = [f"predicted {found['names'][answer]}" for answer in found["predicted"]]
    assert [word for word in said if word.startswith("predicted")] == answers
    assert sum(word.startswith("counter-intuitive:\n") for word in said) == 1
    colours = [text.get_color() for text in figure.findobj(matplotlib.text.Text) if "predicted" in text.get_text()]
    assert [colour == colours[-1] for colour in colours] == (found["predicted"] == found["target"]).tolist()


def test_a_map_without_a_range_says_so(study, tmp_path, monkeypatch):
    found = written(study, "scenes", tmp_path / "x.npz")
    found["maps"][0] = 0
    np.savez(tmp_path / "x.npz", **found)
    assert drawing.words(drawing.figure_of(sheet, monkeypatch, tmp_path, cam=tmp_path / "x.npz")).count("even map") == 1


def test_drawn_twice_the_figure_has_the_same_bytes(study, tmp_path):
    written(study, "scenes", tmp_path / "x.npz")
    drawing.same_bytes(sheet, tmp_path, cam=tmp_path / "x.npz")


def test_the_figure_names_what_is_wrong(study, tmp_path):
    found = written(study, "scenes", tmp_path / "x.npz")
    with pytest.raises(UserError, match="no colour map named 'jett'"):
        sheet.draw(cam=tmp_path / "x.npz", output=tmp_path / "x.svg", colour_map="jett")
    np.savez(tmp_path / "x.npz", **found | {"low": found["low"][:-1]})
    with pytest.raises(UserError, match=r"x\.npz: low do not fit"):
        sheet.draw(cam=tmp_path / "x.npz", output=tmp_path / "x.svg")
    assert not (tmp_path / "x.svg").exists()


def test_only_one_linear_layer_counts():
    assert linear_of(network.build("small_resnet", 3)).out_features == 3
    network_of_two = nn.Module()
    network_of_two.classifier = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    with pytest.raises(UserError, match="2 linear layers"):
        linear_of(network_of_two)
