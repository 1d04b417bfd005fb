"""The easiest and the hardest training views: the right ones, once an image, and the very pixels that were seen."""

import drawing
import numpy as np
import pytest
import torch
from toy_runs import OPTIONS, made_data, made_run

from scenessl.data.crops import normalise
from scenessl.errors import UserError
from scenessl.explain.loss_extremes import extremes, write_loss_extremes
from scenessl.explain.predicted import Answers, read_answers
from scenessl.figures import loss_extremes as sheet
from scenessl.tasks import rotation
from scenessl.training.views import Views, load_task

TASKS = list(OPTIONS)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Give data and a run of every task."""
    folder = tmp_path_factory.mktemp("study")
    data = made_data(folder)
    return data, {task: made_run(folder, data, task) for task in TASKS}


def written(study, task, path, images=6):
    data, runs = study
    run = {key: value for key, value in runs[task].items() if key != "model"}
    write_loss_extremes(**run, images=images, data=data, seed=0, output=path)
    return dict(np.load(path))


def seen(study, task):
    """Give all training views as the evaluation gave them to the network, with their losses, the long way."""
    data, runs = study
    views = Views(load_task(task), data, torch.device("cpu"), OPTIONS[task])
    inputs = torch.cat([shown for shown, _ in views.evaluation(data.parts["train"], 0, "train")])
    answers = read_answers(runs[task]["predictions"], "train")
    return inputs, -np.log(answers.probabilities[range(len(inputs)), answers.target]), answers


@pytest.mark.parametrize("task", TASKS)
def test_the_views_are_the_very_pixels_that_the_network_saw(study, task, tmp_path):
    found = written(study, task, tmp_path / "x.npz")
    inputs, _, answers = seen(study, task)
    for place in np.ndindex(2, 6):
        row = np.flatnonzero((answers.image == found["image"][place]) & (answers.view == found["view"][place]))
        shown = normalise(torch.from_numpy(found["views"][place])[None])
        torch.testing.assert_close(shown, inputs[row], rtol=0, atol=0)


@pytest.mark.parametrize("task", TASKS)
def test_no_image_left_out_has_a_more_extreme_view(study, task, tmp_path):
    found = written(study, task, tmp_path / "x.npz")
    _, losses, answers = seen(study, task)
    for side, best, sign in ((0, min, 1), (1, max, -1)):
        by_image = {image: best(losses[answers.image == image]) for image in np.unique(answers.image)}
        expected = sorted(by_image.values(), key=lambda loss: sign * loss)[:6]
        np.testing.assert_allclose(found["loss"][side], expected, rtol=1e-4, atol=1e-7)
        assert len(set(found["image"][side])) == 6
        np.testing.assert_allclose(found["probability"][side], np.exp(-found["loss"][side]), rtol=1e-4)


def test_rotated_views_are_the_turned_crops(study, tmp_path):
    found, data = written(study, "rotation", tmp_path / "x.npz"), study[0]
    for place in np.ndindex(2, 6):
        crop = data.crops.batch([found["image"][place]])
        turned = torch.rot90(crop, int(found["target"][place]), dims=(2, 3))[0]
        np.testing.assert_array_equal(found["views"][place], turned)
    assert found["names"].tolist() == rotation.target_names([])


def test_the_spread_of_all_losses_is_told(study, tmp_path):
    found = written(study, "rotation", tmp_path / "x.npz")
    _, losses, answers = seen(study, "rotation")
    np.testing.assert_allclose(found["quantiles"], np.quantile(losses, [0, 0.25, 0.5, 0.75, 1]), rtol=1e-4)
    assert found["quantiles"][0] == found["loss"][0, 0] and found["quantiles"][4] == found["loss"][1, 0]
    assert found["count"] == len(losses) == 80
    assert found["accuracy"] == pytest.approx((answers.predicted == answers.target).mean())
    assert found["mean"] == pytest.approx(losses.mean(), rel=1e-4)


def test_fewer_images_are_all_shown_and_twice_gives_the_same_bytes(study, tmp_path):
    assert written(study, "perturbation", tmp_path / "a.npz", images=99)["views"].shape[:2] == (2, 20)
    written(study, "perturbation", tmp_path / "b.npz", images=99)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_predictions_of_other_images_are_refused(study, tmp_path):
    (tmp_path / "other").mkdir()
    other = made_data(tmp_path / "other", train=21)
    with pytest.raises(UserError, match="not of this study's train images"):
        written((other, study[1]), "rotation", tmp_path / "x.npz")
    assert not (tmp_path / "x.npz").exists()


def test_ties_go_to_the_first_row_and_an_image_stands_once():
    loss, image = np.array([0.5, 0.1, 0.1, 0.3, 0.2]), np.array([7, 8, 9, 9, 8])
    assert extremes(loss, image, 2) == [1, 2]
    assert extremes(-loss, image, 9) == [0, 3, 4]


@pytest.mark.parametrize("margin", [-90.0, -3.0, 0.0, 1.0, 20.0, 40.0, 90.0])
def test_the_loss_is_fine_where_the_probability_rounds_to_one(margin):
    logits = torch.tensor([[margin, 0.0, -1.0]], dtype=torch.float64)
    one = np.array([0])
    stored = logits.softmax(1).float().numpy()
    loss = Answers(one, one, one, stored, np.array(["a", "b", "c"])).loss[0]
    assert loss == pytest.approx(np.log1p(np.exp(-margin) * (1 + np.exp(-1))), rel=1e-5, abs=1e-37)


def draw_it(study, tmp_path, monkeypatch, task, images):
    path = tmp_path / "x.npz"
    found = written(study, task, path, images=images)
    return found, drawing.figure_of(sheet, monkeypatch, tmp_path, extremes=path)


@pytest.mark.slow
@pytest.mark.parametrize("images", [1, 4, 10, 20])
@pytest.mark.parametrize("task", ["scenes", "rotation"])
def test_every_label_is_whole(study, task, images, tmp_path, monkeypatch):
    _, figure = draw_it(study, tmp_path, monkeypatch, task, images)
    drawing.check_labels(figure, monkeypatch)


def test_each_view_stands_above_its_loss_and_labels(study, tmp_path, monkeypatch):
    found, figure = draw_it(study, tmp_path, monkeypatch, "rotation", 3)
    shown = [axes.images[0].get_array() for axes in figure.axes]
    np.testing.assert_array_equal(shown, found["views"].reshape(6, *found["views"].shape[2:]).transpose(0, 2, 3, 1))
    said = drawing.words(figure)
    true = [f"true {found['names'][target]}" for target in found["target"].ravel()]
    predicted = [f"predicted {found['names'][answer]}" for answer in found["predicted"].ravel()]
    assert [word for word in said if word.startswith("true")] == true
    assert [word for word in said if word.startswith("predicted")] == predicted
    assert sum(word.startswith("loss ") for word in said) == 6
    wrong = [text for text in figure.texts if text.get_text().startswith("predicted") and text.get_color() != "#222222"]
    assert len(wrong) == (found["target"] != found["predicted"]).sum()


def test_drawn_twice_the_figure_has_the_same_bytes(study, tmp_path):
    written(study, "scenes", tmp_path / "x.npz")
    drawing.same_bytes(sheet, tmp_path, extremes=tmp_path / "x.npz")


def test_a_file_that_does_not_fit_is_named(study, tmp_path):
    found = written(study, "scenes", tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", **found | {"loss": found["loss"][:, :1]})
    with pytest.raises(UserError, match=r"x\.npz: loss do not fit"):
        sheet.draw(extremes=tmp_path / "x.npz", output=tmp_path / "x.svg")
