"""Sentences and rows of the section on data: parts, transform, and the audit of the files."""

from markupsafe import Markup

from scenessl.data.names import printable
from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, percent
from scenessl.report.wording import listing, paragraph, phrase, plural, ref, say

LISTED = 30  # findings listed in the audit's table before it points to the result file


def split(evidence: Evidence) -> list[Markup]:
    """Say where the split comes from and how validation images were chosen."""
    total = say(
        "There are {train} images in the train part, {validation}{test} in the test part, of {classes} classes "
        "({table}); {given}.{stand_in}",
        train=count(evidence.total("train")),
        test=count(evidence.total("test")),
        classes=count(len(evidence.classes)),
        validation=f"{count(evidence.total('validation'))} in the validation part and "
        if evidence.has_validation
        else "",
        table=ref("classes"),
        given=_given(evidence),
        stand_in=say(" They stand in for {name}.", name=evidence.document.DATA_NAME) if evidence.is_drawn else "",
    )
    colour = (
        "All images are greyscale; their single channel is repeated three times."
        if evidence.data["grayscale"]
        else None
    )
    return [paragraph(total, colour), _validation(evidence)]


def _given(evidence: Evidence) -> str:
    """Say where the split into train and test comes from."""
    if evidence.data["origin"] == "by seed":
        return "the split into train and test is drawn by seed, since the data came without one"
    if evidence.is_drawn:
        return "the images of both parts are drawn separately by the program"
    return "the split into train and test is as it was given"


def _validation(evidence: Evidence) -> Markup:
    if not evidence.has_validation:
        text = (
            "The test part also plays the role of the validation part, as the assignment’s literal reading allows; "
            "therefore no epoch was selected by accuracy."
        )
        return paragraph(say(text), _reason(evidence))
    share = percent(float(evidence.published["validation"]), 0)
    text = (
        "The validation part is {share} of the images given for training, drawn class by class with the seed and the "
        "same for all models of a seed. It is never trained on, and the test part never decides about an epoch."
    )
    return paragraph(say(text, share=share), _reason(evidence))


def _reason(evidence: Evidence) -> Markup | None:
    reason = evidence.published.get("validation_reason")
    return say("The reason stated in the settings is “{reason}”.", reason=phrase(reason)) if reason else None


def audit(evidence: Evidence) -> list[Markup]:
    """Say what the audit of the files found."""
    found = evidence.audit
    kinds = [
        ("unreadable", "unreadable file"),
        ("duplicates", "group of equal files within a part"),
        ("leaks", "test image with a copy in train"),
        ("conflicts", "group of equal files under different labels"),
    ]
    parts = [plural(len(found[key]), noun, _many(noun)) for key, noun in kinds]
    text = "The bytes of all {images} files were hashed. The audit found {parts}{table}."
    table = say(" ({ref})", ref=ref("audit")) if audit_rows(evidence) else ""
    whole = say(text, images=count(found["images"]), parts=listing(parts), table=table)
    return [paragraph(whole, _left_out(found))]


def _left_out(found: dict) -> str | None:
    """Say that unreadable files count nowhere."""
    if not found["unreadable"]:
        return None
    return "Unreadable files are left out of everything: no number of images in this report counts them."


def _many(noun: str) -> str:
    """Plural of a noun with an attribute behind it: groups of equal files."""
    head, _, rest = noun.partition(" of ")
    if rest:
        return f"{head}s of {rest}"
    head, _, rest = noun.partition(" with ")
    return f"{head}s with {rest}".replace("a copy", "copies") if rest else noun + "s"


def audit_rows(evidence: Evidence) -> list[dict]:
    """Rows of the table of findings: kind and the files concerned, at most LISTED."""
    found = evidence.audit
    rows = [{"kind": "unreadable", "files": [item["path"]], "note": item["reason"]} for item in found["unreadable"]]
    rows += [{"kind": "leak", "files": [item["test"], *item["train"]], "note": ""} for item in found["leaks"]]
    rows += [{"kind": "conflict", "files": group, "note": ""} for group in found["conflicts"]]
    rows += [{"kind": "duplicate", "files": group, "note": ""} for group in found["duplicates"]]
    return [row | {"files": [printable(file) for file in row["files"]]} for row in rows[:LISTED]]


def audit_left_out(evidence: Evidence) -> int:
    """Count the findings that the table leaves out."""
    return max(0, sum(len(evidence.audit[key]) for key in ("unreadable", "leaks", "conflicts", "duplicates")) - LISTED)


def transform(evidence: Evidence) -> Markup:
    """Say how images are transformed."""
    side = evidence.published["image_side"]
    if evidence.published["transform"] == "whole":
        return say(
            "Every image is used whole, resized to {side} × {side} pixels where it has another size, and normalised "
            "channel by channel. Augmentation only follows, and is off in evaluation.",
            side=side,
        )
    return say(
        "Every image passes the transform that {origin}, {transform}: resize, centre crop and normalisation{size}. "
        "Augmentation only follows it, on the crop, and is off in evaluation.",
        origin="the assignment prescribes" if evidence.document.IS_PRETRAINED else "ImageNet networks are trained with",
        transform=code("EfficientNet_B0_Weights.IMAGENET1K_V1.transforms()"),
        size=say(", here at a side of {side} pixels", side=side),
    )
