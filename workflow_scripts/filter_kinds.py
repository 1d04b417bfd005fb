"""Draw the picked filters of one model."""

from scenessl.figures.filter_kinds import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(filters=snakemake.input.filters, output=snakemake.output.figure)
