"""Check that torchvision's CIFAR-10 is there; download it if that is allowed."""

from scenessl.data.download import fetch_cifar10
from scenessl.joblog import job

with job(snakemake.log[0]):
    fetch_cifar10(folder=snakemake.params.folder, download=snakemake.params.download, record=snakemake.output.record)
