"""Draw the test accuracies of all scene models, and the reliability of their probabilities."""

from scenessl.figures import accuracy, reliability
from scenessl.files import read_json
from scenessl.joblog import job

with job(snakemake.log[0]):
    accuracy.draw(
        accuracies=snakemake.input.accuracies,
        classes=len(read_json(snakemake.input.classes)["classes"]),
        output=snakemake.output.figure,
    )
    reliability.draw(
        reliability=snakemake.input.reliability,
        accuracies=snakemake.input.accuracies,
        output=snakemake.output.diagrams,
    )
