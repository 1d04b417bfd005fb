"""Decode every image to its square crop."""

from scenessl.data.cache import write_crops
from scenessl.joblog import job
from scenessl.study.keys import renew_key

with job(snakemake.log[0]):
    write_crops(
        index=snakemake.input.index,
        classes=snakemake.input.classes,
        source=snakemake.input.source,
        crops=snakemake.output.crops,
        side=snakemake.params.side,
        transform=snakemake.params.transform,
        workers=snakemake.threads,
    )
    renew_key(snakemake.output.key)
