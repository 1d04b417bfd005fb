"""Make the page of what is there so far."""

from scenessl.joblog import job
from scenessl.page.assemble import write_page

with job(snakemake.log[0]):
    missing = write_page(snakemake.params.root, "templates", snakemake.params.html, draft=True)
    print(f"{snakemake.params.html} is a draft; {len(missing)} parts are not there yet:", *missing, sep="\n  ")
