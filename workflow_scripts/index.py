"""List, hash and decode every image once, and audit what was found."""

from scenessl.data.index import write_index
from scenessl.joblog import job

with job(snakemake.log[0]):
    write_index(
        root=snakemake.input.get("drawn") or snakemake.params.root,
        kind=snakemake.params.kind,
        **dict(snakemake.output.items()),
    )
