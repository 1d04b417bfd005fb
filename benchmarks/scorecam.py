"""Score-CAM of one image at the last feature block, every channel, against pytorch-grad-cam and torch-cam."""

from collections.abc import Callable, Iterator
from importlib.metadata import version

import torch
from pytorch_grad_cam import ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from scipy.stats import spearmanr
from torch import Tensor, nn
from torchcam.methods import ScoreCAM as TorchcamScoreCAM

from benchmarks.material import SIDE, Material
from benchmarks.pairs import Pairs, Side, apart, in_turns
from benchmarks.rows import Row
from scenessl.data.crops import normalise
from scenessl.explain.scorecam import ScoreCam, masked_batch, recorded
from scenessl.explain.variants import VARIANTS
from scenessl.models.folding import folded

LAYER, TARGET = 8, 0
OUTPUTS = 15
GRADCAM, TORCHCAM = 16, 32  # masks a batch that the tools take by default
GRADCAM_BEST = 8  # of 8, 16 and 64, on two cores
STAGE = "Score-CAM, 1,280 channels"


def rows(material: Material) -> Iterator[Row]:
    """Measure against both, and what bf16 would bring, which no study uses."""
    # The classifier is drawn; all sides get the same one.
    state = material.network(OUTPUTS).state_dict()
    full, reduced = (cam(material, state, change) for change in (lambda model: model, Reduced))
    scripts = (apart(gradcam, material, state, GRADCAM), apart(gradcam, material, state, GRADCAM_BEST),
               apart(torchcam, material, state, TORCHCAM))  # fmt: skip
    with scripts[0] as first, scripts[1] as best, scripts[2] as other:
        against_reduced, *found = in_turns(turns(full), turns(reduced), first, best, other, warm_up=False)
    gradcams = f"grad-cam {version('grad-cam')}"
    others = (f"{gradcams}, {GRADCAM} a batch", f"{gradcams}, {GRADCAM_BEST} a batch")
    others += (f"torchcam {version('torchcam')}, {TORCHCAM} a batch",)
    yield from (Row(STAGE, *pair, 2.5) for pair in zip(others, found, strict=True))
    rank = spearmanr(full().flatten(), reduced().flatten()).statistic
    pairs = Pairs(against_reduced.other, found[0].other)
    yield Row(f"{STAGE}, in bf16 (not used)", others[0], pairs, 6.0, [f"rank correlation with fp32 {rank:.5f}"])


class Reduced(nn.Module):
    """A network that computes in bf16."""

    def __init__(self, model: nn.Module) -> None:
        """Take the network, which is changed."""
        super().__init__()
        self.model = model.bfloat16()
        self.features = self.model.features

    def forward(self, images: Tensor) -> Tensor:
        """Give the logits in fp32."""
        return self.model(images.bfloat16()).float()


def cam(material: Material, state: dict, change: Callable[[nn.Module], nn.Module]) -> Callable[[], Tensor]:
    """Make what makes the map [S, S] as a study does, from a network that `change` makes of the folded one."""
    model = material.network(OUTPUTS)
    model.load_state_dict(state)
    method = ScoreCam(change(folded(model)), VARIANTS["paper"], masked_batch("cpu", SIDE))
    image = normalise(material.data().crops.batch([0]))

    @torch.inference_mode()
    def explain() -> Tensor:
        with recorded(method.model.features, [LAYER]) as activations:
            method.logits(image)
        return method.heats(image, [TARGET], activations[LAYER].float())[0]

    return explain


def turns(explain: Callable[[], Tensor]) -> Side:
    """Make one map a turn."""

    def side() -> int:
        explain()
        return 1

    return side


def gradcam(material: Material, state: dict, batch: int) -> Side:
    """Make the map as pytorch-grad-cam does."""
    model, image = theirs(material, state)

    def side() -> int:
        with ScoreCAM(model, [model.features[LAYER]]) as method:
            method.batch_size = batch
            method(image, [ClassifierOutputTarget(TARGET)])
        return 1

    return side


def torchcam(material: Material, state: dict, batch: int) -> Side:
    """Make the map as torch-cam does."""
    model, image = theirs(material, state)

    def side() -> int:
        with TorchcamScoreCAM(model, model.features[LAYER], batch, (3, SIDE, SIDE)) as method, torch.inference_mode():
            model(image)
            method(TARGET)
        return 1

    return side


def theirs(material: Material, state: dict) -> tuple[nn.Module, Tensor]:
    """Give the network and an image as they come without us."""
    model = material.network(OUTPUTS).eval()
    model.load_state_dict(state)
    return model.to(memory_format=torch.contiguous_format), normalise(material.data().crops.batch([0])).contiguous()
