"""Draw a few test images and their nearest train images in all compared models."""

from scenessl.figures.neighbours import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        neighbours=dict(zip(snakemake.params.models, snakemake.input.neighbours, strict=True)),
        crops=snakemake.input.crops,
        output=snakemake.output.figure,
    )
