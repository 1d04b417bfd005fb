"""The training loop on toys: it learns, resumes to the same bytes, stops when told, and leaves no trace."""

import functools
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from scenessl.data.crops import in_colour
from scenessl.errors import UserError
from scenessl.models import weights
from scenessl.models.network import build, evaluation_mode, pool, rebuild, rebuild_classifier, training_mode
from scenessl.training import augmentation
from scenessl.training.distillation import drift, keeping_features, plain_loss
from scenessl.training.loop import Course, Learner, converged, fit
from scenessl.training.optimization import build_optimizer, rate_factor
from scenessl.training.results import Selection
from scenessl.training.seeding import derive, generator, seeded
from scenessl.training.state import State

SETTINGS = {
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "learning_rate_classifier": 0.02,
    "layer_decay": 0.5,
    "weight_decay": 0.01,
    "momentum": 0.9,
}


class Interrupted(Exception):
    """Stands for a kill."""


def toy_learner(average=0.0):
    with seeded(0, "toy"):
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
    return Learner(
        model=model,
        optimizer=build_optimizer(model, SETTINGS),
        loss=plain_loss(cross_entropy),
        train_mode=nn.Module.train,
        average_decay=average,
    )


def toy_batches(epoch):
    draws = generator(0, "batches", epoch)
    for _ in range(5):
        inputs = torch.randn(16, 4, generator=draws)
        yield inputs, (inputs[:, 0] > 0).long()


def toy_measure(model):
    inputs = torch.randn(64, 4, generator=generator(0, "measure"))
    targets = (inputs[:, 0] > 0).long()
    with evaluation_mode(model):
        logits = model(inputs)
    loss, accuracy = cross_entropy(logits, targets).item(), (logits.argmax(1) == targets).float().mean().item()
    return dict.fromkeys(("train_loss", "validation_loss"), loss) | dict.fromkeys(
        ("train_accuracy", "validation_accuracy"), accuracy
    )


def toy_course(epochs=4, **changes):
    return Course(**{"epochs": epochs, "steps_per_epoch": 5, "schedule": "cosine", "warmup": 0.1, "seed": 3} | changes)


def run(folder, kill_after=None, average=0.0):
    learner = toy_learner(average)

    def batches(epoch):
        if kill_after is not None and epoch > kill_after:
            raise Interrupted
        return toy_batches(epoch)

    return fit(learner, batches, toy_measure, toy_course(), State(folder, "same"))


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize("kill_after", [0, 1, 3])
def test_a_killed_training_ends_with_the_bytes_of_an_undisturbed_one(tmp_path, kill_after, average):
    whole = run(tmp_path / "whole", average=average)
    with pytest.raises(Interrupted):
        run(tmp_path / "killed", kill_after, average)
    assert run(tmp_path / "killed", average=average) == whole
    for epoch in range(5):
        one, other = (State(tmp_path / name, "same").load(f"epoch{epoch}") for name in ("whole", "killed"))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_training_learns(tmp_path):
    rows = run(tmp_path / "state")
    assert rows[0]["epoch"] == 0
    assert [row["epoch"] for row in rows] == [0, 1, 2, 3, 4]
    assert rows[-1]["validation_loss"] < rows[0]["validation_loss"]


def test_gradients_stay_the_same_tensors(tmp_path):
    learner, kept = toy_learner(), []

    def batches(epoch):
        for batch in toy_batches(epoch):
            kept.append([weight.grad for weight in learner.model.parameters()])
            yield batch

    fit(learner, batches, toy_measure, toy_course(), State(tmp_path, "same"))
    last = {id(weight.grad) for weight in learner.model.parameters()}
    assert all({id(grad) for grad in grads} == last for grads in kept)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_an_epoch_ends_with_the_bits_of_a_plain_loop(tmp_path, optimizer):
    def untrained():
        with seeded(0, "toy"):
            model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        return Learner(
            model=model,
            optimizer=build_optimizer(model, SETTINGS | {"optimizer": optimizer}),
            loss=plain_loss(cross_entropy),
            train_mode=nn.Module.train,
        )

    ours, plain = untrained(), untrained()
    fit(ours, toy_batches, toy_measure, toy_course(1, schedule="constant", warmup=0.0), State(tmp_path, "same"))
    for inputs, targets in toy_batches(1):
        plain.optimizer.zero_grad(set_to_none=True)
        cross_entropy(plain.model(inputs), targets).backward()
        plain.optimizer.step()
    pairs = zip(ours.model.parameters(), plain.model.parameters(), strict=True)
    assert all(torch.equal(own, other) for own, other in pairs)


