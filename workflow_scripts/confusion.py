"""Draw the confusion matrix of a model."""

from scenessl.figures.confusion import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(predictions=snakemake.input.predictions, output=snakemake.output.figure)
