"""Find the nearest train images of the test images in every model's features."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.explain.neighbours import write_neighbours
    from scenessl.training.data import read_data

    source, asked = snakemake.input, snakemake.params
    data = read_data(source.index, source.classes, None, source.parts)
    for features, output in zip(source.features, snakemake.output.neighbours, strict=True):
        write_neighbours(
            features=features,
            data=data,
            images=asked.images,
            neighbours=asked.neighbours,
            seed=asked.seed,
            output=output,
        )
