"""A frozen copy of a model whose batch norms are folded into the convolutions before them."""

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(model: nn.Module) -> nn.Module:
    """Copy `model` for inference: evaluation mode, no gradients for weights, batch norms folded, channels last.

    A batch norm in evaluation mode is an affine map, so that folding it changes the outputs only by rounding
    (about 1e-6 of their size) and spares a pass over every map. A folded batch norm leaves an `Identity`, so that
    indices such as `features[8][2]` mean what they meant. Only a batch norm that directly follows a convolution
    inside an `nn.Sequential` is folded; the others stay. `model` itself is not touched.
    """
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    for sequence in [module for module in twin.modules() if isinstance(module, nn.Sequential)]:
        _fold_sequence(sequence)
    return twin.to(memory_format=torch.channels_last)


def _fold_sequence(sequence: nn.Sequential) -> None:
    """Fold every (convolution, batch norm) pair of neighbours in place."""
    for index in range(len(sequence) - 1):
        convolution, norm = sequence[index], sequence[index + 1]
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            sequence[index] = fuse_conv_bn_eval(convolution, norm).requires_grad_(False)
            sequence[index + 1] = nn.Identity()
