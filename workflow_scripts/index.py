"""List, hash and decode every image once, and audit what was found."""

from scenessl.data.index import write_index
from scenessl.joblog import job
from scenessl.study.keys import renew_key

with job(snakemake.log[0]):
    made = dict(snakemake.output.items())
    key = made.pop("key")
    write_index(
        root=snakemake.input.get("drawn") or snakemake.params.root,
        kind=snakemake.params.kind,
        unreadable=snakemake.params.unreadable,
        workers=snakemake.threads,
        **made,
    )
    renew_key(key)
