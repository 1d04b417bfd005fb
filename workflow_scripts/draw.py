"""Draw the embedded data set."""

from scenessl.data.drawn import draw
from scenessl.joblog import job

with job(snakemake.log[0]):
    settings = {key: value for key, value in snakemake.params.settings.items() if key != "kind"}
    draw(snakemake.output[0], **settings)
