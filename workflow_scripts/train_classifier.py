"""Train a new classifier on frozen features."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.training.data import read_data
    from scenessl.training.events import events
    from scenessl.training.frozen import train_classifier
    from scenessl.training.state import resumable

    source, asked, threads = snakemake.input, snakemake.params, snakemake.resources.compute_threads
    seed = int(snakemake.wildcards.seed)
    facts = dict(asked.items()) | {"seed": seed, "threads": threads, "data": [source.crops_key, source.parts_key]}
    with resumable(asked.state, facts, [source.start]) as state, events(snakemake.log[0]) as watch:
        train_classifier(
            settings=asked.settings,
            seed=seed,
            start=source.start,
            start_epoch=asked.epoch,
            features=source.features,
            data=read_data(source.index, source.classes, source.crops, source.parts),
            state=state,
            outputs=dict(snakemake.output.items()),
            watch=watch,
        )
