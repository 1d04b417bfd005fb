"""Draw the t-SNE maps of one model."""

from scenessl.figures.embedding import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        embedding=snakemake.input.embedding,
        classes=snakemake.input.classes,
        output=snakemake.output.figure,
    )
