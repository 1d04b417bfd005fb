"""Draw the validation part of a seed."""

from scenessl.data.parts import write_parts
from scenessl.joblog import job
from scenessl.study.keys import renew_key

with job(snakemake.log[0]):
    write_parts(
        index=snakemake.input.index,
        parts=snakemake.output.parts,
        share=snakemake.params.share,
        seed=int(snakemake.wildcards.seed),
    )
    renew_key(snakemake.output.key)
