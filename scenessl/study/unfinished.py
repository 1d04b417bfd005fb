"""Which seeds of a study are not finished, and how to go on without them."""

from collections.abc import Mapping
from pathlib import Path

from scenessl.study.manifest import run_files

RUN = ("weights.safetensors", "history.csv", "selection.json", "predictions.npz")


def unfinished(folder: Path | str, published: Mapping) -> dict[int, list[str]]:
    """Name the models that lack results, by seed; seeds that are finished are left out.

    Args:
        folder: the study's results.
        published: its configuration as published: models and seeds.
    """
    lacking = {
        seed: [
            model
            for model in published["models"]
            if not all((Path(folder) / name).exists() for name in run_files({"models": [model], "seeds": [seed]}, *RUN))
        ]
        for seed in published["seeds"]
    }
    return {seed: models for seed, models in lacking.items() if models}


def advice(folder: Path | str, published: Mapping) -> str:
    """Say which seeds are not finished when others are, and the two ways on; else nothing."""
    lacking = unfinished(folder, published)
    if not lacking or len(lacking) == len(published["seeds"]):
        return ""
    lines = [f"  seed {seed}: {', '.join(models)}" for seed, models in lacking.items()]
    given = ",".join(map(str, sorted([*lacking, *published.get("missing_seeds", [])])))
    return "\n".join(
        [
            f"{len(lacking)} of {len(published['seeds'])} seeds are not finished:",
            *lines,
            "Run the same command again to try them again, or go on without them, which the report will say, by adding",
            f"  --config missing_seeds={given}",
        ]
    )
