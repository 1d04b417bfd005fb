"""Score and pick the filters of one model."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.explain.filters import write_filters

    write_filters(
        model=snakemake.input.weights,
        layers=snakemake.params.layers,
        shown=snakemake.params.shown,
        output=snakemake.output.filters,
    )
