"""Print how long the study will take on this machine."""

from scenessl.joblog import job

with job(snakemake.log[0], snakemake.resources.compute_threads):
    from scenessl.estimate.prediction import write_estimate

    asked = snakemake.params
    lines = write_estimate(
        published=asked.published,
        root=asked.root,
        drawn=asked.drawn,
        results=asked.results,
        threads=snakemake.resources.compute_threads,
        cores=asked.cores,
        device=snakemake.resources.device,
        output=asked.output,
    )
    print(lines)
