"""Make images that excite the chosen filters of one model."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.data.crops import Crops, normalise
    from scenessl.data.parts import read_splits
    from scenessl.explain.arrays import write_arrays
    from scenessl.explain.ascent import Ascent
    from scenessl.explain.inversion import invert
    from scenessl.models.device import choose_device
    from scenessl.models.network import rebuild
    from scenessl.training.state import resumable

    source, asked, threads = snakemake.input, snakemake.params, snakemake.resources.compute_threads
    facts = dict(asked.items()) | {"threads": threads, "data": source.crops_key}
    settings = dict(asked.settings)
    filters = settings.pop("filters")
    with resumable(asked.state, facts, [source.weights]) as state:
        found = invert(
            rebuild(source.weights),
            Crops(source.crops).array,
            read_splits(source.index)["test"],
            normalise,
            Ascent(**settings),
            filters=filters,
            seed=asked.seed,
            device=choose_device(snakemake.resources.device),
            state=state,
        )
        write_arrays(snakemake.output.inversion, found)
