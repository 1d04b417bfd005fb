"""Render what is there so far."""

from scenessl.joblog import job
from scenessl.report.render import write_report

with job(snakemake.log[0]):
    missing = write_report(snakemake.params.root, "templates", snakemake.params.pdf, draft=True)
    print(f"{snakemake.params.pdf} is a draft; {len(missing)} parts are not there yet:", *missing, sep="\n  ")
