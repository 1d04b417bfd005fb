"""Class activation maps (Zhou et al. 2016): where an image speaks for a class, read off the linear classifier.

With f_k the maps of the last feature block and w^c, b_c the classifier's weights and bias for class c, equation 2 says

    M_c(x, y) = sum_k w_k^c f_k(x, y)

Since the classifier sees the spatial means of f_k, the spatial mean of M_c plus b_c is the logit of c: the map is the
logit, spread over the image, and nothing is estimated.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenessl.arrays import write_arrays
from scenessl.data.crops import normalise
from scenessl.errors import UserError
from scenessl.explain.predicted import Answers, part_views, read_answers, take
from scenessl.models.device import choose_device
from scenessl.models.network import evaluation_mode, rebuild
from scenessl.training.data import Data
from scenessl.training.seeding import generator
from scenessl.training.views import load_task

PART = "test"
CONFIDENT = 0.9  # probability of the target, from which a map may be called counter-intuitive
SEARCHED = 10_000  # views at most among which the counter-intuitive one is searched
RING = 8  # the outer ring is as wide as the side divided by this
BATCH = 64


def write_cam(
    *,
    model: Path | str,
    task: str,
    options: Mapping[str, object],
    predictions: Path | str,
    choice_predictions: Sequence[Path | str],
    classes: int,
    data: Data,
    seed: int,
    device: str,
    output: Path | str,
) -> None:
    """Write the class activation maps of a few test images, and of the one whose map is the most counter-intuitive.

    The images are those of `chosen_images`, the same for all models of the study. A model that answers to labels is
    shown them as they are, a pretext model one other view of each: the first image in view 1, the second in view 2, and
    so on (of rotation 90, 180 and 270 degrees). The map is that of the view's target. The last row is the view that
    `odd_row` finds.

    Args:
        model: weights file of the explained model.
        task: module name in `scenessl.tasks`.
        options: that task's own settings.
        predictions: predictions.npz of the explained model.
        choice_predictions: those of all models that answer to labels, the reference first.
        classes: images to show beside the counter-intuitive one.
        data: the images, their labels and parts.
        seed: of the training, which fixes what the task draws.
        device: see `choose_device`.
        output: .npz of m rows: what `explain` returns; `image` int32, `view` uint8, `target`, `predicted` int16,
            `probability` float32 (of the target), `odd` bool (the counter-intuitive one, last); `views` uint8
            [m, 3, S, S], what the network saw; `names` str [K]; `candidates` int32, the views that the odd one was
            looked for among, `floor` float32, their lowest probability, and `searched` int32, how many of them were
            looked at.

    Raises:
        UserError: the classifier is not one linear layer, or the predictions are not of these images.
    """
    network = rebuild(model).to(choose_device(device))
    linear_of(network)  # refused before the work begins
    answers = read_answers(predictions, PART)
    shown = partial(part_views, answers, PART, task=task, options=options, data=data, seed=seed)
    images, views = chosen_images(choice_predictions, classes), load_task(task).VIEWS
    rows = [answers.place(image, 1 + number % (views - 1) if views > 1 else 0) for number, image in enumerate(images)]
    candidates, floor = confident_rows(answers)
    searched = sampled(candidates, seed)
    odd = odd_row(network, shown(), searched, answers.target)
    rows += [] if odd is None else [odd]
    pixels = take(shown(), rows) if rows else data.crops.batch([])
    facts = {
        "odd": np.arange(len(rows)) == len(images),
        "views": pixels.numpy(),
        "names": answers.names,
        "candidates": np.int32(len(candidates)),
        "floor": np.float32(floor),
        "searched": np.int32(len(searched)),
    }
    write_arrays(output, explain(network, pixels, answers.target[rows]) | answers.columns(rows) | facts)


def explain(network: nn.Module, pixels: Tensor, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Make the class activation maps of views uint8 [m, 3, S, S] for their targets int [m].

    Returns:
        `coarse` float32 [m, h, w], M_c itself; `maps` float32 [m, S, S], M_c bilinearly upsampled and scaled from its
        own `low`..`high` float32 [m] to 0..1; `border` float32 [m], the share of that heat in the outer ring, and
        `even` float32 [], what it would be were the heat even; `gap` float32 [], the largest difference between the
        mean of M_c plus b_c and the logit, which is rounding.
    """
    linear = linear_of(network)
    with evaluation_mode(network):
        inputs = normalise(pixels).to(linear.weight.device)
        coarse = class_maps(network.features(inputs), linear, targets)
        logits = network(inputs)[range(len(targets)), targets]
        gaps = coarse.mean((1, 2)) + linear.bias[torch.as_tensor(targets)] - logits
    maps, low, high = spread(coarse, pixels.shape[-1])
    found = {"coarse": coarse, "maps": maps, "low": low, "high": high, "border": border_share(maps)}
    found |= {
        "even": border_share(torch.ones(1, *maps.shape[1:]))[0],
        "gap": gaps.abs().max() if len(gaps) else gaps.sum(),
    }
    return {name: tensor.cpu().numpy() for name, tensor in found.items()}


def linear_of(network: nn.Module) -> nn.Linear:
    """Find the one linear layer of the classifier; UserError when there are several."""
    found = [module for module in network.classifier.modules() if isinstance(module, nn.Linear)]
    if len(found) != 1:
        raise UserError(
            f"cam: a classifier of {len(found)} linear layers has no class activation maps. "
            "Set fc_layers: 1 or leave the model out of cam.models."
        )
    return found[0]


