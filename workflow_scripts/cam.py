"""Make the class activation maps of one model."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.explain.cam import write_cam
    from scenessl.training.data import read_data

    source = snakemake.input
    write_cam(
        model=source.weights,
        task=snakemake.params.task,
        options=snakemake.params.options,
        predictions=source.predictions,
        choice_predictions=source.choice_predictions,
        classes=snakemake.params.classes,
        data=read_data(source.index, source.classes, source.crops, source.parts),
        seed=snakemake.params.seed,
        device=snakemake.resources.device,
        output=snakemake.output.cam,
    )
