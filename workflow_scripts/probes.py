"""Fit the probes of every block of one start."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.evaluation.probes import write_probes
    from scenessl.training.data import read_data

    source, asked = snakemake.input, snakemake.params
    write_probes(
        start=source.start,
        start_epoch=asked.epoch,
        data=read_data(source.index, None, source.crops, source.parts),
        knn=asked.knn,
        temperature=asked.temperature,
        device=snakemake.resources.device,
        output=snakemake.output.probes,
    )
