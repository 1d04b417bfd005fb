"""Train all layers of a network on one task, from given weights to the files that describe the result."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from scenessl.data.crops import normalise
from scenessl.models.device import choose_device
from scenessl.models.network import Network, evaluation_mode, training_mode, with_features
from scenessl.training.augmentation import augment
from scenessl.training.data import Data
from scenessl.training.distillation import keeping_features, plain_loss
from scenessl.training.loop import Course, Learner, Watch, fit, unwatched
from scenessl.training.optimization import build_optimizer
from scenessl.training.results import Selection, write_results
from scenessl.training.seeding import generator, seeded
from scenessl.training.state import State

EVALUATION_PIXELS = 16 * 224**2  # of a batch: fast on a CPU's caches


def load_task(name: str) -> ModuleType:
    """Import the one task that is asked for; no module imports them all."""
    return import_module(f"scenessl.tasks.{name}")


def evaluation_batch(side: int) -> int:
    """Give the images of an evaluation's batch; fixed by their side, since draws follow one generator through them."""
    return max(1, min(64, EVALUATION_PIXELS // side**2))


@dataclass(frozen=True)
class Views:
    """The images of a study as one task shows them."""

    task: ModuleType
    data: Data
    device: torch.device
    options: Mapping[str, object]  # the task's own settings

    def show(self, images: Tensor, ids: Tensor, draws: torch.Generator) -> tuple[Tensor, Tensor]:
        """Turn uint8 crops into normalised inputs and targets on the device."""
        views, targets = self.task.show(images, self.data.labels[ids], draws, **self.options)
        return normalise(views.to(self.device)), targets.to(self.device)

    def training(self, ids: Tensor, epoch: int, seed: int, batch_size: int, augmentation: Sequence[str]) -> Iterator:
        """Give one epoch's batches: every image once, in a drawn order, augmented, in all its views."""
        draws = generator(seed, "draws", epoch)
        order = ids[torch.randperm(len(ids), generator=draws)]
        for chunk in steps(order, max(1, batch_size // self.task.VIEWS)):
            yield self.show(augment(self.data.crops.batch(chunk), augmentation, draws), chunk, draws)

    def evaluation(self, ids: Tensor, seed: int, purpose: str) -> Iterator:
        """Give the batches of an evaluation: fixed order, no augmentation, draws fixed by seed and purpose."""
        draws = generator(seed, "evaluation", purpose)
        for chunk in ids.split(evaluation_batch(self.data.crops.side)):
            yield self.show(self.data.crops.batch(chunk), chunk, draws)


def logits_of(model: nn.Module, inputs: Tensor) -> Tensor:
    """Compute the logits [n, K] of images, or of features [n, width], as many images at a time as suit a CPU's caches.

    A batch of an evaluation has all views of its images, four times as many for a rotation.
    """
    size = evaluation_batch(inputs.shape[-1]) if inputs.ndim == 4 else len(inputs)
    return torch.cat([model(piece) for piece in inputs.split(size)])


def score(model: nn.Module, batches: Iterator) -> tuple[float, float]:
    """Compute mean cross-entropy and accuracy (0 to 1) in evaluation mode."""
    loss, right, count = 0.0, 0, 0
    with evaluation_mode(model):
        for inputs, targets in batches:
            logits = logits_of(model, inputs)
            loss += cross_entropy(logits, targets, reduction="sum").item()
            right += (logits.argmax(1) == targets).sum().item()
            count += len(targets)
    return loss / count, right / count


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


def steps(order: Tensor, images: int) -> list[Tensor]:
    """Cut an epoch's images into steps; a single image left over joins the step before, as it has no statistics."""
    chunks = list(order.split(images))
    if len(chunks) > 1 and len(chunks[-1]) == 1:
        chunks[-2:] = [torch.cat(chunks[-2:])]
    return chunks


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


def start_model(start: Path, epoch: int | str | None, outputs: int, settings: Mapping, seed: int) -> Network:
    """Build the network: features as `init` says, a new classifier drawn from the seed."""
    with seeded(seed, "classifier"):
        return with_features(start, epoch, outputs, dropout=settings["dropout"], fc_layers=settings["fc_layers"])


def learner_of(model: nn.Module, settings: Mapping, loss) -> Learner:
    """Make the optimizer and all that belongs to a step from the settings."""
    optimizer = build_optimizer(model, settings)
    answer = functools.partial(loss, label_smoothing=settings["label_smoothing"])
    strength = settings["keep_features"]
    return Learner(
        model=model,
        optimizer=optimizer,
        loss=keeping_features(model, answer, strength) if strength else plain_loss(answer),
        train_mode=functools.partial(training_mode, batch_norm=settings["batch_norm"]),
        average_decay=settings["weight_average"],
    )


def train_network(
    *,
    task: str,
    options: Mapping[str, object],
    settings: Mapping[str, object],
    seed: int,
    start: Path,
    start_epoch: int | str | None,
    data: Data,
    state: State,
    device: str,
    outputs: Mapping[str, Path],
    watch: Watch = unwatched,
) -> None:
    """Train all layers and write weights, epochs, history and selection.

    Args:
        task: module name in `scenessl.tasks`.
        options: that task's own settings.
        settings: the model's settings by name (see the configuration).
        seed: of this repetition.
        start: file the features start from.
        start_epoch: which epoch of it, None for a whole file.
        data: the images, their labels and parts.
        state: holds every finished epoch until the results are written.
        device: "auto", "cuda", "mps" or "cpu".
        outputs: paths `weights`, `epochs`, `history`, `selection`.
        watch: is given every row of the history once it stands.

    Raises:
        UserError: the loss became infinite, or `start` holds no such epoch.
    """
    module, where = load_task(task), choose_device(device)
    views = Views(module, data, where, options)
    model = start_model(start, start_epoch, len(module.target_names(data.classes)), settings, seed).to(where)
    train = data.parts["train"]
    epoch_steps = len(steps(train, max(1, settings["batch_size"] // module.VIEWS)))
    rows = fit(
        learner_of(model, settings, module.loss),
        lambda epoch: views.training(train, epoch, seed, settings["batch_size"], settings["augmentation"]),
        measure_with(
            lambda model, ids, purpose: score(model, views.evaluation(ids, seed, purpose)),
            sample_train(data.parts, seed),
            data.parts["validation"],
        ),
        course_of(settings, seed, epoch_steps),
        state,
        watch=watch,
    )
    selection = Selection.of(rows, settings, train_images=len(train), views=module.VIEWS)
    write_results(rows, selection, state, outputs, network=model.name, others={})
