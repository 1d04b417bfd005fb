"""Draw the test accuracy of the probes by block."""

from scenessl.figures.probes import draw
from scenessl.files import read_json
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        probes=snakemake.input.probes,
        classes=len(read_json(snakemake.input.classes)["classes"]),
        output=snakemake.output.figure,
    )
