"""Train a classifier on cached features with each of some settings replaced."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.training.data import read_data
    from scenessl.training.state import resumable
    from scenessl.training.trials import try_classifier

    source, asked, threads = snakemake.input, snakemake.params, snakemake.resources.compute_threads
    facts = dict(asked.items()) | {"threads": threads, "data": [source.parts_key]}
    with resumable(asked.state, facts, [source.features]) as state:
        try_classifier(
            settings=asked.settings,
            trials=asked.trials,
            validation=asked.validation,
            seed=asked.seed,
            features=source.features,
            data=read_data(source.index, source.classes, None, source.parts),
            state=state,
            output=snakemake.output.trials,
        )
