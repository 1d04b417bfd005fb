"""Train all layers of a network on one task, from given weights to the files that describe the result."""

from collections.abc import Mapping
from pathlib import Path

from scenessl.models.device import choose_device
from scenessl.models.inference import score
from scenessl.training.data import Data
from scenessl.training.epochs import image_batches, image_steps
from scenessl.training.loop import Watch, fit, unwatched
from scenessl.training.recipe import course_of, learner_of, measure_with, sample_train, start_model
from scenessl.training.results import Selection, write_results
from scenessl.training.state import State
from scenessl.training.views import Views, load_task


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
    rows = fit(
        learner_of(model, settings, module.loss),
        lambda epoch: image_batches(views, train, settings, seed, epoch),
        measure_with(
            lambda model, ids, purpose: score(model, views.evaluation(ids, seed, purpose)),
            sample_train(data.parts, seed),
            data.parts["validation"],
        ),
        course_of(settings, seed, image_steps(train, settings, views)),
        state,
        watch=watch,
    )
    selection = Selection.of(rows, settings, train_images=len(train), views=module.VIEWS)
    write_results(rows, selection, state, outputs, network=model.name, others={})
