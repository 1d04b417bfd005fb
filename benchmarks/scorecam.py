"""Score-CAM of one image at the last feature block, every channel, against pytorch-grad-cam and torch-cam."""

from collections.abc import Iterator
from importlib.metadata import version

import torch
from pytorch_grad_cam import ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torchcam.methods import ScoreCAM as TorchcamScoreCAM

from benchmarks.material import SIDE, Material
from benchmarks.pairs import Side, in_turns
from benchmarks.rows import Row
from scenessl.data.crops import normalise
from scenessl.explain.scorecam import explain
from scenessl.models.network import Network

LAYER, TARGET = 8, 0
PAIRS = 3


def rows(material: Material) -> Iterator[Row]:
    """Measure against both, with their own batch size and with the better of two smaller and larger ones."""
    crops = material.data().crops.batch([0])
    model = material.network(15).eval()
    theirs = material.network(15).eval().to(memory_format=torch.contiguous_format)
    theirs.load_state_dict(model.state_dict())

    def ours() -> int:
        explain(model, crops, [0], [TARGET], normalise, layers=[LAYER], report=lambda line: None)
        return 1

    image = normalise(crops).contiguous()
    stage = "Score-CAM, 1,280 channels"
    for name, make, batches in (("grad-cam", gradcam, (16, 64)), ("torchcam", torchcam, (32, 64))):
        for batch in batches:
            found = in_turns(ours, make(theirs, image, batch), PAIRS)
            yield Row(stage, f"{name} {version(name)}, {batch} a batch", found, 2.5)


def gradcam(model: Network, image: torch.Tensor, batch: int) -> Side:
    """Make the map as pytorch-grad-cam does."""

    def side() -> int:
        with ScoreCAM(model, [model.features[LAYER]]) as cam:
            cam.batch_size = batch
            cam(image, [ClassifierOutputTarget(TARGET)])
        return 1

    return side


def torchcam(model: Network, image: torch.Tensor, batch: int) -> Side:
    """Make the map as torch-cam does."""

    def side() -> int:
        with TorchcamScoreCAM(model, model.features[LAYER], batch, (3, SIDE, SIDE)) as cam, torch.inference_mode():
            model(image)
            cam(TARGET)
        return 1

    return side
