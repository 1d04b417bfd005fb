"""Draw accuracy, similarity and weight distance along the pretexts."""

from scenessl.figures.trajectory import draw
from scenessl.files import read_json
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        trajectory=snakemake.input.trajectory,
        similarity=snakemake.input.similarity,
        classes=len(read_json(snakemake.input.classes)["classes"]),
        output=snakemake.output.figure,
    )
