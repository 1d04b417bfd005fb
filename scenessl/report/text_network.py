"""The architecture in words and rows: what it is called, its blocks, and how it compares with ResNet-18."""

from markupsafe import Markup

from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, percent
from scenessl.report.wording import cite, listing, paragraph, ref, say

NETWORKS = {
    "efficientnet_b0": ("EfficientNet-B0", "tan2019"),
    "small_resnet": ("the same small residual network", "he2016"),
}
"""What a sentence calls a network, and the work that describes it."""

RESNET18_LAYERS = 18
RESNET18_WIDTHS = (64, 128, 256, 512)  # channels of its four stages
RESNET18_PARAMETERS = 11_689_512  # of torchvision's, for 1,000 classes


def named(evidence: Evidence) -> Markup:
    """Name the network of all models, with its work."""
    name = evidence.published["network"]
    words, work = NETWORKS.get(name, (code(name), None))
    return say("{words} {work}", words=words, work=cite(work)) if work else say("{words}", words=words)


def rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of blocks: block, layers, channels, side, parameters; the classifier last."""
    from scenessl.models.network import describe  # takes torch, which no other part of the report does

    return describe(evidence.published["network"], evidence.published["image_side"], len(evidence.classes))


def total(blocks: list[dict], key: str) -> int:
    """Add up a column of the table of blocks."""
    return sum(row[key] for row in blocks)


def architecture(evidence: Evidence) -> list[Markup]:
    """Describe the network and say how much smaller than ResNet-18 it is."""
    blocks = rows(evidence)
    first, last = blocks[0], blocks[-2]
    opening = say(
        "{table} lists the blocks of the network, a residual network after He et al. {work}: every stage adds what two "
        "3 × 3 convolutions find to a shortcut, which carries its input on unchanged or, where height and width are "
        "halved, through a 1 × 1 convolution. Batch normalisation follows every convolution.",
        table=ref("network"),
        work=cite("he2016"),
    )
    stem = say(
        "ResNet-18 is made for images of 224 pixels, whose height and width it cuts to a quarter before its first "
        "stage. At {side} pixels too little would be left, so the stem here is one 3 × 3 convolution, whose maps are "
        "{first} pixels wide; those of the last block still are {last}. Their global average and one linear layer give "
        "the scores.",
        side=evidence.published["image_side"],
        first=first["side"],
        last=last["side"],
    )
    return [paragraph(opening, stem), _smaller(blocks)]


def _smaller(blocks: list[dict]) -> Markup:
    """Compare depth, width and parameters with ResNet-18's."""
    layers, parameters = total(blocks, "layers"), total(blocks, "parameters")
    widths = list(dict.fromkeys(row["channels"] for row in blocks[1:-1]))
    values = {
        "layers": layers,
        "widths": listing(widths),
        "parameters": count(parameters),
        "theirs": listing(RESNET18_WIDTHS),
        "eighteen": RESNET18_LAYERS,
        "many": count(RESNET18_PARAMETERS),
        "share": percent(parameters / RESNET18_PARAMETERS, 1),
    }
    shrunk = [
        ("depth", layers < RESNET18_LAYERS),
        ("width", max(widths) < max(RESNET18_WIDTHS)),
    ]
    smaller = [word for word, is_smaller in shrunk if is_smaller]
    facts = say(
        "The network has {layers} weighted layers (shortcuts not counted), stages of {widths} channels, and "
        "{parameters} parameters. ResNet-18 has {eighteen} layers, stages of {theirs} channels, and {many} parameters "
        "with its classifier for 1,000 classes.",
        **values,
    )
    words = listing(smaller) if smaller else "neither depth nor width"
    return paragraph(
        facts, say("So it is smaller in {words} and has {share} of the parameters.", words=words, **values)
    )
