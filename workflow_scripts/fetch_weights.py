"""Download torchvision's ImageNet weights unless they are there."""

from scenessl.data.download import fetch_imagenet
from scenessl.joblog import job

with job(snakemake.log[0]):
    fetch_imagenet(folder=snakemake.resources.folder, record=snakemake.output.record)
