"""Classify with few labels on cached features."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.evaluation.label_efficiency import write_label_efficiency
    from scenessl.training.data import read_data

    source, asked = snakemake.input, snakemake.params
    write_label_efficiency(
        features=dict(zip(asked.starts, source.features, strict=True)),
        data=read_data(source.index, None, None, source.parts),
        labels=asked.labels,
        draws=asked.draws,
        seed=int(snakemake.wildcards.seed),
        output=snakemake.output.predictions,
    )
