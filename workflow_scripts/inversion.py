"""Make images that excite the chosen filters of one model."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.data.crops import Crops, normalise
    from scenessl.data.parts import read_splits
    from scenessl.explain.ascent import Ascent
    from scenessl.explain.inversion import invert
    from scenessl.explain.progress import write_arrays
    from scenessl.models.device import choose_device
    from scenessl.models.network import rebuild

    settings = dict(snakemake.params.settings)
    filters = settings.pop("filters")
    found = invert(
        rebuild(snakemake.input.weights),
        Crops(snakemake.input.crops).array,
        read_splits(snakemake.input.index)["test"],
        normalise,
        Ascent(**settings),
        filters=filters,
        seed=snakemake.params.seed,
        device=choose_device(snakemake.resources.device),
    )
    write_arrays(snakemake.output.inversion, found)
