"""Compute the features of every image once."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.data.parts import read_splits
    from scenessl.training.features import write_features
    from scenessl.training.state import resumable

    source, asked, granted = snakemake.input, snakemake.params, snakemake.resources
    facts = dict(asked.items()) | {"threads": granted.compute_threads, "data": source.crops_key}
    with resumable(asked.state, facts, [source.start]) as state:
        write_features(
            start=source.start,
            start_epoch=asked.epoch,
            crops=source.crops,
            mirrored=read_splits(source.index)["train"] if asked.mirrored else [],
            device=granted.device,
            state=state,
            output=snakemake.output.features,
        )
