"""Map test images of one model into the plane by t-SNE."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.explain.embedding import write_embedding
    from scenessl.training.data import read_data

    source, asked = snakemake.input, snakemake.params
    write_embedding(
        features=source.features,
        data=read_data(source.index, None, None, source.parts),
        counts=asked.counts,
        perplexity=asked.perplexity,
        seed=asked.seed,
        output=snakemake.output.embedding,
    )
