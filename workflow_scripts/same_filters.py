"""Draw the filters of the first model as every model has them."""

from scenessl.figures.same_filters import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        inversions=dict(zip(snakemake.params.models, snakemake.input.inversions, strict=True)),
        output=snakemake.output.figure,
    )
