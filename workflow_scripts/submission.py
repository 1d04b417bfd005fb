"""Pack the submission."""

from pathlib import Path

from scenessl.joblog import job
from scenessl.report.archive import write_archive

with job(snakemake.log[0]):
    write_archive(
        snakemake.output.zip,
        project=Path.cwd(),
        root=snakemake.params.root,
        place=snakemake.params.root,
        report=snakemake.input.pdf,
    )
