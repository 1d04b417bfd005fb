"""How alike the feature extractors of the inverted models are, block by block."""

import numpy as np
from markupsafe import Markup

from scenessl.report.evidence import Evidence
from scenessl.report.numbers import code, count, decimal
from scenessl.report.readers.heatmaps import known
from scenessl.report.wording import cite, paragraph, ref, say

ALIKE = 0.05  # differences of CKA below this are called none


def pairs(evidence: Evidence) -> list[tuple[str, str]]:
    """Name the models that are compared, two by two."""
    found = evidence.extractors
    return list(zip(found["one"].tolist(), found["other"].tolist(), strict=True))


def rows(evidence: Evidence) -> list[dict]:
    """Rows of the table: a block, and CKA (None where it is undefined) and distance of each pair."""
    found = evidence.extractors
    return [
        {
            "block": block,
            "cells": list(zip(known(found["cka"][:, at]), found["distance"][:, at].tolist(), strict=True)),
        }
        for at, block in enumerate(found["blocks"].tolist())
    ]


def likeness(evidence: Evidence) -> list[Markup]:
    """Say how alike the extractors are, where they part, and whether weights and features tell the same."""
    if not pairs(evidence):
        return []
    opening = say(
        "{table} compares the feature extractors themselves: linear CKA {work} of each block’s maps, averaged to a "
        "grid of a few cells first, on {number} test images (1: the same up to a rotation and a scale, 0: none of it "
        "shared), and the distance of the weights. How CKA would vary with other images was not measured.",
        table=ref("extractors"),
        work=cite("kornblith2019"),
        number=count(int(evidence.extractors["sampled"])),
    )
    found = [_pair(evidence, at, *pair) for at, pair in enumerate(pairs(evidence))]
    return [paragraph(opening, *found, _order(evidence))]


def _pair(evidence: Evidence, at: int, one: str, other: str) -> Markup:
    cka, distance = evidence.extractors["cka"][at], evidence.extractors["distance"][at]
    blocks = evidence.extractors["blocks"].tolist()
    values = {"one": code(one), "other": code(other), "first": code(blocks[0]), "last": code(blocks[-1])}
    if not np.isfinite(cka).all():
        return say("Of {one} and {other} some block gives the same maps for all images.", **values)
    least = int(cka.argmin())
    change = float(cka[-1] - cka[0])
    trend = "hardly changes" if abs(change) < ALIKE else "falls" if change < 0 else "rises"
    return say(
        "Between {one} and {other} it {trend} from {low} in {first} to {high} in {last}, with the lowest value in "
        "{least} ({value}); the weights lie furthest apart in {furthest} ({distance} of their norm).",
        trend=trend,
        low=decimal(float(cka[0])),
        high=decimal(float(cka[-1])),
        least=code(blocks[least]),
        value=decimal(float(cka[least])),
        furthest=code(blocks[int(distance.argmax())]),
        distance=decimal(float(distance.max())),
        **values,
    )


def _order(evidence: Evidence) -> Markup | None:
    """Say which two models are most alike in the last block, where the filters were taken from."""
    last = evidence.extractors["cka"][:, -1]
    if len(last) < 2 or not np.isfinite(last).all():
        return None
    order = np.argsort(-last)
    if last[order[0]] - last[order[1]] < ALIKE:
        return say("In the block that the filters are of, no two models stand out as the most alike.")
    one, other = pairs(evidence)[int(order[0])]
    text = "In the block that the filters are of, {one} and {other} are the most alike."
    return say(text, one=code(one), other=code(other))
