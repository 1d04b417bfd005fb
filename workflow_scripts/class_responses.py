"""Draw what the filters of all models answer to each class."""

from scenessl.figures.class_responses import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        inversions=dict(zip(snakemake.params.models, snakemake.input.inversions, strict=True)),
        index=snakemake.input.index,
        classes=snakemake.input.classes,
        output=snakemake.output.figure,
    )