def test_state_of_other_settings_is_not_used(tmp_path):
    fit(toy_learner(), toy_batches, toy_measure, toy_course(1), State(tmp_path / "s", "one"))
    assert State(tmp_path / "s", "one").load("latest") is not None
    assert State(tmp_path / "s", "other").load("latest") is None


def test_infinite_loss_names_epoch_and_rate_and_keeps_the_last_good_epoch(tmp_path):
    def batches(epoch):
        for inputs, targets in toy_batches(epoch):
            yield (inputs * math.inf if epoch == 2 else inputs), targets

    state = State(tmp_path / "s", "x")
    with pytest.raises(UserError, match=r"epoch 2 at learning rate"):
        fit(toy_learner(), batches, toy_measure, toy_course(), state)
    assert state.load("latest")["rows"][-1]["epoch"] == 1


def test_early_stop_needs_height_and_flatness_and_never_comes_before_its_first_epoch(tmp_path):
    rule = {"accuracy": 0.9, "gain": 0.01, "patience": 1, "after": 3}

    def rows(*accuracies):
        return [{"validation_accuracy": accuracy} for accuracy in (0.5, *accuracies)]

    assert not converged(rows(0.95, 0.951), rule)  # too early
    assert not converged(rows(0.8, 0.8, 0.8), rule)  # flat, but low
    assert not converged(rows(0.9, 0.92, 0.94), rule)  # high, but rising
    assert converged(rows(0.9, 0.95, 0.951), rule)
    assert not converged(rows(0.9, 0.95, 0.951), None)


def test_learning_rate_rises_then_falls_to_nothing():
    factors = [rate_factor(step / 1000, "cosine", 0.1) for step in range(1001)]
    assert factors[0] == 0
    assert max(factors) == pytest.approx(1, abs=1e-3)
    assert factors.index(max(factors)) == pytest.approx(100, abs=1)
    assert factors[-1] == pytest.approx(0, abs=1e-9)
    assert rate_factor(0.7, "constant", 0.1) == 1


def test_blocks_have_falling_rates_and_every_parameter_trains():
    model = build("efficientnet_b0", 3)
    groups = build_optimizer(model, SETTINGS).param_groups
    assert [group["peak"] for group in groups] == [0.01 * 0.5**depth for depth in range(9)] + [0.02]
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    last = {id(parameter) for parameter in model.features[8].parameters()}
    assert {id(parameter) for parameter in groups[0]["params"]} == last


def test_keeping_features_costs_nothing_at_the_start_and_leaves_the_start_alone():
    with seeded(0, "toy"):
        model = build("efficientnet_b0", 2)
    model.eval()
    inputs, targets = torch.randn(2, 3, 32, 32), torch.tensor([0, 1])
    answer = functools.partial(cross_entropy, label_smoothing=0.0)
    kept, plain = keeping_features(model, answer, 5.0), plain_loss(answer)
    assert kept(model, inputs, targets).item() == pytest.approx(plain(model, inputs, targets).item(), rel=1e-5)
    with torch.no_grad():
        model.features[8][0].weight.mul_(1.5)
    assert kept(model, inputs, targets).item() > plain(model, inputs, targets).item() + 0.1


def test_drift_is_relative_to_the_spread_of_the_features():
    before = torch.randn(500, 8, generator=torch.Generator().manual_seed(0)) * 3
    assert drift(before, before).item() == 0
    assert drift(before + 3, before).item() == pytest.approx(1, abs=0.1)


def test_frozen_batch_norm_keeps_its_statistics_and_trained_ones_move():
    for mode, moves in (("frozen", False), ("train", True)):
        model = build("efficientnet_b0", 2)
        before = model.features[0][1].running_mean.clone()
        training_mode(model, mode)
        model(torch.randn(2, 3, 32, 32) + 1)
        assert (not torch.equal(model.features[0][1].running_mean, before)) == moves


def test_evaluation_mode_gives_every_mode_back_also_on_error():
    model = build("efficientnet_b0", 2).train()
    model.features[3].eval()
    before = [module.training for module in model.modules()]
    with pytest.raises(Interrupted), evaluation_mode(model):
        assert not any(module.training for module in model.modules())
        raise Interrupted
    assert [module.training for module in model.modules()] == before


