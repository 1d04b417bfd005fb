"""Draw loss and accuracy of a model against the epoch."""

from scenessl.figures.curves import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        histories=snakemake.input.histories,
        selections=snakemake.input.selections,
        output=snakemake.output.figure,
        validation_name=snakemake.params.validation_name,
    )
