"""Follow one pretext through its epochs."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.evaluation.trajectory import write_trajectory
    from scenessl.training.data import read_data

    source, asked = snakemake.input, snakemake.params
    write_trajectory(
        epochs_file=source.epochs,
        epochs=asked.epochs,
        images=asked.images,
        cached=dict(zip(asked.cached, source.cached, strict=True)),
        data=read_data(source.index, None, source.crops, source.parts),
        device=snakemake.resources.device,
        output=snakemake.output.trajectory,
    )
