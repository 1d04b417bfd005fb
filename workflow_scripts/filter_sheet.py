"""Draw all filters of one layer of a model."""

from scenessl.figures.filters import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        filters=snakemake.input.filters,
        layer=int(snakemake.wildcards.layer) - 1,
        output=snakemake.output.figure,
    )
