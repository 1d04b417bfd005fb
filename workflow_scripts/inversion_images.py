"""Draw the synthetic images of one model."""

from scenessl.figures.inversion import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(inversion=snakemake.input.inversion, output=snakemake.output.figure)
