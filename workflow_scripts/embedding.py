"""Map test images as every model sees them into the plane by t-SNE."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.explain.embedding import write_embedding
    from scenessl.training.data import read_data

    source, asked = snakemake.input, snakemake.params
    data = read_data(source.index, None, None, source.parts)
    for features, output in zip(source.features, snakemake.output.embeddings, strict=True):
        write_embedding(
            features=features,
            data=data,
            counts=asked.counts,
            perplexity=asked.perplexity,
            seed=asked.seed,
            output=output,
        )
