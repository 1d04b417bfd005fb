"""Find the training views with the lowest and the largest loss of every model."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.explain.loss_extremes import write_loss_extremes
    from scenessl.training.data import read_data

    source, asked = snakemake.input, snakemake.params
    data = read_data(source.index, source.classes, source.crops, source.parts)
    models = zip(source.predictions, asked.tasks, asked.options, snakemake.output.extremes, strict=True)
    for predictions, task, options, output in models:
        write_loss_extremes(
            predictions=predictions,
            task=task,
            options=options,
            images=asked.images,
            data=data,
            seed=asked.seed,
            output=output,
        )
