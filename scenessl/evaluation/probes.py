"""Probes: how well simple classifiers do on the frozen features of each block of a network.

A block's map is averaged to a grid of cells, as the transfer experiments of Zhang et al. (2016) and RotNet (Gidaris
et al. 2018) resize it: global averages would judge an early block by little more than colour. The grid is the finest
of GRIDS that gives at most DIMENSION features, so that blocks of few and of many channels are compared at a similar
number of features. Every feature is standardised with its mean and deviation over the train part. A linear probe
(`logistic`) and the nearest neighbours in the train part (`knn`) take the same features of the grid; one more linear
probe, "pooled", takes the global averages, which for the last block are what the network's own classifier sees.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scenessl.arrays import write_arrays
from scenessl.data.crops import Crops, normalise
from scenessl.data.parts import own_parts
from scenessl.errors import UserError
from scenessl.evaluation.knn import classify
from scenessl.evaluation.logistic import fit_path, mean_and_scale
from scenessl.models.device import choose_device
from scenessl.models.network import evaluation_mode, with_features
from scenessl.models.similarity import unit
from scenessl.training.data import Data

GRIDS = (8, 4, 2, 1)  # cells a side
DIMENSION = 2048  # features at most, unless a block has more channels
STRENGTHS = (1.0, 0.1, 0.01, 0.001)  # of the L2 penalty, the strongest first
WITHOUT_VALIDATION = 0.01  # the strength where there is nothing to choose by
BATCH = 64  # images

Sets = dict[str, Tensor]  # of each part, by its name


def write_probes(
    *,
    start: Path,
    start_epoch: int | str | None,
    data: Data,
    knn: Sequence[int],
    temperature: float,
    device: str,
    output: Path,
) -> None:
    """Write what the probes of every block of a start say of the test images.

    Args:
        start: a weights file.
        start_epoch: which of its epochs, as in `weights.load_start`.
        data: crops, labels and parts.
        knn: numbers of neighbours.
        temperature: of their votes.
        device: see `choose_device`.
        output: .npz of what `probe` gives.

    Raises:
        UserError: the start has no such epoch, or its features are not finite.
    """
    where = choose_device(device)
    found = probe(with_features(start, start_epoch).to(where), data, knn, temperature, where)
    write_arrays(output, found)


def probe(
    model: nn.Module, data: Data, knn: Sequence[int], temperature: float, device: torch.device
) -> dict[str, np.ndarray]:
    """Probe every block of `model.features`.

    Everything is fitted to the train part. The strength of a linear probe's penalty is the one of STRENGTHS with the
    highest validation accuracy (the stronger of equals), or WITHOUT_VALIDATION where the study has no validation part.

    Args:
        model: on `device`; left as it was.
        data: crops, labels and parts.
        knn: numbers of neighbours; one beyond the train part takes all of it.
        temperature: of their votes.
        device: where to compute.

    Returns:
        With B blocks and M methods: `blocks` str [B] ("features.0", ...); `methods` str [M], "linear", "linear pooled"
        and "knn <k>" for every k; `voters` int32 [M], the neighbours that there were to vote, 0 for a linear probe;
        `image` int32 and `target` int16 [n_test]; `predicted` int16 [B, M, n_test]; `validation` float32 [B, M],
        accuracies 0..1, NaN without a validation part; int32 [B], the features of an image in the grid, `dimension`,
        and pooled, `channels`; float32 [B], the chosen strengths of both linear probes, `strength` and
        `strength_pooled`.

    Raises:
        UserError: features that are not finite, or beyond half precision.
    """
    prober, test = Prober(data, device), data.parts["test"]
    rows = [prober.probe(*views, knn, temperature) for views in block_features(model, data.crops, device)]
    return {
        "blocks": np.array([f"features.{place}" for place in range(len(rows))], np.str_),
        "methods": np.array(["linear", "linear pooled", *(f"knn {count}" for count in knn)], np.str_),
        "voters": np.array([0, 0, *(min(count, len(data.parts["train"])) for count in knn)], np.int32),
        "image": test.numpy().astype(np.int32),
        "target": data.labels[test].numpy().astype(np.int16),
        **{name: np.stack([row[name] for row in rows]) for name in rows[0]},
    }


def block_features(model: nn.Module, crops: Crops, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """Run all images through the network once, block by block, and keep what the probes take.

    Returns:
        For each block its map averaged to a grid, [n, channels * cells * cells], and its global averages,
        [n, channels]; float16 on the CPU (60,000 images of 2,048 features are 246 MB).

    Raises:
        UserError: values that are not finite, or beyond half precision.
    """
    kept: list[Tensor] = []
    for ids, blocks in _through_blocks(model, crops, torch.arange(len(crops)), device):
        views = [averaged(maps, side) for maps in blocks for side in (cells(*maps.shape[1:]), 1)]
        kept = kept or [torch.empty(len(crops), view.shape[1], dtype=torch.float16) for view in views]
        for whole, view in zip(kept, views, strict=True):
            whole[ids] = view.half().cpu()
    for place, whole in enumerate(kept):
        if not whole.isfinite().all():
            raise UserError(f"features.{place // 2} gives numbers that are not finite: that training diverged.")
    return list(zip(kept[::2], kept[1::2], strict=True))


def cells(channels: int, height: int, width: int) -> int:
    """Choose the cells a side of a map's grid: the most of GRIDS that the map has and DIMENSION allows, at least 1."""
    fitting = [side for side in GRIDS if side <= min(height, width) and channels * side**2 <= DIMENSION]
    return fitting[0] if fitting else 1