def class_maps(features: Tensor, linear: nn.Linear, targets: Sequence[int] | np.ndarray) -> Tensor:
    """Compute M_c of each image's target: features [n, k, h, w] and targets [n] -> [n, h, w]."""
    weights = linear.weight.detach()[torch.as_tensor(targets, device=linear.weight.device)]
    return torch.einsum("nk,nkhw->nhw", weights, features)


def spread(coarse: Tensor, side: int) -> tuple[Tensor, Tensor, Tensor]:
    """Upsample maps [n, h, w] bilinearly to `side` pixels and scale each to 0..1.

    Returns:
        The maps [n, side, side], and the values [n] that became 0 and 1. A map without a range becomes 0.
    """
    large = F.interpolate(coarse[:, None], (side, side), mode="bilinear", align_corners=False)[:, 0]
    low, high = large.amin((1, 2)), large.amax((1, 2))
    span = torch.where(high > low, high - low, torch.inf)
    return (large - low[:, None, None]) / span[:, None, None], low, high


def border_share(maps: Tensor) -> Tensor:
    """Compute the share of each map's sum that lies in its outer ring, an eighth of the side wide: [n, S, S] -> [n].

    A map of zeros has 0.
    """
    width = max(1, round(maps.shape[-1] / RING))
    ring = maps.new_ones(maps.shape[1:])
    ring[width:-width, width:-width] = 0
    total = maps.sum((1, 2))
    return torch.where(total > 0, (maps * ring).sum((1, 2)) / total, 0)


def chosen_images(predictions: Sequence[Path | str], classes: int) -> list[int]:
    """Choose one test image of each of a few classes.

    Classes come in the order of the recall that the reference (the first of `predictions`) has on the validation part,
    ties by label. Of each, the test image that all models classify rightly with the highest mean probability of the
    class (ties: the lowest id) is taken; a class without such an image is passed over. Fewer images than `classes`
    where there are no more, none included.

    Raises:
        UserError: there are no such models.
    """
    if not predictions:
        raise UserError("cam.models: name at least one model that answers to labels, by which the images are chosen.")
    reference = read_answers(predictions[0], "validation")
    by_model = [_by_image(read_answers(path, PART)) for path in predictions]
    images, labels = by_model[0][:2]
    shared = np.all([right for _, _, right, _ in by_model], axis=0)
    probability = np.mean([confidence for *_, confidence in by_model], axis=0)
    chosen = []
    for label in _by_recall(reference):
        here = np.flatnonzero(shared & (labels == label))
        if len(here):
            chosen.append(int(images[here[probability[here].argmax()]]))
    return chosen[:classes]


def _by_image(answers: Answers) -> tuple[np.ndarray, ...]:
    """Give images (ascending), their labels, whether each was found, and its class's probability, by plain view."""
    rows = np.flatnonzero(answers.view == 0)
    rows = rows[answers.image[rows].argsort()]
    return answers.image[rows], answers.target[rows], answers.right[rows], answers.confidence[rows].astype(float)


def _by_recall(answers: Answers) -> list[int]:
    """Order the labels that occur by recall, highest first, ties by label."""
    recall = {int(label): answers.right[answers.target == label].mean() for label in np.unique(answers.target)}
    return sorted(recall, key=lambda label: (-recall[label], label))


def confident_rows(answers: Answers) -> tuple[np.ndarray, float]:
    """Find the rightly answered views with a probability of 0.9 or more; where there are none, the top decile.

    Returns:
        Their rows, and the lowest probability among them (NaN where no view is answered rightly).
    """
    right = np.flatnonzero(answers.right)
    probability = answers.confidence[right]
    if not len(right):
        return right, float("nan")
    floor = CONFIDENT if (probability >= CONFIDENT).any() else np.quantile(probability, 0.9)
    return right[probability >= floor], float(probability[probability >= floor].min())


def sampled(rows: np.ndarray, seed: int) -> np.ndarray:
    """Draw SEARCHED of the rows, ascending; all, where there are no more."""
    if len(rows) <= SEARCHED:
        return rows
    return np.sort(rows[torch.randperm(len(rows), generator=generator(seed, "cam sample"))[:SEARCHED].numpy()])


def odd_row(network: nn.Module, batches: Iterable[Tensor], rows: np.ndarray, targets: np.ndarray) -> int | None:
    """Find the view whose map has the largest share of its heat in the outer ring; ties go to the first row.

    Args:
        network: with one linear layer as classifier.
        batches: all views, uint8 [b, 3, S, S] one batch after the other, numbered through.
        rows: numbers of the views to compare, ascending.
        targets: of all views.

    Returns:
        A row, or None where there are none to compare.
    """
    linear, shares = linear_of(network), []
    with evaluation_mode(network):
        for views, numbers in _selected(batches, rows):
            inputs = normalise(views).to(linear.weight.device)
            coarse = class_maps(network.features(inputs), linear, targets[numbers])
            shares.append(border_share(spread(coarse, views.shape[-1])[0]).cpu())
    return int(rows[int(torch.cat(shares).argmax())]) if shares else None


def _selected(batches: Iterable[Tensor], rows: np.ndarray) -> Iterable[tuple[Tensor, np.ndarray]]:
    """Give the views at `rows` (ascending) of batches that follow one another, BATCH at a time, with their rows."""
    begin, kept, numbers = 0, [], []
    for views in batches:
        here = rows[np.searchsorted(rows, begin) : np.searchsorted(rows, begin + len(views))]
        kept += list(views[here - begin])
        numbers += here.tolist()
        begin += len(views)
        while len(kept) >= BATCH:
            yield torch.stack(kept[:BATCH]), np.array(numbers[:BATCH])
            kept, numbers = kept[BATCH:], numbers[BATCH:]
    if kept:
        yield torch.stack(kept), np.array(numbers)
