"""Write randomly initialised features."""

from scenessl.joblog import job
from scenessl.models.weights import write_random_start

with job(snakemake.log[0]):
    write_random_start(snakemake.output.start, int(snakemake.wildcards.seed))
