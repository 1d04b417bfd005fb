"""Compute every table from the stored predictions and histories."""

from pathlib import Path

import yaml

from scenessl.evaluation.tables import write_tables
from scenessl.joblog import job

with job(snakemake.log[0]):
    published = yaml.safe_load(Path(snakemake.input.published).read_text(encoding="utf-8"))
    write_tables(snakemake.params.root, published, Path(snakemake.output.tables[0]).parent)
