"""Draw the labelled samples of a pretext task."""

from scenessl.figures.pretext_sheet import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(samples=snakemake.input.samples, output=snakemake.output.figure)
