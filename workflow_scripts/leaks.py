"""Show test images beside their copies in train."""

from scenessl.figures.leaks import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        audit=snakemake.input.audit,
        index=snakemake.input.index,
        crops=snakemake.input.crops,
        shown=snakemake.params.shown,
        output=snakemake.output.figure,
    )