def test_seeds_depend_on_purpose_only_and_the_global_state_is_given_back():
    assert derive(0, "epoch", 1) == derive(0, "epoch", 1) != derive(0, "epoch", 2)
    state = torch.random.get_rng_state()
    with seeded(1, "x"):
        torch.rand(3)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("names", [["flip"], ["crop"], ["shift"], ["flip", "crop", "shift"]])
def test_augmentations_keep_shape_and_type_and_follow_the_generator(names):
    images = torch.randint(0, 256, (6, 3, 32, 32), dtype=torch.uint8)
    once, again, other = (augmentation.augment(images, names, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert once.shape == images.shape
    assert once.dtype == torch.uint8
    assert torch.equal(once, again)
    assert not torch.equal(once, other)


@pytest.mark.parametrize("names", [["flip"], ["crop"], ["shift"], ["flip", "crop", "shift"]])
def test_a_grayscale_image_is_augmented_alike_with_one_plane_and_with_three(names):
    planes = torch.randint(0, 256, (6, 1, 48, 48), dtype=torch.uint8)
    one, three = (augmentation.augment(images, names, generator(0, "x")) for images in (planes, in_colour(planes)))
    assert torch.equal(in_colour(one), three)


def test_shifts_are_crops_of_the_mirrored_pad():
    images = torch.randint(256, (20, 3, 16, 16), dtype=torch.uint8)
    shifted = augmentation.shift(images, torch.Generator().manual_seed(0)).numpy()
    rows, columns = torch.randint(5, (2, 20), generator=torch.Generator().manual_seed(0)).tolist()
    padded = np.pad(images.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), mode="reflect")
    for image, row, column, expected in zip(shifted, rows, columns, padded, strict=True):
        assert (image == expected[:, row : row + 16, column : column + 16]).all()


def test_a_saved_model_comes_back_whole_or_its_classifier_alone(tmp_path):
    model = build("small_resnet", 3, dropout=0.5, fc_layers=2).eval()
    weights.save(model.state_dict(), tmp_path / "weights.safetensors", network="small_resnet")
    again, classifier = rebuild(tmp_path / "weights.safetensors"), rebuild_classifier(tmp_path / "weights.safetensors")
    images = torch.randn(4, 3, 32, 32)
    with evaluation_mode(model):
        assert torch.equal(again(images), model(images))
        assert torch.equal(classifier(pool(model, images)), model(images))


def test_flips_are_mirror_images():
    images = torch.randint(0, 256, (64, 3, 8, 8), dtype=torch.uint8)
    flipped = augmentation.flip(images, torch.Generator().manual_seed(0))
    mirrored = (flipped == images.flip(-1)).flatten(1).all(1)
    same = (flipped == images).flatten(1).all(1)
    assert (mirrored | same).all()
    assert 10 < mirrored.sum() < 54


def row(epoch, accuracy, loss):
    return {"epoch": epoch, "validation_accuracy": accuracy, "validation_loss": loss}


def test_selection_takes_the_best_epoch_ties_to_the_lower_loss_and_never_the_start():
    rows = [row(0, 0.99, 0.1), row(1, 0.8, 0.5), row(2, 0.9, 0.4), row(3, 0.9, 0.3), row(4, 0.7, 0.2)]
    best = Selection.of(rows, {"select": "best", "epochs": 4, "precision": "fp32"}, 10, 1)
    last = Selection.of(rows, {"select": "last", "epochs": 6, "precision": "fp32"}, 10, 1)
    assert (best.selected_epoch, best.stopped_early) == (3, False)
    assert (last.selected_epoch, last.best_epoch, last.stopped_early) == (4, 3, True)


def test_epochs_are_read_back_by_number_and_by_best(tmp_path):
    path = tmp_path / "epochs.safetensors"
    tensors = {f"epoch{epoch}/features.x": torch.tensor([float(epoch)]) for epoch in range(3)}
    weights.save(tensors, path, best=1, last=2)
    assert weights.load_start(path, 2)["features.x"].item() == 2
    assert weights.load_start(path, "best")["features.x"].item() == 1
    with pytest.raises(UserError, match="ended at epoch 2"):
        weights.load_start(path, 7)
