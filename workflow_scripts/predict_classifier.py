"""Predict every image with a classifier on frozen features."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.evaluation.predict import predict_classifier
    from scenessl.training.data import read_data

    source = snakemake.input
    predict_classifier(
        model=source.weights,
        features=source.features,
        data=read_data(source.index, source.classes, None, source.parts),
        output=snakemake.output.predictions,
    )
