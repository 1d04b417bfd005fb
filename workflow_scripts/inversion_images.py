"""Draw the synthetic images of one model beside real ones."""

from scenessl.figures.inversion import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(inversion=snakemake.input.inversion, crops=snakemake.input.crops, output=snakemake.output.figure)
