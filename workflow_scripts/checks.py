"""Check the finished study."""

from scenessl.joblog import job
from scenessl.report.deliverables import check_deliverables

with job(snakemake.log[0]):
    check_deliverables(
        snakemake.output.checks,
        deliverables={"figures": snakemake.input.figures, "tables": snakemake.input.tables},
        root=snakemake.params.root,
        pdf=snakemake.input.pdf,
        page=snakemake.input.page,
        templates="templates",
        archive=next(iter(snakemake.input.get("zip", [])), None),
    )
