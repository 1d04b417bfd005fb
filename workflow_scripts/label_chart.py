"""Draw test accuracy against the number of labels."""

from scenessl.figures.label_efficiency import draw
from scenessl.files import read_json
from scenessl.joblog import job

with job(snakemake.log[0]):
    draw(
        accuracies=snakemake.input.accuracies,
        classes=len(read_json(snakemake.input.classes)["classes"]),
        output=snakemake.output.figure,
    )
