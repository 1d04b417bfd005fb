"""Draw the rise of every filter's activation."""

from scenessl.figures.inversion_traces import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        inversions=dict(zip(snakemake.params.models, snakemake.input.inversions, strict=True)),
        output=snakemake.output.figure,
    )
