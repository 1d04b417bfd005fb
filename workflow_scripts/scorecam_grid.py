"""Draw the Score-CAM grid of one model."""

from scenessl.figures.scorecam import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        maps=snakemake.input.maps,
        crops=snakemake.input.crops,
        choice=snakemake.input.choice,
        output=snakemake.output.figure,
        colour_map=snakemake.params.colour_map,
    )
