"""Make the thumbnails of the page."""

from scenessl.joblog import job
from scenessl.page.thumbnails import write_thumbnails

with job(snakemake.log[0]):
    write_thumbnails(
        snakemake.output.thumbnails,
        crops=snakemake.input.crops,
        parts=snakemake.input.parts,
        predictions=snakemake.input.predictions,
    )
