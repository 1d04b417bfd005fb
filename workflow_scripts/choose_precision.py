"""Find out whether bf16 makes training faster on this machine."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.training.precision_choice import write_precision

    write_precision(
        network=snakemake.params.network,
        side=snakemake.params.side,
        batch_size=int(snakemake.wildcards.batch_size),
        device=snakemake.resources.device,
        output=snakemake.output.precision,
    )
