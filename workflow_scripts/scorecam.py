"""Make the Score-CAM maps of one model."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.explain.maps import write_maps
    from scenessl.training.state import resumable

    source, asked, granted = snakemake.input, snakemake.params, snakemake.resources
    pretext = [source.pretext] if source.pretext else []
    facts = dict(asked.items()) | {"threads": granted.compute_threads, "data": source.crops_key}
    with resumable(asked.state, facts, [source.weights, source.choice, *pretext]) as state:
        write_maps(
            weights=source.weights,
            pretext=source.pretext or None,
            choice=source.choice,
            crops=source.crops,
            layers=asked.layers,
            variant=asked.variant,
            switches=asked.switches,
            batch=granted.batch or None,
            device=granted.device,
            state=state,
            output=snakemake.output.maps,
        )
