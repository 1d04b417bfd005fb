"""Show a few training images as each pretext task shows them."""

from scenessl.joblog import job

with job(snakemake.log[0]):
    from scenessl.explain.samples import write_samples
    from scenessl.training.data import read_data

    source, asked = snakemake.input, snakemake.params
    data = read_data(source.index, None, source.crops, source.parts)
    for (task, options), output in zip(asked.tasks.items(), snakemake.output.samples, strict=True):
        write_samples(task=task, options=options, data=data, seed=asked.seed, output=output)
