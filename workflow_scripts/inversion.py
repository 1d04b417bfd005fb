"""Make images that excite the chosen filters of one model, and ask these filters about real images."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.explain.inverted import write_inversion
    from scenessl.training.state import resumable

    source, asked, granted = snakemake.input, snakemake.params, snakemake.resources
    facts = dict(asked.items()) | {"threads": granted.compute_threads, "data": source.crops_key}
    with resumable(asked.state, facts, [source.weights, source.reference]) as state:
        write_inversion(
            weights=source.weights,
            reference=source.reference,
            index=source.index,
            crops=source.crops,
            settings=asked.settings,
            tasks=asked.tasks,
            seed=asked.seed,
            device=granted.device,
            state=state,
            output=snakemake.output.inversion,
        )
