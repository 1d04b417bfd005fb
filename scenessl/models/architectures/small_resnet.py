"""A residual network for images of 32 pixels, shallower and narrower than ResNet-18 (He et al. 2016, section 4.2).

A 3x3 stem that keeps the size, then three stages of one basic block each, at 32, 64 and 128 channels: eight weighted
layers with the classifier against eighteen, 0.31 million parameters against 11.7 million. Global average pooling and
one linear layer follow (`network.Network`), so that class activation maps are exact.
"""

from torch import Tensor, nn

WIDTHS = (32, 64, 128)  # channels of the stages
WIDTH = WIDTHS[-1]


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut (He et al. 2016, equation 2); the first may halve height and width."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        """Map [n, channels, h, w] to [n, width, h / stride, w / stride]."""
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != width:
            projection = nn.Conv2d(channels, width, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(width))

    def forward(self, inputs: Tensor) -> Tensor:
        """Add what the convolutions find to the shortcut."""
        inner = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(inputs)))))
        return self.relu(inner + self.shortcut(inputs))


def features() -> nn.Sequential:
    """Make the randomly initialised stem and stages: [n, 3, side, side] -> [n, 128, side / 4, side / 4].

    Convolutions start as He et al. (2015, equation 10) draw them.
    """
    first = WIDTHS[0]
    stem = nn.Sequential(nn.Conv2d(3, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), nn.ReLU(inplace=True))
    strides = (1,) + (2,) * (len(WIDTHS) - 1)
    stages = [
        nn.Sequential(BasicBlock(channels, width, stride))
        for channels, width, stride in zip((first, *WIDTHS), WIDTHS, strides, strict=False)
    ]
    blocks = nn.Sequential(stem, *stages)
    for module in blocks.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return blocks
