"""Show a few training images as a pretext task shows them."""

from scenessl.joblog import job

with job(snakemake.log[0]):
    from scenessl.explain.samples import write_samples
    from scenessl.training.data import read_data

    source = snakemake.input
    write_samples(
        task=snakemake.params.task,
        options=snakemake.params.options,
        data=read_data(source.index, None, source.crops, source.parts),
        seed=snakemake.params.seed,
        output=snakemake.output.samples,
    )
