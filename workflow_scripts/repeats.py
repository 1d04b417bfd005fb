"""Train the classifiers of frozen models anew with further seeds."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.training.data import read_data
    from scenessl.training.repeats import write_repeats
    from scenessl.training.state import resumable

    source, asked, threads = snakemake.input, snakemake.params, snakemake.resources.compute_threads
    facts = dict(asked.items()) | {"threads": threads, "data": [source.parts_key]}
    with resumable(asked.state, facts, source.features) as state:
        write_repeats(
            settings=asked.settings,
            features=dict(zip(asked.settings, source.features, strict=True)),
            data=read_data(source.index, source.classes, None, source.parts),
            seeds=asked.seeds,
            state=state,
            output=snakemake.output.predictions,
        )
