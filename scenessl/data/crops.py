"""The decoded crops that all models and seeds share, and what stands between them and a network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scenessl.data.nearby import nearby

# EfficientNet_B0_Weights.IMAGENET1K_V1.transforms(): mean and standard deviation of red, green and blue in 0..1
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class Crops:
    """Reads crops.npy, uint8 [n, C, S, S] with C of 1 (all grayscale) or 3, without loading it whole.

    Attributes:
        array: the memory map.
        side: S, in pixels.
    """

    def __init__(self, path: Path | str) -> None:
        """Open the file, or its copy on this machine's disk (nearby.py)."""
        self.array = np.load(nearby(path), mmap_mode="r")
        self.side = int(self.array.shape[-1])

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.array)

    def planes(self, ids: Sequence[int] | np.ndarray | Tensor) -> Tensor:
        """Return the crops of these images as they are stored, as new memory: uint8 [len(ids), C, S, S]."""
        return torch.from_numpy(np.array(self.array[np.asarray(ids, dtype=np.int64)]))

    def batch(self, ids: Sequence[int] | np.ndarray | Tensor) -> Tensor:
        """Return the crops of these images as new memory: uint8 [len(ids), 3, S, S], in the order of `ids`."""
        return in_colour(self.planes(ids))


def in_colour(planes: Tensor) -> Tensor:
    """Give images [b, C, S, S] three planes; those of a grayscale image are the same."""
    return planes.repeat(1, 3 // planes.shape[1], 1, 1)


def normalise(images: Tensor) -> Tensor:
    """Turn uint8 images [b, 3, S, S] into what the network was pretrained on: float32, channels last, same device."""
    mean, std = (torch.tensor(values, device=images.device).view(3, 1, 1) for values in (MEAN, STD))
    floats = images.to(torch.float32, memory_format=torch.channels_last)
    return floats.div_(255).sub_(mean).div_(std)
