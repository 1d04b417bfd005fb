"""Draw the class activation maps of one model."""

from scenessl.figures.cam import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        cam=snakemake.input.cam,
        output=snakemake.output.figure,
        colour_map=snakemake.params.colour_map,
    )
