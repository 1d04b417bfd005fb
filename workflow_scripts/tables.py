"""Compute every table from the stored predictions and histories."""

from pathlib import Path

from scenessl.evaluation.tables import write_tables
from scenessl.joblog import job

with job(snakemake.log[0]):
    write_tables(snakemake.params.root, snakemake.params.published, Path(snakemake.output.tables[0]).parent)
