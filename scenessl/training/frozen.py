"""Train a new classifier on cached features, and prove that they are frozen and what the network computes."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from scenessl.data.crops import Crops, normalise
from scenessl.models import weights
from scenessl.models.inference import score
from scenessl.models.network import build_classifier, evaluation_mode, rebuild
from scenessl.tasks import scenes
from scenessl.training.data import Data, spread
from scenessl.training.epochs import feature_batches, feature_steps
from scenessl.training.loop import Watch, fit, unwatched
from scenessl.training.recipe import course_of, learner_of, measure_with, sample_train
from scenessl.training.results import Selection, write_results
from scenessl.training.seeding import generator, seeded
from scenessl.training.state import State

PROOF_IMAGES = 64
PROOF_TOLERANCE = 1e-4  # of a logit, or of the largest, if that is above 1: rounding grows with what is computed


def new_classifier(features: Tensor, data: Data, settings: Mapping, seed: int) -> nn.Sequential:
    """Draw a classifier for cached features [views, n, width]."""
    with seeded(seed, "classifier"):
        return build_classifier(features.shape[-1], len(data.classes), settings["dropout"], settings["fc_layers"])


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
        course_of(settings, seed, feature_steps(train, settings)),
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
        whole, apart = model(normalise(crops.batch(ids))), model.classifier(cached[ids])
    off, largest = (whole - apart).abs().max().item(), whole.abs().max().item()
    if not off <= PROOF_TOLERANCE * max(1.0, largest):
        raise AssertionError(f"{path}: cached features give logits that differ by {off:g} from the saved model's")
