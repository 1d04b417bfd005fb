"""Render the report."""

from scenessl.joblog import job
from scenessl.report.render import write_report

with job(snakemake.log[0]):
    write_report(snakemake.params.root, "templates", snakemake.output.pdf)
