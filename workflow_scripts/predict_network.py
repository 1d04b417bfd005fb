"""Predict every image and view with a network."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.evaluation.predict import predict_network
    from scenessl.training.data import read_data

    source = snakemake.input
    predict_network(
        task=snakemake.params.task,
        options=snakemake.params.options,
        seed=int(snakemake.wildcards.seed),
        model=source.weights,
        data=read_data(source.index, source.classes, source.crops, source.parts),
        device=snakemake.resources.device,
        output=snakemake.output.predictions,
    )
