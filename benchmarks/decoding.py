"""Decoding every image of a data set to the cache, against Pillow alone on all cores."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.material import SIDE, Material
from benchmarks.pairs import Side, in_turns
from benchmarks.rows import Row
from scenessl.data.cache import write_crops
from scenessl.data.crops import Crops
from scenessl.data.transforms import crop
from scenessl.files import read_csv

PASSES = 4  # in a turn: ten seconds with 15-Scene


def rows(material: Material) -> Iterator[Row]:
    """Measure making the cache, and opening it."""
    begin = time.perf_counter()
    Crops(material.crops).batch([0])
    notes = [f"opened again in {time.perf_counter() - begin:.3f} s"]
    number = len(read_csv(material.made["index"]))
    [found] = in_turns(*(partial(passes, side(material)) for side in (ours, pillow)))
    yield Row(f"decoding {number:,} images", "Pillow, a thread per core", found, 1.0, notes)


def passes(side: Side) -> float:
    """Decode everything as often as makes a turn of some seconds."""
    return sum(side() for _ in range(PASSES))


def ours(material: Material) -> Side:
    """Make the cache as a study does: hashes compared, orientation and odd modes looked at."""
    made = {name: material.made[name] for name in ("index", "classes", "source")}

    def side() -> int:
        write_crops(**made, crops=material.folder / "again.npy", side=SIDE)
        return 1

    return side


def pillow(material: Material) -> Side:
    """Open, convert, scale and cut without looking at anything else, into an array on the disk as well."""
    paths = [material.images / row["path"] for row in read_csv(material.made["index"])]
    gray = Crops(material.crops).array.shape[1] == 1
    shape = (len(paths), 1 if gray else 3, SIDE, SIDE)

    def side() -> int:
        array = np.lib.format.open_memmap(material.folder / "pillow.npy", mode="w+", dtype=np.uint8, shape=shape)

        def fill(job: tuple[int, Path]) -> None:
            number, path = job
            with Image.open(path) as image:
                pixels = np.asarray(crop(image.convert("L" if gray else "RGB"), SIDE))
            array[number] = pixels[None] if gray else pixels.transpose(2, 0, 1)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(fill, enumerate(paths)))
        array.flush()
        return 1

    return side