def block_maps(model: nn.Module, crops: Crops, ids: Tensor, device: torch.device) -> list[Tensor]:
    """Compute every block's maps of some images, averaged to a grid as for the probes: float32 [n, d] each."""
    pieces = [
        [averaged(maps, cells(*maps.shape[1:])).cpu() for maps in blocks]
        for _, blocks in _through_blocks(model, crops, ids, device)
    ]
    return [torch.cat(block) for block in zip(*pieces, strict=True)]


def averaged(maps: Tensor, side: int) -> Tensor:
    """Average maps [n, channels, h, w] to a grid of some cells a side: [n, channels * side * side]."""
    return F.adaptive_avg_pool2d(maps, side).flatten(1)


def _through_blocks(
    model: nn.Module, crops: Crops, ids: Tensor, device: torch.device
) -> Iterator[tuple[Tensor, Iterator[Tensor]]]:
    """Give images batch by batch: ids, and the maps after one block after the other, computed as they are asked for."""
    with evaluation_mode(model):
        for some in ids.split(BATCH):
            inputs = normalise(crops.batch(some).to(device))
            yield some, _maps_after(model.features, inputs)


def _maps_after(blocks: Iterable[nn.Module], maps: Tensor) -> Iterator[Tensor]:
    """Give the maps after each block."""
    for block in blocks:
        maps = block(maps)
        yield maps


class Prober:
    """The parts and their labels, laid out to probe one block's features after the other.

    Attributes:
        ids: of the parts' images; a validation part that is the test part is left out.
        labels: of the same images, on the device.
        judged: the parts that a probe classifies, all but train.
    """

    def __init__(self, data: Data, device: torch.device) -> None:
        """Lay them out."""
        self.device = device
        self.ids: Sets = {part: data.parts[part] for part in own_parts(data.parts)}
        self.labels: Sets = {part: data.labels[ids].to(device) for part, ids in self.ids.items()}
        self.judged = [part for part in self.ids if part != "train"]
        self.classes = int(data.labels.max()) + 1

    def probe(self, gridded: Tensor, pooled: Tensor, knn: Sequence[int], temperature: float) -> dict[str, np.ndarray]:
        """Probe one block by all methods; gives its row of what `probe` returns.

        Takes the features of all images, float [n, d]: averaged to a grid, and wholly.
        """
        said_pooled, strength_pooled = self._linear(self._standardised(pooled))
        rows = self._standardised(gridded)
        said_linear, strength = self._linear(rows)
        said = [said_linear, said_pooled, *self._nearest(rows, knn, temperature)]
        return {
            "predicted": np.stack([one["test"].cpu().numpy().astype(np.int16) for one in said]),
            "validation": np.array([self._validated(one) for one in said], np.float32),
            "dimension": np.array(gridded.shape[1], np.int32),
            "channels": np.array(pooled.shape[1], np.int32),
            "strength": np.array(strength, np.float32),
            "strength_pooled": np.array(strength_pooled, np.float32),
        }

    def _standardised(self, features: Tensor) -> Sets:
        """Give each part's features, float32, with mean 0 and deviation 1 over the train part; constants become 0."""
        rows = {part: features[ids].to(self.device, torch.float32) for part, ids in self.ids.items()}
        mean, scale = mean_and_scale(rows["train"])
        for values in rows.values():
            values.sub_(mean).mul_(scale)
        return rows

    def _linear(self, rows: Sets) -> tuple[Sets, float]:
        """Fit linear probes; give what the chosen one says, and its strength."""
        strengths = STRENGTHS if "validation" in rows else (WITHOUT_VALIDATION,)
        fits = fit_path(rows["train"], self.labels["train"], self.classes, strengths)
        said = [{part: fit(rows[part]).argmax(1) for part in self.judged} for fit in fits]
        best = int(np.argmax([self._validated(one) for one in said]))
        return said[best], strengths[best]

    def _nearest(self, rows: Sets, knn: Sequence[int], temperature: float) -> list[Sets]:
        """Classify by the nearest train images; give what each number of neighbours says.

        Scales `rows` in place: a copy of 60,000 images would take half a gigabyte.
        """
        for values in rows.values():
            unit(values, out=values)
        votes = {"classes": self.classes, "counts": knn, "temperature": temperature}
        said = {part: classify(rows[part], rows["train"], self.labels["train"], **votes) for part in self.judged}
        return [{part: answers[place] for part, answers in said.items()} for place in range(len(knn))]

    def _validated(self, said: Sets) -> float:
        """Score what a probe says of the validation part, 0..1; NaN where there is none."""
        return share_right(said["validation"], self.labels["validation"]) if "validation" in said else math.nan


def share_right(said: Tensor, labels: Tensor) -> float:
    """Give the share of labels [n] that are said rightly, 0..1."""
    return (said == labels).double().mean().item()
