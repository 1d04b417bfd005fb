"""Make the Score-CAM maps of one model."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.explain.maps import write_maps

    write_maps(
        weights=snakemake.input.weights,
        choice=snakemake.input.choice,
        crops=snakemake.input.crops,
        layers=snakemake.params.layers,
        variant=snakemake.params.variant,
        batch=snakemake.resources.batch or None,
        device=snakemake.resources.device,
        state=snakemake.params.state,
        code=snakemake.params.code,
        output=snakemake.output.maps,
    )
