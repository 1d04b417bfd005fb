"""Draw the training views with the lowest and the largest loss of one model."""

from scenessl.figures.loss_extremes import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(extremes=snakemake.input.extremes, output=snakemake.output.figure)
