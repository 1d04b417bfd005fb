"""Answer to the question for recent works in self-supervision: three, each with its idea and what it is for."""

from markupsafe import Markup

from scenessl.report.evidence import Evidence
from scenessl.report.wording import cite, names, say

WORKS = (
    (
        "SimCLR",
        "chen2020",
        "Two random views of one image shall be more alike than views of different images. It is for features that a "
        "linear classifier can use with few labels, and it showed what they depend on: the choice and strength of the "
        "augmentations, a small network between features and loss that is thrown away afterwards, and many other "
        "images in a batch to be told apart from.",
    ),
    (
        "DINO",
        "caron2021",
        "A vision transformer predicts what a slowly moving average of itself says of another view of the image; no "
        "other images need to be told apart. It is for features that serve as they are, without any training on "
        "labels: its nearest neighbours classify well, and its attention outlines the objects of an image.",
    ),
    (
        "MAE",
        "he2022",
        "Three quarters of an image’s patches are hidden, and an autoencoder restores their pixels from the rest; the "
        "encoder sees only what is not hidden. It is for pretraining large transformers cheaply, with hardly any "
        "augmentation, and then fine-tuning all of their layers.",
    ),
)
"""Name, key in the bibliography, and what it does and is for."""


def works() -> list[Markup]:
    """Introduce the three works, one item each."""
    return [say("<b>{name}</b> {work}. {idea}", name=name, work=cite(key), idea=idea) for name, key, idea in WORKS]


def beside(evidence: Evidence) -> Markup:
    """Set them beside the pretext of this study."""
    rotations = [name for name in evidence.roles["pretexts"] if evidence.models[name].task == "rotation"]
    return say(
        "Each replaces the label by something that the image itself answers, as the rotation pretext does: that views "
        "belong together, or what a hidden part looks like, in place of how the image was turned. Rotation "
        "{work}{here} is simpler than all three: an ordinary classifier with an ordinary loss, whose answer a "
        "person can check.",
        work=cite("gidaris2018"),
        here=say(", used here in {models},", models=names(rotations)) if rotations else "",
    )
