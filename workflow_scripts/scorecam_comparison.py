"""Draw the Score-CAM maps of all compared models side by side."""

from scenessl.figures.scorecam_comparison import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        maps=dict(zip(snakemake.params.models, snakemake.input.maps, strict=True)),
        crops=snakemake.input.crops,
        choice=snakemake.input.choice,
        output=snakemake.output.figure,
        colour_map=snakemake.params.colour_map,
        is_shared=snakemake.wildcards.scaling == "shared",
    )
