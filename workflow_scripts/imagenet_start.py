"""Write the ImageNet backbone as safetensors."""

from scenessl.joblog import job
from scenessl.models.imagenet import write_imagenet_start

with job(snakemake.log[0]):
    write_imagenet_start(snakemake.output.start, snakemake.resources.weights_file or None)
