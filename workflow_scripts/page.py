"""Make the page."""

from scenessl.joblog import job
from scenessl.page.assemble import write_page

with job(snakemake.log[0]):
    write_page(snakemake.params.root, "templates", snakemake.output.html)
