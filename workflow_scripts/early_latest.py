"""Draw the accuracies after an early and after the latest pretext epoch."""

from scenessl.figures.early_latest import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        accuracies=snakemake.input.accuracies,
        early=snakemake.params.early,
        latest=snakemake.params.latest,
        output=snakemake.output.figure,
    )
