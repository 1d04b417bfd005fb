"""Compute the features of every image once."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.training.frozen import write_features

    write_features(
        start=snakemake.input.start,
        start_epoch=snakemake.params.epoch,
        crops=snakemake.input.crops,
        mirrored=snakemake.params.mirrored,
        device=snakemake.resources.device,
        output=snakemake.output.features,
    )
