"""Train a network with each of some settings replaced."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.training.data import read_data
    from scenessl.training.precision import resolved
    from scenessl.training.state import resumable
    from scenessl.training.trials import try_network

    source, asked, threads = snakemake.input, snakemake.params, snakemake.resources.compute_threads
    settings = resolved(asked.settings, source.get("precision"))
    keys = [source.crops_key, source.parts_key]
    facts = dict(asked.items()) | {"settings": settings, "threads": threads, "data": keys}
    with resumable(asked.state, facts, [source.start]) as state:
        try_network(
            task=asked.task,
            options=asked.options,
            settings=settings,
            trials=asked.trials,
            inputs=asked.inputs,
            epochs=asked.epochs,
            validation=asked.validation,
            seed=asked.seed,
            start=source.start,
            start_epoch=asked.epoch,
            data=read_data(source.index, source.classes, source.crops, source.parts),
            state=state,
            device=snakemake.resources.device,
            output=snakemake.output.trials,
        )
