"""From a recipe's settings to what a training is made of: model, learner, course, and what measures each epoch."""

import functools
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from scenessl.models.network import Network, training_mode, with_features
from scenessl.training.distillation import keeping_features, plain_loss
from scenessl.training.loop import Course, Learner
from scenessl.training.optimization import build_optimizer
from scenessl.training.precision import in_precision
from scenessl.training.seeding import generator, seeded


def start_model(start: Path, epoch: int | str | None, outputs: int, settings: Mapping, seed: int) -> Network:
    """Build the network: features as `init` says, a new classifier drawn from the seed."""
    with seeded(seed, "classifier"):
        return with_features(start, epoch, outputs, dropout=settings["dropout"], fc_layers=settings["fc_layers"])


def learner_of(model: nn.Module, settings: Mapping, loss) -> Learner:
    """Make the optimizer and all that belongs to a step from the settings."""
    optimizer = build_optimizer(model, settings)
    answer = functools.partial(loss, label_smoothing=settings["label_smoothing"])
    strength = settings["keep_features"]
    step = keeping_features(model, answer, strength) if strength else plain_loss(answer)
    return Learner(
        model=model,
        optimizer=optimizer,
        loss=in_precision(step, settings["precision"]),
        train_mode=functools.partial(training_mode, batch_norm=settings["batch_norm"]),
        average_decay=settings["weight_average"],
    )


def course_of(settings: Mapping, seed: int, epoch_steps: int) -> Course:
    """Read the course of a training from its settings."""
    return Course(
        epochs=settings["epochs"],
        steps_per_epoch=epoch_steps,
        schedule=settings["schedule"],
        warmup=settings["warmup"],
        seed=seed,
        early_stop=settings["early_stop"],
    )


def sample_train(parts: Mapping[str, Tensor], seed: int) -> Tensor:
    """Choose as many train images as there are validation images, for curves that can be compared."""
    train = parts["train"]
    chosen = torch.randperm(len(train), generator=generator(seed, "train sample"))[: len(parts["validation"])]
    return train[chosen.sort().values]


def measure_with(score_part, sample: Tensor, validation: Tensor):
    """Make the function that the loop calls after each epoch, from `score_part(model, ids, purpose)`."""

    def measure(model: nn.Module) -> dict[str, float]:
        train, held_out = score_part(model, sample, "train sample"), score_part(model, validation, "validation")
        return {
            "train_loss": train[0],
            "train_accuracy": train[1],
            "validation_loss": held_out[0],
            "validation_accuracy": held_out[1],
        }

    return measure
