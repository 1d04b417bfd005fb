"""Find the training views with the lowest and the largest loss of one model."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.explain.loss_extremes import write_loss_extremes
    from scenessl.training.data import read_data

    source = snakemake.input
    write_loss_extremes(
        predictions=source.predictions,
        task=snakemake.params.task,
        options=snakemake.params.options,
        images=snakemake.params.images,
        data=read_data(source.index, source.classes, source.crops, source.parts),
        seed=snakemake.params.seed,
        output=snakemake.output.extremes,
    )
