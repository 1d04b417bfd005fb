"""Train a new classifier on frozen features, which are computed once and proven to be what the network computes."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from scenessl.data.crops import Crops, normalise
from scenessl.models import weights
from scenessl.models.device import choose_device
from scenessl.models.network import build_classifier, evaluation_mode, pool, rebuild, with_features
from scenessl.tasks import scenes
from scenessl.training.data import Data, spread
from scenessl.training.loop import Watch, fit, unwatched
from scenessl.training.recipe import course_of, learner_of, measure_with, sample_train
from scenessl.training.results import Selection, write_results
from scenessl.training.seeding import generator, seeded
from scenessl.training.state import State
from scenessl.training.views import evaluation_batch, score

PIECE = 16  # batches that are saved together: some seconds of work on a CPU
PROOF_IMAGES = 64
PROOF_TOLERANCE = 1e-4  # of a logit


def write_features(
    *,
    start: Path,
    start_epoch: int | str | None,
    crops: Path,
    mirrored: Sequence[int],
    device: str,
    state: State,
    output: Path,
) -> None:
    """Compute the features of every image in evaluation mode, piece by piece; a piece in `state` is not done again.

    Writes float32 `features` [views, n, width] (plain; mirrored if asked for, NaN for all images but `mirrored`, which
    alone train), the `features.*` tensors they come from being named by their hash in the metadata.
    """
    where, images = choose_device(device), Crops(crops)
    model = with_features(start, start_epoch).to(where)
    views = [_features(model, images, torch.arange(len(images)), where, state)]
    if len(mirrored):
        views.append(torch.full_like(views[0], torch.nan))
        ids = torch.tensor(mirrored)
        views[1][ids] = _features(model, images, ids, where, state, flipped=True)
    weights.save({"features": torch.stack(views)}, output, hash=weights.fingerprint(model.state_dict()))


def _features(
    model: nn.Module, crops: Crops, ids: Tensor, device: torch.device, state: State, *, flipped: bool = False
) -> Tensor:
    """Compute one view's features [len(ids), width] of some images."""
    pieces = ids.split(PIECE * evaluation_batch(crops.side))
    name = "mirrored" if flipped else "plain"
    return torch.cat(
        [
            state.once(f"{name}{number}", functools.partial(_piece, model, crops, piece, flipped, device))
            for number, piece in enumerate(pieces)
        ]
    )


def _piece(model: nn.Module, crops: Crops, ids: Tensor, flipped: bool, device: torch.device) -> Tensor:
    """Compute the features [len(ids), width] of some images, batch by batch."""
    found = []
    with evaluation_mode(model):
        for batch in ids.split(evaluation_batch(crops.side)):
            images = crops.batch(batch)
            found.append(pool(model, normalise((images.flip(-1) if flipped else images).to(device))).cpu())
    return torch.cat(found)


def new_classifier(features: Tensor, data: Data, settings: Mapping, seed: int) -> nn.Sequential:
    """Draw a classifier for cached features [views, n, width]."""
    with seeded(seed, "classifier"):
        return build_classifier(features.shape[-1], len(data.classes), settings["dropout"], settings["fc_layers"])


def feature_batches(
    features: Tensor, labels: Tensor, ids: Tensor, settings: Mapping, draws: torch.Generator
) -> Iterator:
    """Give one epoch of cached features: every image once, in a drawn order; in a drawn view, if the recipe flips."""
    order, size = ids[torch.randperm(len(ids), generator=draws)], settings["batch_size"]
    views = torch.randint(len(features) if "flip" in settings["augmentation"] else 1, (len(ids),), generator=draws)
    for chunk, view in zip(order.split(size), views.split(size), strict=True):
        yield features[view, chunk], labels[chunk]


def fit_classifier(
    features: Tensor, data: Data, settings: Mapping, *, seed: int, state: State, watch: Watch = unwatched
) -> tuple[nn.Module, Selection, list[dict]]:
    """Train a new classifier by the common loop on cached features [views, n, width].

    Returns:
        The classifier as its last epoch leaves it, which epoch counts, and the history; `state` holds every epoch.
    """
    classifier, targets, train = new_classifier(features, data, settings, seed), data.labels, data.parts["train"]
    rows = fit(
        learner_of(classifier, settings, scenes.loss),
        lambda epoch: feature_batches(features, targets, train, settings, generator(seed, "draws", epoch)),
        measure_with(
            lambda model, ids, purpose: score(model, [(features[0, ids], targets[ids])]),
            sample_train(data.parts, seed),
            data.parts["validation"],
        ),
        course_of(settings, seed, -(-len(train) // settings["batch_size"])),
        state,
        watch=watch,
    )
    return classifier, Selection.of(rows, settings, train_images=len(train), views=1), rows


def train_classifier(
    *,
    settings: Mapping[str, object],
    seed: int,
    start: Path,
    start_epoch: int | str | None,
    features: Path,
    data: Data,
    state: State,
    outputs: Mapping[str, Path],
    watch: Watch = unwatched,
) -> None:
    """Train the classifier by the common loop on cached features, and write the same files as any training.

    Runs on the CPU: a linear layer on cached features takes seconds anywhere. The arguments are those of
    `train_network`; `features` is the file that `write_features` made from the same start.

    Raises:
        AssertionError: the frozen part is not frozen, or the cache is not what the network computes.
    """
    frozen = {
        name: tensor for name, tensor in weights.load_start(start, start_epoch).items() if name.startswith("features.")
    }
    cached = weights.load(features)["features"]
    _, selection, rows = fit_classifier(cached, data, settings, seed=seed, state=state, watch=watch)
    network = weights.metadata(start)["network"]
    write_results(rows, selection, state, outputs, network=network, others=frozen, prefix="classifier.")
    prove_frozen(outputs["weights"], frozen, weights.metadata(features)["hash"], cached[0], data.crops)


def prove_frozen(path: Path, frozen: Mapping[str, Tensor], features_hash: str, cached: Tensor, crops: Crops) -> None:
    """Assert that the saved model is the start plus a classifier, and gives the logits of cache plus classifier.

    The hash covers parameters and buffers, so a batch norm that moved fails; the logits of real images end to end
    fail for a cache that was made in training mode or from other weights.
    """
    saved = weights.load(path)
    hashes = {weights.fingerprint(saved), weights.fingerprint(frozen), features_hash}
    if len(hashes) != 1:
        raise AssertionError(f"{path}: the frozen features are not those of the start")
    model = rebuild(path)
    ids = spread(torch.arange(len(crops)), PROOF_IMAGES)
    with evaluation_mode(model):
        apart = (model(normalise(crops.batch(ids))) - model.classifier(cached[ids])).abs().max().item()
    if not apart <= PROOF_TOLERANCE:
        raise AssertionError(f"{path}: cached features give logits that differ by {apart:g} from the saved model's")
