"""Find the nearest train images of the test images in one model's features."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.explain.neighbours import write_neighbours
    from scenessl.training.data import read_data

    source, asked = snakemake.input, snakemake.params
    write_neighbours(
        features=source.features,
        data=read_data(source.index, source.classes, None, source.parts),
        images=asked.images,
        neighbours=asked.neighbours,
        seed=asked.seed,
        output=snakemake.output.neighbours,
    )
