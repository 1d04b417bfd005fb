"""Train all layers of one model with one seed."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.training.data import read_data
    from scenessl.training.events import events
    from scenessl.training.network import train_network
    from scenessl.training.precision import resolved
    from scenessl.training.state import resumable

    source, asked, threads = snakemake.input, snakemake.params, snakemake.resources.compute_threads
    seed = int(snakemake.wildcards.seed)
    settings = resolved(asked.settings, source.get("precision"))
    keys = [source.crops_key, source.parts_key]
    facts = dict(asked.items()) | {"settings": settings, "seed": seed, "threads": threads, "data": keys}
    with resumable(asked.state, facts, [source.start]) as state, events(snakemake.log[0]) as watch:
        train_network(
            task=asked.task,
            options=asked.options,
            settings=settings,
            seed=seed,
            start=source.start,
            start_epoch=asked.epoch,
            data=read_data(source.index, source.classes, source.crops, source.parts),
            state=state,
            device=snakemake.resources.device,
            outputs=dict(snakemake.output.items()),
            watch=watch,
        )
