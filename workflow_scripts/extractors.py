"""Compare the feature extractors of the inverted models block by block."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.evaluation.extractors import write_extractors

    source = snakemake.input
    write_extractors(
        models=dict(zip(snakemake.params.models, source.weights, strict=True)),
        index=source.index,
        crops=source.crops,
        device=snakemake.resources.device,
        output=snakemake.output.extractors,
    )
