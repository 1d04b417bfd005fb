"""Write randomly initialised features."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.training.data import read_data
    from scenessl.training.starts import write_random_start

    source = snakemake.input
    write_random_start(
        network=snakemake.params.network,
        data=read_data(source.index, None, source.crops, source.parts),
        seed=int(snakemake.wildcards.seed),
        output=snakemake.output.start,
    )
