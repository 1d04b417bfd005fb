"""Choose the test images that all compared models classify rightly."""

from scenessl.explain.choice import write_choice
from scenessl.joblog import job

with job(snakemake.log[0]):
    write_choice(
        predictions=dict(zip(snakemake.params.models, snakemake.input.predictions, strict=True)),
        index=snakemake.input.index,
        output=snakemake.output.choice,
        wanted=snakemake.params.wanted,
        sampled=snakemake.params.sampled,
        seed=snakemake.params.seed,
    )
