"""From an image of any size to a square of pixels: torchvision's transform for EfficientNet-B0, or the image whole."""

from PIL import Image

from scenessl.vision import InterpolationMode, transforms


def crop(image: Image.Image, side: int = 224, transform: str = "imagenet") -> Image.Image:
    """Make an image a square of `side` pixels, by bicubic interpolation with antialiasing.

    imagenet: the shorter side is resized (to 256 for a `side` of 224 and in that ratio for others) and the centre cut;
    at 224 this is `EfficientNet_B0_Weights.IMAGENET1K_V1.transforms()` without its last two steps.
    whole: height and width are resized, whatever their ratio; an image of that size stays as it is, pixel by pixel.
    """
    if transform == "imagenet":
        resized = transforms.resize(image, [round(256 / 224 * side)], InterpolationMode.BICUBIC)
        return transforms.center_crop(resized, [side, side])
    if image.size == (side, side):
        return image
    return transforms.resize(image, [side, side], InterpolationMode.BICUBIC)
